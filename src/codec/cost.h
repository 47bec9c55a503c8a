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
 *
 * Where zeros come in blocks (graph/blocks.h) all of that is about blocks: r and c are the densities of rows
 * and columns of blocks that are not all 0. The weights of such a block cost a flag each, is it 0, at the
 * density that they have there, and sign and magnitude. A block has the size |x| = sqrt(mean x^2), and
 * what it costs as a whole grows with that, to all of it at 1 (a group lasso, Yuan and Lin 2006, that ends
 * there):
 *
 *       0 ......... |block| ......... 1 ............................
 *       a weight: its part of the block,    each by itself: becoming non-zero
 *       x / |block| of the mean weight's    in a block that is there, and magnitude
 */
#ifndef SNED_CODEC_COST_H
#define SNED_CODEC_COST_H

#include "graph/blocks.h"

#include <stddef.h>
#include <stdint.h>

enum { COST_MAGNITUDES = 24 }; /* told apart; larger ones cost as much as the last */

/* Of integers [filters][channels][positions]: a Conv's kernel has R S positions; the inputs of a Gemm behind
 * a Flatten are grouped by the channel that they come from. */
struct layer_cost {
    struct block_grid grid;
    bool balanced; /* all filters are to have as many non-zeros: a full one pays what it would save */
    size_t rows_of_blocks, channels_of_blocks;
    double bits;         /* of all integers, as of the last sned_cost_update */
    size_t live_filters; /* of these, those that are not all 0 */
    float density;       /* of blocks that are not all 0, as a logit; so are the next three */
    float *rows;         /* [rows_of_blocks] */
    float *columns;      /* [channels_of_blocks][positions], less that of the layer */
    float *kernels;      /* [rows_of_blocks][channels_of_blocks], to be added to the two; NULL where there
                                is one position */
    float weight,
        non_zero; /* bits of a weight in a block that is not all 0; of its becoming non-zero there */
    float magnitudes[COST_MAGNITUDES]; /* bits of |q| = 1, 2, ...; never falling */
    float steps[COST_MAGNITUDES];      /* from |q| = i to i + 1 for i > 0; the last holds for all above */
};

sned_status sned_cost_new(struct layer_cost *cost, const struct block_grid *grid, bool balanced,
                          sned_error *error);
void sned_cost_free(struct layer_cost *cost);

/* Takes the densities and magnitudes of integers [filters][channels][positions], and counts their bits. */
sned_status sned_cost_update(struct layer_cost *cost, const int8_t *integers, sned_error *error);

static inline bool cost_has_blocks(const struct layer_cost *cost)
{
    return cost->grid.height * cost->grid.width > 1;
}
/* sizes [channels_of_blocks][positions]: of the blocks of a row of them, with x = weights / step; of blocks
 * at the ends the weights that they have. weights: the whole layer's. */
void sned_cost_sizes(const struct layer_cost *cost, size_t row_of_blocks, const float *weights, float step,
                     float *sizes);

/* slopes [count]: bits for a unit of |x|, at x = w / step [count], the weights of row `filter` from column
 * `first` on. Below 1 what it costs to become non-zero, sign and magnitude included (0.3 to 14 bits); from 1
 * on the step to the next magnitude (0.1 to 3 bits). sizes: of the row of blocks that the filter is in; not
 * looked at where blocks are single weights. */
void sned_cost_slopes(const struct layer_cost *cost, size_t filter, size_t first, size_t count,
                      const float *x, const float *sizes, float *slopes);

#endif
