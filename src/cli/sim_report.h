/*
 * sim_report.h - what sned sim ran and found, and how it is told.
 */
#ifndef SNED_CLI_SIM_REPORT_H
#define SNED_CLI_SIM_REPORT_H

#include "accel/driver/driver.h"
#include "cli/common/session.h"

/* Everything that a simulation needs and gives. Blocks and elements are one behind the other, for each image
 * and of one image for each output of the program. */
struct sim {
    const struct options *options;
    const struct accel_config *config;
    struct accel_program program;
    struct session session;
    sned_context *keep;   /* the runtime with all its activations */
    size_t images, count; /* pictures; elements of all outputs of each */
    int *classes;         /* [images]: of the best score at the end */
    uint8_t *inputs, *outputs, *golden;
    int16_t *expected;
    uint64_t cycles, bytes, latency; /* latency: cycles from the first picture's load to its results */
    int64_t *busy;                   /* [layers]: cycles of the unit that works on it */
    struct accel_counters *counters; /* [layers] */
    bool *exact;                     /* [outputs] */
};

bool sim_is_exact(const struct sim *sim); /* all outputs are */
sned_status sim_report_json(const struct sim *sim, sned_error *error);
sned_status sim_report_text(const struct sim *sim, sned_error *error);

#endif
