/*
 * micro_kernels.h - what a row of bench/micro_kernels is: a piece of a layer, and a call of a micro-kernel on
 * it.
 *
 *     micro_kernels.c    the rows; dense and sparse quads and fully connected rows, whose lists are drawn
 *     micro_layers.c     kernels whose lists are more than random numbers: the runtime makes them of a layer
 */
#ifndef SNED_BENCH_MICRO_KERNELS_H
#define SNED_BENCH_MICRO_KERNELS_H

#include "base/random.h"
#include "runtime/rows/spans.h"

/* A layer: a convolution's planes are `width` wide, padding included, and a call does `pixels` of them. Of a
 * fully connected layer `channels` are the inputs and `pixels` the rows. Of one that the runtime lists
 * `width` is the side of its image, around which are kernel / 2 pixels of padding, and `filters` are all. */
struct piece {
    const char *name;
    int channels, kernel, width, pixels;
    int filters; /* that share taps; 0: as many as the column takes */
    double density;
    int stride; /* of those that the runtime lists */
};

/* A call of a micro-kernel, with all that it reads. */
struct call {
    const struct micro_kernels *micro;
    const struct piece *piece;
    size_t products, weight_bytes;
    int32_t *sums;
    uint8_t *input;
    uint32_t *offsets; /* of taps; of rows: where each begins */
    int8_t *weights;   /* or values */
    uint64_t *masks;   /* of rows */
    uint16_t *columns; /* of rows */
    int16_t *wide;     /* the input of listed rows */
    struct quad_list list;
    struct span_list spans;
    void *steps;         /* of spans */
    struct layer *layer; /* micro_layers.c */
};

/* A micro-kernel: how its call is made ready and made. */
struct bench_kernel {
    const char *name;
    bool (*is_had)(const struct micro_kernels *micro); /* NULL: by every column */
    sned_status (*prepare)(struct call *call, struct random *random, sned_error *error);
    void (*run)(const struct call *call);
};

/* Any weight but 0, and small enough for every column's pair_limit. */
static inline int8_t draw_weight(struct random *random)
{
    const int magnitude = 1 + (int)sned_random_below(random, 63);
    return (int8_t)(sned_random_below(random, 2) ? magnitude : -magnitude);
}

/* ---- micro_layers.c ---- */

extern const struct bench_kernel bench_shared, bench_filter_lanes, bench_sliding, bench_depthwise;
void bench_layer_free(struct layer *layer);

#endif
