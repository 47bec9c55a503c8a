/*
 * driver.h - runs programs on an accelerator, wherever that is: the same code for a board and for the
 * simulation.
 *
 * What differs is a transport: registers, a piece of memory that the accelerator reads and writes, and a way
 * to wait for the interrupt.
 */
#ifndef SNED_ACCEL_DRIVER_DRIVER_H
#define SNED_ACCEL_DRIVER_DRIVER_H

#include "accel/program/program.h"

struct accel_transport {
    void *context;
    uint64_t base; /* the memory's address as the accelerator sees it, a multiple of 4096 */
    size_t size;   /* bytes */
    sned_status (*read_register)(void *context, int offset, uint32_t *value, sned_error *error);
    sned_status (*write_register)(void *context, int offset, uint32_t value, sned_error *error);
    /* `offset` from the memory's beginning. */
    sned_status (*read_memory)(void *context, size_t offset, void *data, size_t size, sned_error *error);
    sned_status (*write_memory)(void *context, size_t offset, const void *data, size_t size,
                                sned_error *error);
    /* Returns when the interrupt is there; an error where it does not come in bounded time. */
    sned_status (*wait)(void *context, sned_error *error);
};

/* Bytes of memory that a program needs for `images` images, a multiple of program->images. */
size_t driver_memory(const struct accel_program *program, size_t images);

/*
 * Runs `images` images, a multiple of program->images: inputs [images][program->input.bytes], outputs
 * [images][program->output_bytes]. *cycles: from the start to the interrupt. SNED_ERROR_UNSUPPORTED where the
 * program is of another configuration, naming both; SNED_ERROR_DATA where the accelerator stops with an
 * error. After that, and where wait() fails, the accelerator is reset and asks nothing of memory any more.
 */
sned_status driver_run(const struct accel_transport *transport, const struct accel_program *program,
                       const uint8_t *inputs, size_t images, uint8_t *outputs, uint64_t *cycles,
                       sned_error *error);

/* What the units did for one layer in the last run, all its images together. */
struct accel_counters {
    uint64_t conv, vector, fc; /* cycles of each unit */
    /* Lane-cycles, together conv x lanes less those in which a lane had nothing left to do. */
    uint64_t issued;      /* an entry was multiplied */
    uint64_t weights;     /* none was there */
    uint64_t activations; /* its half-tile was not filled */
    uint64_t drain;       /* adders or collector could not take a round */
    uint64_t headers;     /* a pair's header was read */
    uint64_t words;       /* of DDR_WORD bytes, loaded for the layer */
};

/* All 0 for layers from ACCEL_COUNTED_LAYERS on. */
sned_status driver_counters(const struct accel_transport *transport, int layer,
                            struct accel_counters *counters, sned_error *error);

#endif
