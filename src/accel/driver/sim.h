/*
 * sim.h - the simulation as a library: sim/build makes one for each configuration, and `sned sim` loads it.
 *
 * It is the Verilated RTL behind the driver's transport, with a DDR model (sim/ddr.h) and a record of what
 * each unit did when.
 */
#ifndef SNED_ACCEL_DRIVER_SIM_H
#define SNED_ACCEL_DRIVER_SIM_H

#include "accel/driver/driver.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SIM_INTERFACE = 3, SIM_UNITS = 5 };

struct sim_options {
    size_t memory;          /* bytes of DDR */
    int latency;            /* cycles from a burst's address to its first beat */
    double bytes_per_cycle; /* of all ports together */
    int stalls;             /* percent of the cycles in which a channel holds back, at random */
    uint64_t seed;
    const char *trace; /* an FST file to write, or NULL */
};

/* A unit's work on one descriptor. */
struct sim_event {
    int unit, layer;
    uint64_t begin, end; /* cycles */
};

struct sim_library {
    int interface; /* SIM_INTERFACE: checked by who loads it */
    const char *config;
    bool traces; /* it can write FST files */
    /* NULL where memory is out. */
    void *(*open)(const struct sim_options *options, struct accel_transport *transport);
    void (*close)(void *simulation);
    /* Those so far, in the order of their ends; valid until the next run. */
    const struct sim_event *(*events)(const void *simulation, size_t *count);
    uint64_t (*bytes)(const void *simulation); /* to and from DDR so far */
};

/* The one symbol of the library. */
extern const struct sim_library sned_simulation;

#ifdef __cplusplus
}
#endif

#endif
