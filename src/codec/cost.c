/*
 * cost.c - see cost.h. Densities are smoothed by two weights of the layer's density, so that a row of few
 * weights says little; magnitudes by four of a geometric distribution of the same mean.
 */
#include "codec/cost.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double prior = 2, magnitude_prior = 4, least_mean = 1.05;
static const double least_density = 1e-4, most_density = 0.98; /* of a row, a column, a kernel */
static const float least_first = 0.3f, most_first = 14, least_step = 0.1f, most_step = 3;
static const float to_bits = 1.44269504f; /* 1 / ln 2 */
/* Logits of the least and the largest probability of a weight, 0.002 and 0.95; and how finely they are told
 * apart where bits are counted. */
static const float least_logit = -6.21260610f, most_logit = 2.94443898f;
enum { BINS_PER_UNIT = 32, BIN_COUNT = 295 };

static size_t parts_of(size_t whole, size_t size)
{
    return (whole + size - 1) / size;
}

sned_status sned_cost_new(struct layer_cost *cost, const struct block_grid *grid, bool balanced,
                          sned_error *error)
{
    const size_t rows = parts_of(grid->filters, grid->height),
                 channels = parts_of(grid->channels, grid->width);
    *cost = (struct layer_cost){
        .grid = *grid, .balanced = balanced, .rows_of_blocks = rows, .channels_of_blocks = channels};
    SNED_TRY(sned_alloc(&cost->rows, rows, sizeof(float), error));
    SNED_TRY(sned_alloc(&cost->columns, channels, grid->positions * sizeof(float), error));
    return grid->positions > 1 ? sned_alloc(&cost->kernels, rows, channels * sizeof(float), error) : SNED_OK;
}

void sned_cost_free(struct layer_cost *cost)
{
    sned_free(cost->rows);
    sned_free(cost->columns);
    sned_free(cost->kernels);
    *cost = (struct layer_cost){0};
}

/* ---- what the integers say ---- */

/* Blocks that are not all 0, counted every way; and the weights that are not 0. */
struct census {
    uint32_t *rows, *columns, *channels,
        *kernels;            /* owned; as the cost's arrays; channels [channels_of_blocks] */
    uint64_t total, members; /* such blocks; weights in them */
    uint64_t magnitudes[COST_MAGNITUDES], sum, weights;
    int8_t
        *live; /* owned; [rows_of_blocks][channels_of_blocks][positions]; NULL: blocks are single weights */
};

static void census_free(struct census *census)
{
    sned_free(census->rows);
    sned_free(census->columns);
    sned_free(census->channels);
    sned_free(census->kernels);
    sned_free(census->live);
}

static int8_t is_live(const struct block_grid *grid, const struct mask_block *block, const int8_t *integers)
{
    for (size_t k = block->k; k < block->k_end; k++)
        for (size_t c = block->c; c < block->c_end; c++)
            if (integers[block_element(grid, k, c, block->position)] != 0)
                return 1;
    return 0;
}

static sned_status find_live(struct census *census, const struct layer_cost *cost, const int8_t *integers,
                             sned_error *error)
{
    const size_t positions = cost->grid.positions;
    struct mask_block block = {0};
    SNED_TRY(sned_alloc(&census->live, cost->rows_of_blocks, cost->channels_of_blocks * positions, error));
    for (int8_t *live = census->live; sned_next_block(&cost->grid, &block); live++) {
        *live = is_live(&cost->grid, &block, integers);
        census->members += *live ? (block.k_end - block.k) * (block.c_end - block.c) : 0;
    }
    return SNED_OK;
}

static void count_magnitudes(struct census *census, const struct layer_cost *cost, const int8_t *integers)
{
    const size_t count = cost->grid.filters * cost->grid.channels * cost->grid.positions;
    for (size_t i = 0; i < count; i++) {
        const int magnitude = abs(integers[i]);
        if (magnitude == 0)
            continue;
        const int size = magnitude < COST_MAGNITUDES ? magnitude : COST_MAGNITUDES;
        census->magnitudes[size - 1]++;
        census->sum += (uint64_t)size;
        census->weights++;
    }
}

static void count_kernel(struct census *census, const int8_t *live, size_t positions, uint32_t *columns,
                         uint32_t *count)
{
    for (size_t p = 0; p < positions; p++) {
        columns[p] += live[p] != 0;
        *count += live[p] != 0;
    }
}

static sned_status census_take(struct census *census, const struct layer_cost *cost, const int8_t *integers,
                               sned_error *error)
{
    const size_t rows = cost->rows_of_blocks, channels = cost->channels_of_blocks,
                 positions = cost->grid.positions;
    SNED_TRY(sned_alloc(&census->rows, rows, sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&census->columns, channels, positions * sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&census->channels, channels, sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&census->kernels, rows, channels * sizeof(uint32_t), error));
    if (cost_has_blocks(cost))
        SNED_TRY(find_live(census, cost, integers, error));
    const int8_t *live = census->live ? census->live : integers;
    for (size_t k = 0; k < rows; k++)
        for (size_t c = 0; c < channels; c++) {
            const size_t kernel = k * channels + c;
            count_kernel(census, live + kernel * positions, positions, census->columns + c * positions,
                         &census->kernels[kernel]);
            census->rows[k] += census->kernels[kernel];
            census->channels[c] += census->kernels[kernel];
            census->total += census->kernels[kernel];
        }
    count_magnitudes(census, cost, integers);
    return SNED_OK;
}

static size_t count_live_filters(const struct layer_cost *cost, const int8_t *integers)
{
    const size_t length = cost->grid.channels * cost->grid.positions;
    size_t live = 0;
    for (size_t k = 0; k < cost->grid.filters; k++, integers += length) {
        size_t i = 0;
        while (i < length && integers[i] == 0)
            i++;
        live += i < length;
    }
    return live;
}

static float logit(double p)
{
    return (float)log(p / (1 - p));
}

/* The logit of a density of which `count` of `among` were seen, in a layer of density d. */
static float smoothed(uint32_t count, size_t among, double d)
{
    const double density = ((double)count + prior * d) / ((double)among + prior);
    return logit(fmin(fmax(density, least_density), most_density));
}

static void take_densities(struct layer_cost *cost, const struct census *census)
{
    const size_t rows = cost->rows_of_blocks, channels = cost->channels_of_blocks,
                 positions = cost->grid.positions, columns = channels * positions;
    const double d = ((double)census->total + 0.5) / ((double)rows * (double)columns + 1);
    cost->density = logit(d);
    for (size_t k = 0; k < rows; k++)
        cost->rows[k] = smoothed(census->rows[k], columns, d);
    for (size_t j = 0; j < columns; j++)
        cost->columns[j] = smoothed(census->columns[j], rows, d) - cost->density;
    for (size_t c = 0; cost->kernels && c < channels; c++) {
        const float channel = smoothed(census->channels[c], rows * positions, d);
        for (size_t k = 0; k < rows; k++) {
            const size_t kernel = k * channels + c;
            cost->kernels[kernel] =
                (smoothed(census->kernels[kernel], positions, d) - cost->rows[k] - channel + cost->density) /
                2;
        }
    }
}

static void take_magnitudes(struct layer_cost *cost, const struct census *census)
{
    const double count = (double)census->weights;
    const double mean = fmax(count > 0 ? (double)census->sum / count : 0, least_mean);
    double expected[COST_MAGNITUDES], all = 0, p = 1 / mean;
    for (int i = 0; i < COST_MAGNITUDES; i++, p *= 1 - 1 / mean)
        all += expected[i] = p;
    for (int i = 0; i < COST_MAGNITUDES; i++) {
        const double share =
            ((double)census->magnitudes[i] + magnitude_prior * expected[i]) / (count + magnitude_prior * all);
        cost->magnitudes[i] = (float)-log2(share);
        if (i > 0)
            cost->magnitudes[i] = fmaxf(cost->magnitudes[i], cost->magnitudes[i - 1]);
    }
}

/* ---- bits ---- */

static float between(float low, float x, float high)
{
    return x < low ? low : x > high ? high : x;
}

/* Of the weights of blocks that are not all 0. */
static double take_flags(struct layer_cost *cost, const struct census *census)
{
    const double most = 1 - least_density, sign = 1 + (double)cost->magnitudes[0];
    cost->weight = cost->non_zero = (float)sign;
    if (!cost_has_blocks(cost))
        return 0;
    const double d =
        fmin(fmax(((double)census->weights + 0.5) / ((double)census->members + 1), least_density), most);
    const double flag = -d * log2(d) - (1 - d) * log2(1 - d);
    cost->weight = (float)(flag + d * sign);
    cost->non_zero = between(least_first, (float)(log2((1 - d) / d) + sign), most_first);
    return flag * (double)census->members;
}

static float place_logit(const struct layer_cost *cost, size_t k, size_t c, size_t p)
{
    const float kernel = cost->kernels ? cost->kernels[k * cost->channels_of_blocks + c] : 0;
    return between(least_logit, cost->rows[k] + cost->columns[c * cost->grid.positions + p] + kernel,
                   most_logit);
}

/* Of blocks that are all 0 and of others, in bins of the logit: a sum of whole numbers, in any order. */
static double position_bits(const struct layer_cost *cost, const int8_t *live)
{
    uint64_t bins[2][BIN_COUNT] = {{0}};
    double bits = 0;
    for (size_t k = 0; k < cost->rows_of_blocks; k++)
        for (size_t c = 0; c < cost->channels_of_blocks; c++)
            for (size_t p = 0; p < cost->grid.positions; p++) {
                const float at = (place_logit(cost, k, c, p) - least_logit) * BINS_PER_UNIT + 0.5f;
                bins[*live++ != 0][(size_t)at]++;
            }
    for (int i = 0; i < BIN_COUNT; i++) {
        const double value = least_logit + (double)i / BINS_PER_UNIT;
        bits += (double)bins[0][i] * log2(1 + exp(value)) + (double)bins[1][i] * log2(1 + exp(-value));
    }
    return bits;
}

sned_status sned_cost_update(struct layer_cost *cost, const int8_t *integers, sned_error *error)
{
    struct census census = {0};
    sned_status status;
    SNED_TRY_DONE(census_take(&census, cost, integers, error));
    take_densities(cost, &census);
    take_magnitudes(cost, &census);
    for (int i = 1; i < COST_MAGNITUDES; i++)
        cost->steps[i] = between(least_step, cost->magnitudes[i] - cost->magnitudes[i - 1], most_step);
    cost->live_filters = count_live_filters(cost, integers);
    cost->bits = position_bits(cost, census.live ? census.live : integers) + take_flags(cost, &census) +
                 (double)census.weights;
    for (int i = 0; i < COST_MAGNITUDES; i++)
        cost->bits += (double)census.magnitudes[i] * (double)cost->magnitudes[i];
done:
    census_free(&census);
    return status;
}

/* ---- sizes of blocks ---- */

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* sums += squares of a filter's weights, in blocks; where these are of one channel they lie side by side. */
static void add_squares(const struct block_grid *grid, const float *restrict filter, float *restrict sums)
{
    const size_t positions = grid->positions;
    for (size_t i = 0; grid->width == 1 && i < grid->channels * positions; i++)
        sums[i] += filter[i] * filter[i];
    for (size_t c = 0; grid->width > 1 && c < grid->channels; c++)
        for (size_t p = 0; p < positions; p++, filter++)
            sums[c / grid->width * positions + p] += *filter * *filter;
}

void sned_cost_sizes(const struct layer_cost *cost, size_t row_of_blocks, const float *weights, float step,
                     float *sizes)
{
    const struct block_grid *grid = &cost->grid;
    const size_t positions = grid->positions, first = row_of_blocks * grid->height,
                 end = least_of(first + grid->height, grid->filters);
    memset(sizes, 0, cost->channels_of_blocks * positions * sizeof *sizes);
    for (size_t k = first; k < end; k++)
        add_squares(grid, weights + block_element(grid, k, 0, 0), sizes);
    for (size_t c = 0; c < cost->channels_of_blocks; c++) {
        const size_t width = least_of(grid->width, grid->channels - c * grid->width);
        const float scale = 1 / (step * step * (float)((end - first) * width));
        for (size_t p = 0; p < positions; p++)
            sizes[c * positions + p] = sqrtf(sizes[c * positions + p] * scale);
    }
}

/* ---- slopes ---- */

enum { BLOCK = 256 };

/* What the blocks of a row of them have, [channels_of_blocks][positions], to the weights of a filter from
 * column `first` on, [count]. */
static void spread(const struct layer_cost *cost, const float *restrict of_blocks, size_t first, size_t count,
                   float *restrict to)
{
    const size_t positions = cost->grid.positions, width = cost->grid.width;
    if (width == 1) {
        memcpy(to, of_blocks + first, count * sizeof *to);
        return;
    }
    size_t channel = first / positions, p = first % positions;
    for (size_t i = 0; i < count; i++) {
        to[i] = of_blocks[channel / width * positions + p];
        if (++p == positions) {
            p = 0;
            channel++;
        }
    }
}

/* Logits into slopes [count], of one row from column `first` on; not yet between their bounds. */
static void row_logits(const struct layer_cost *cost, size_t filter, size_t first, size_t count,
                       float *restrict slopes)
{
    const size_t row_of_blocks = filter / cost->grid.height, positions = cost->grid.positions;
    const float dense = cost->rows[row_of_blocks];
    const float row = cost->balanced ? 2 * cost->density - dense : dense;
    spread(cost, cost->columns, first, count, slopes);
    for (size_t i = 0; i < count; i++)
        slopes[i] += row;
    if (!cost->kernels)
        return;
    const float *kernels = cost->kernels + row_of_blocks * cost->channels_of_blocks;
    size_t channel = first / positions, left = positions - first % positions;
    for (size_t i = 0; i < count; left = positions, channel++) {
        const float kernel = kernels[channel / cost->grid.width];
        for (const size_t end = left < count - i ? i + left : count; i < end; i++)
            slopes[i] += kernel;
    }
}

/* In two loops: the table alone must be looked up number by number, and no branch has to be guessed. */
static void magnitude_steps(const struct layer_cost *cost, const float *restrict x, float *restrict steps,
                            size_t count)
{
    const float most = COST_MAGNITUDES - 1;
    for (size_t i = 0; i < count; i++) {
        const float size = fabsf(x[i]);
        steps[i] = cost->steps[(int)(size < most ? size : most)];
    }
}

static void weight_slopes(const struct layer_cost *cost, const float *restrict x, float *restrict slopes,
                          size_t count)
{
    /* log2((1 - p) / p) = -logit / ln 2; sign and first magnitude on top. */
    const float base = cost->non_zero;
    const float low = fmaxf(least_first, base - most_logit * to_bits);
    const float high = fminf(most_first, base - least_logit * to_bits);
    float steps[BLOCK];
    magnitude_steps(cost, x, steps, count);
    for (size_t i = 0; i < count; i++) {
        const float first = between(low, base - slopes[i] * to_bits, high);
        slopes[i] = fabsf(x[i]) >= 1 ? steps[i] : first;
    }
}

/* What a block costs, a weight's part of it: its position shared out, and what weights in it take. */
static void block_slopes(const struct layer_cost *cost, const float *restrict x, const float *restrict sizes,
                         float *restrict slopes, size_t count)
{
    const float share = to_bits / (float)(cost->grid.height * cost->grid.width);
    float steps[BLOCK];
    magnitude_steps(cost, x, steps, count);
    for (size_t i = 0; i < count; i++) {
        const float size = fabsf(x[i]), place = between(least_logit, slopes[i], most_logit);
        const float part = between(least_first, cost->weight - place * share, most_first);
        const float own = size >= 1 ? steps[i] : 0, alone = size >= 1 ? steps[i] : cost->non_zero;
        slopes[i] = sizes[i] >= 1 ? alone : own + (size > 0 ? part * size / sizes[i] : 0);
    }
}

void sned_cost_slopes(const struct layer_cost *cost, size_t filter, size_t first, size_t count,
                      const float *x, const float *sizes, float *slopes)
{
    float own_sizes[BLOCK];
    row_logits(cost, filter, first, count, slopes);
    for (size_t i = 0; i < count; i += BLOCK) {
        const size_t some = least_of(count - i, BLOCK);
        if (!cost_has_blocks(cost)) {
            weight_slopes(cost, x + i, slopes + i, some);
            continue;
        }
        spread(cost, sizes, first + i, some, own_sizes);
        block_slopes(cost, x + i, own_sizes, slopes + i, some);
    }
}
