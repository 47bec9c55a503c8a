/*
 * cost.h - what a layer's integers take in a coded file: a model of the coder that can be differentiated.
 *
 * The coder learns how dense each filter (row) and each input (column) is, and codes of a weight whether it
 * is 0, then its sign, then its magnitude. With d a layer's density, and r, c those of the weight's row and
 * column, this model takes for the first of these
 *
 *     logit P(q != 0) = logit r + logit c - logit d,
 *
 * in a kernel of several positions drawn half of the way towards what the kernel's own density says; 1 bit
 * for the sign; and for the magnitude what the histogram of |q| says. Training (src/train) makes the integers
 * cheaper by following its slope: the bits that a unit of |w| / step more would cost.
 */
#ifndef SNED_CODEC_COST_H
#define SNED_CODEC_COST_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { COST_MAGNITUDES = 24 }; /* told apart; larger ones cost as much as the last */

/* Of integers [filters][channels][positions]: a Conv's kernel has R S positions; the inputs of a Gemm behind
 * a Flatten are grouped by the channel that they come from. */
struct layer_cost {
    size_t filters, channels, positions;
    double bits;         /* of all integers, as of the last sned_cost_update */
    float density;       /* as a logit; so are all that follow */
    size_t live_filters; /* of these, those that are not all 0 */
    float *rows;         /* [filters] */
    float *columns;      /* [channels][positions], less that of the layer */
    float *kernels;      /* [filters][channels], to be added to the two; NULL where there is one position */
    float magnitudes[COST_MAGNITUDES]; /* bits of |q| = 1, 2, ...; never falling */
    float steps[COST_MAGNITUDES];      /* from |q| = i to i + 1 for i > 0; the last holds for all above */
};

sned_status sned_cost_new(struct layer_cost *cost, size_t filters, size_t channels, size_t positions,
                          sned_error *error);
void sned_cost_free(struct layer_cost *cost);

/* Takes the densities and magnitudes of integers [filters][channels][positions], and counts their bits. */
sned_status sned_cost_update(struct layer_cost *cost, const int8_t *integers, sned_error *error);

/* slopes [count]: bits for a unit of |x|, at x = w / step [count], the weights of row `filter` from column
 * `first` on. Below 1 what it costs to become non-zero, sign and magnitude included (0.3 to 14 bits); from 1
 * on the step to the next magnitude (0.1 to 3 bits). */
void sned_cost_slopes(const struct layer_cost *cost, size_t filter, size_t first, size_t count,
                      const float *x, float *slopes);

#endif
