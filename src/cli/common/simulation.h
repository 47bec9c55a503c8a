/*
 * simulation.h - the simulated accelerator: a library of sim/build's, found and opened; and its activity as a
 * picture.
 */
#ifndef SNED_CLI_COMMON_SIMULATION_H
#define SNED_CLI_COMMON_SIMULATION_H

#include "accel/driver/sim.h"

struct simulation {
    void *library; /* of dlopen */
    const struct sim_library *calls;
    void *state;
    struct accel_transport transport;
};

/* Looks in $SNED_SIM, or else in the build that the executable belongs to; SNED_ERROR_UNSUPPORTED says how to
 * make it where it is nowhere. */
sned_status simulation_open(struct simulation *simulation, const struct accel_config *config,
                            const struct sim_options *options, sned_error *error);
void simulation_close(struct simulation *simulation);

/* What each unit did when, as an SVG file. */
sned_status timeline_write(const char *path, const struct accel_program *program,
                           const struct sim_event *events, size_t count, sned_error *error);

#endif
