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

sned_status sned_cost_new(struct layer_cost *cost, size_t filters, size_t channels, size_t positions,
                          sned_error *error)
{
    *cost = (struct layer_cost){.filters = filters, .channels = channels, .positions = positions};
    SNED_TRY(sned_alloc(&cost->rows, filters, sizeof(float), error));
    SNED_TRY(sned_alloc(&cost->columns, channels, positions * sizeof(float), error));
    return positions > 1 ? sned_alloc(&cost->kernels, filters, channels * sizeof(float), error) : SNED_OK;
}

void sned_cost_free(struct layer_cost *cost)
{
    free(cost->rows);
    free(cost->columns);
    free(cost->kernels);
    *cost = (struct layer_cost){0};
}

/* ---- what the integers say ---- */

/* Non-zeros, counted every way. */
struct census {
    uint32_t *rows, *columns, *channels, *kernels; /* owned; as the cost's arrays; channels [channels] */
    uint64_t magnitudes[COST_MAGNITUDES], sum, total;
};

static void census_free(struct census *census)
{
    free(census->rows);
    free(census->columns);
    free(census->channels);
    free(census->kernels);
}

static void count_kernel(struct census *census, const int8_t *kernel, size_t positions, uint32_t *columns,
                         uint32_t *count)
{
    for (size_t p = 0; p < positions; p++) {
        const int magnitude = abs(kernel[p]);
        if (magnitude == 0)
            continue;
        const int size = magnitude < COST_MAGNITUDES ? magnitude : COST_MAGNITUDES;
        columns[p]++;
        ++*count;
        census->magnitudes[size - 1]++;
        census->sum += (uint64_t)size;
    }
}

static sned_status census_take(struct census *census, const struct layer_cost *cost, const int8_t *integers,
                               sned_error *error)
{
    SNED_TRY(sned_alloc(&census->rows, cost->filters, sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&census->columns, cost->channels, cost->positions * sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&census->channels, cost->channels, sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&census->kernels, cost->filters, cost->channels * sizeof(uint32_t), error));
    for (size_t k = 0; k < cost->filters; k++)
        for (size_t c = 0; c < cost->channels; c++) {
            const size_t kernel = k * cost->channels + c;
            count_kernel(census, integers + kernel * cost->positions, cost->positions,
                         census->columns + c * cost->positions, &census->kernels[kernel]);
            census->rows[k] += census->kernels[kernel];
            census->channels[c] += census->kernels[kernel];
            census->total += census->kernels[kernel];
        }
    return SNED_OK;
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
    const size_t columns = cost->channels * cost->positions;
    const double d = ((double)census->total + 0.5) / ((double)cost->filters * (double)columns + 1);
    cost->density = logit(d);
    cost->live_filters = 0;
    for (size_t k = 0; k < cost->filters; k++) {
        cost->rows[k] = smoothed(census->rows[k], columns, d);
        cost->live_filters += census->rows[k] > 0;
    }
    for (size_t j = 0; j < columns; j++)
        cost->columns[j] = smoothed(census->columns[j], cost->filters, d) - cost->density;
    for (size_t c = 0; cost->kernels && c < cost->channels; c++) {
        const float channel = smoothed(census->channels[c], cost->filters * cost->positions, d);
        for (size_t k = 0; k < cost->filters; k++) {
            const size_t kernel = k * cost->channels + c;
            cost->kernels[kernel] = (smoothed(census->kernels[kernel], cost->positions, d) - cost->rows[k] -
                                     channel + cost->density) /
                                    2;
        }
    }
}

static void take_magnitudes(struct layer_cost *cost, const struct census *census)
{
    const double count = (double)census->total;
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

static float place_logit(const struct layer_cost *cost, size_t k, size_t c, size_t p)
{
    const float kernel = cost->kernels ? cost->kernels[k * cost->channels + c] : 0;
    return between(least_logit, cost->rows[k] + cost->columns[c * cost->positions + p] + kernel, most_logit);
}

/* Of zeros and non-zeros, in bins of the logit: a sum of whole numbers, whatever the order. */
static double position_bits(const struct layer_cost *cost, const int8_t *integers)
{
    uint64_t bins[2][BIN_COUNT] = {{0}};
    double bits = 0;
    for (size_t k = 0; k < cost->filters; k++)
        for (size_t c = 0; c < cost->channels; c++)
            for (size_t p = 0; p < cost->positions; p++) {
                const float at = (place_logit(cost, k, c, p) - least_logit) * BINS_PER_UNIT + 0.5f;
                bins[*integers++ != 0][(size_t)at]++;
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
    cost->bits = position_bits(cost, integers) + (double)census.total;
    for (int i = 0; i < COST_MAGNITUDES; i++)
        cost->bits += (double)census.magnitudes[i] * (double)cost->magnitudes[i];
done:
    census_free(&census);
    return status;
}

/* ---- slopes ---- */

enum { BLOCK = 256 };

/* Logits into slopes [count], of one row from column `first` on; not yet between their bounds. */
static void row_logits(const struct layer_cost *cost, size_t filter, size_t first, size_t count,
                       float *restrict slopes)
{
    const float row = cost->rows[filter], *columns = cost->columns + first;
    for (size_t i = 0; i < count; i++)
        slopes[i] = row + columns[i];
    if (!cost->kernels)
        return;
    const float *kernels = cost->kernels + filter * cost->channels;
    size_t channel = first / cost->positions, left = cost->positions - first % cost->positions;
    for (size_t i = 0; i < count; left = cost->positions, channel++) {
        const float kernel = kernels[channel];
        for (const size_t end = left < count - i ? i + left : count; i < end; i++)
            slopes[i] += kernel;
    }
}

/* In two loops: the table alone must be looked up number by number, and no branch has to be guessed. */
static void block_slopes(const struct layer_cost *cost, const float *restrict x, float *restrict slopes,
                         size_t count)
{
    /* log2((1 - p) / p) = -logit / ln 2; sign and first magnitude on top. */
    const float base = 1 + cost->magnitudes[0];
    const float low = fmaxf(least_first, base - most_logit * to_bits);
    const float high = fminf(most_first, base - least_logit * to_bits), most = COST_MAGNITUDES - 1;
    float steps[BLOCK];
    for (size_t i = 0; i < count; i++) {
        const float size = fabsf(x[i]);
        steps[i] = cost->steps[(int)(size < most ? size : most)];
    }
    for (size_t i = 0; i < count; i++) {
        const float first = between(low, base - slopes[i] * to_bits, high);
        slopes[i] = fabsf(x[i]) >= 1 ? steps[i] : first;
    }
}

void sned_cost_slopes(const struct layer_cost *cost, size_t filter, size_t first, size_t count,
                      const float *x, float *slopes)
{
    row_logits(cost, filter, first, count, slopes);
    for (size_t i = 0; i < count; i += BLOCK)
        block_slopes(cost, x + i, slopes + i, count - i < BLOCK ? count - i : BLOCK);
}
