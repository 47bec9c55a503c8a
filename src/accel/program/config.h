/*
 * config.h - the accelerator's parameter sets: what rtl/ is built with, the compiler places for, the cycle
 * model counts.
 */
#ifndef SNED_ACCEL_PROGRAM_CONFIG_H
#define SNED_ACCEL_PROGRAM_CONFIG_H

#include "base/error.h"

#include <stdint.h>

/* A DSP multiplies one activation with a pair of weights at once, (w1 << 19) + w0, and adds up to 8 products:
 * 8 x 127 x 255 is below 2^18, so the lower sum never disturbs more than one bit of the upper
 * (docs/accelerator.md). */
enum { ACCEL_ROUND = 8 };

struct accel_config {
    const char *name;
    const char *device;
    int clock_mhz; /* assumed */

    /* Conv lanes. A lane works on a pair of filters and `pixels` neighbouring pixels. */
    int lanes, pixels;
    int half_rows; /* rows of a lane's tile that are filled while the other half is read */
    int slots;     /* pairs whose partial sums a lane holds */
    int drain;   /* pixels that share the adders behind their DSPs: cycles to empty a round, <= ACCEL_ROUND */
    int waiting; /* finished pairs that wait in a lane for the collector */
    int table_rows;   /* of the feeder's table: one half serves a Conv while the other is loaded */
    int table_pairs;  /* of a lane's part of its collector's table; halves, too */
    int stream_words; /* of a lane's stream buffer, STREAM_ITEMS items each; halves, too */
    /* Each takes the pairs of lanes / collectors lanes, in `drain` cycles a pair; 0: sums always leave. */
    int collectors;

    int line_bytes; /* of the activation memory's four banks */
    int vector;     /* multipliers of the vector unit: averages a cycle */
    int lrn;        /* LRN: numbers a cycle */
    int sums;       /* results of a sum in two cycles */
    int fc_lanes;   /* weights a cycle, of all ports */
    int fc_ports;   /* of DDR: 1, 2 or 4 */
    int fc_rows;    /* outputs of a lane: those of a Gemm are fc_lanes * fc_rows at most */
    int read_beats; /* of 16 bytes, that wait in a read port of DDR: a power of two, 16 or more */

    int64_t activation_bytes; /* on chip: a power of two */
    double ddr_bytes;         /* to and from DDR a cycle: assumed 80 % of the memory's peak */
};

/* A word of 16 bytes holds so many items of a stream. */
enum { STREAM_ITEMS = 5 };

/* Headers and entries of a stream at most: half of the buffer, but for the word that says how many. */
static inline int accel_stream_items(const struct accel_config *config)
{
    return (config->stream_words / 2 - 1) * STREAM_ITEMS;
}

/* SNED_ERROR_ARGUMENT lists the names. */
sned_status accel_config_find(const struct accel_config **config, const char *name, sned_error *error);

#endif
