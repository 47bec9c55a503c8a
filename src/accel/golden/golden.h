/*
 * golden.h - the golden model: what the accelerator computes from a program, bit for bit and without time.
 *
 * It trusts nothing of the program: what would make the hardware stop with an error is SNED_ERROR_DATA and
 * names the descriptor.
 */
#ifndef SNED_ACCEL_GOLDEN_GOLDEN_H
#define SNED_ACCEL_GOLDEN_GOLDEN_H

#include "accel/program/program.h"
#include "accel/program/table.h"

/* What the hardware holds between descriptors. */
struct golden {
    const struct accel_program *program;
    uint8_t *memory;          /* [config->activation_bytes] */
    struct table_row *rows;   /* [table_rows] */
    struct table_pair *pairs; /* [lanes][table_pairs] */
    uint32_t *streams;        /* [lanes][stream_words * STREAM_ITEMS] */
    uint16_t lrn[LRN_TABLE_SIZE];
    int tokens[CODE_COUNT][CODE_COUNT]; /* [from][to] */
    const uint8_t *input;
    uint8_t *output;
};

/* The list's images: input [images][program->input.bytes], output [images][program->output_bytes]. */
sned_status golden_run(const struct accel_program *program, const uint8_t *input, uint8_t *output,
                       sned_error *error);

/* The units (conv.c, vector.c, gemm.c). */
sned_status golden_conv(struct golden *g, const struct conv_work *work, sned_error *error);
sned_status golden_vector(struct golden *g, const struct vector_work *work, sned_error *error);
sned_status golden_gemm(struct golden *g, const struct fc_work *work, sned_error *error);

/* floor(value multiplier / 2^shift + 1/2) within low and high: docs/arithmetic.md. */
static inline int64_t golden_scale(int64_t value, int shift, int64_t low, int64_t high)
{
    const int64_t rounded = (value + ((int64_t)1 << (shift - 1))) >> shift;
    return rounded < low ? low : rounded > high ? high : rounded;
}

#endif
