/*
 * layer.h - one group of a random Conv as the array of lanes takes it, and the sums that it must give: for
 * the C++ of Verilator's harnesses.
 */
#ifndef SNED_TESTS_RTL_LAYER_H
#define SNED_TESTS_RTL_LAYER_H

#include "accel/program/config.h"
#include "accel/program/descriptor.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rtl_row {
    int channel, shift, columns; /* sned_feeder's row table */
};

/* A pair in its lane's table: filters, and where their channels begin. */
struct rtl_pair {
    int used[2], upper[2], shift[2], multiplier[2], bias[2], channel[2];
    int ends;
};

struct rtl_layer {
    int is_signed;
    int base, limit, pitch, width, passes, tiles, halves, last_rows, row_count;
    struct rtl_row *rows; /* [row_count] */
    uint8_t *memory;      /* activations, room for the outputs behind them */
    size_t memory_size;
    int bins;                              /* lane + pass * lanes */
    uint32_t **items;                      /* [bins] */
    size_t *counts;                        /* [bins] */
    int32_t **sums;                        /* [bins]: of each tile, each pair: [2][pixels] */
    size_t *sum_pairs;                     /* [bins]: of one tile */
    long model_cycles, model_cycles_alone; /* alone: without collectors */
    struct rtl_pair **pairs;               /* [bins]: [sum_pairs] */
    int low, high, out_limit;
    uint8_t *expected; /* [memory_size]: the memory afterwards */
};

/* The same for a seed. Kernels 1 to 11. `pixels` of memory beyond what the layer needs may be read. */
void rtl_layer_make(struct rtl_layer *layer, uint64_t seed, const struct accel_config *config);
/* The descriptor of a pass over `tiles` tiles from `first` on. Tables and streams lie at the beginning. */
void rtl_layer_describe(uint8_t descriptor[DESCRIPTOR_BYTES], const struct rtl_layer *layer, int pass, int first,
                        int tiles, const struct accel_config *config);
void rtl_layer_free(struct rtl_layer *layer);

#ifdef __cplusplus
}
#endif

#endif
