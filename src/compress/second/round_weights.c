/*
 * round_weights.c - weights to int8 one after the other, each making good the errors of those before it.
 *
 * With x what a filter w reads and q its rounded weights, the layer's output errs by (w - q) x, in the mean
 * square by (w - q)^T H (w - q), where H = E[x x^T]. Optimal Brain Surgeon's answer (Hassibi and Stork 1993;
 * for quantization Frantar et al. 2022, OBC and GPTQ) comes out simplest as Babai's nearest plane: with H =
 * L^T L, L lower triangular, the error is the sum over i of (sum over j <= i of L[i][j] (w[j] - q[j]))^2, and
 * the i-th term is least for q[i] = round(w[i] + sum over j < i of L[i][j] / L[i][i] (w[j] - q[j])). Where
 * there is a bias it takes the mean of what remains, so H is then the covariance of x.
 *
 * What columns before a chunk have left is one matrix product for all filters; only inside a chunk do
 * columns go one by one. Columns that vary most go first: those after them can make good more (feedback.c).
 */
#include "compress/second/round_weights.h"
#include "base/memory.h"
#include "base/thread.h"
#include "compress/second/damped_factor.h"

#include <dnnl.h>
#include <math.h>
#include <stdlib.h>

enum { CHUNK = 64 };

/* One block of one group, and the filters that read it. */
struct rounding {
    const struct node *node;
    const struct feedback *feedback;
    const struct moments *moments;
    float *weights;      /* of the first filter, at the block's first column */
    float *bias;         /* of the first filter, or NULL */
    const float *scales; /* of the first filter; NULL: weights are cut, not rounded */
    bool stepped;        /* the scales are the layer's step, and no filter's own */
    const uint8_t *kept; /* of weights that are cut, as `weights`: 0 goes */
    int group, block, start, first, filters, size, stride;
    const int *order;    /* [size]: the columns as they are rounded */
    const float *factor; /* [size][size], lower: damped_factor */
    float *missing;      /* [filters][size], in that order: what rounding has taken from each weight */
    float *wanted;       /* [filters][CHUNK]: what the columns before a chunk ask of it */
    int chunk;           /* its first column */
};

/* ---- one filter ---- */

/* A filter's own scale is set by its largest weight, for lowering too, and so that one stays as it is. */
static double round_weight(const struct rounding *r, double wanted, float weight, float scale)
{
    const double q = floor(wanted / scale + 0.5);
    if (weight == 0 || (!r->stepped && fabsf(weight) >= 127 * scale))
        return weight;
    return scale * (q < -127 ? -127 : q > 127 ? 127 : q);
}

/* Weight `at` of filter k. */
static double settle(const struct rounding *r, size_t k, int at, double wanted, float weight)
{
    if (r->scales)
        return round_weight(r, wanted, weight, r->scales[k]);
    return r->kept[k * (size_t)r->stride + (size_t)at] ? wanted : 0;
}

static sned_status round_chunk(void *argument, size_t k, sned_error *error)
{
    struct rounding *r = argument;
    float *weights = r->weights + k * (size_t)r->stride, *missing = r->missing + k * (size_t)r->size;
    const int end = r->size - r->chunk < CHUNK ? r->size : r->chunk + CHUNK;
    (void)error;
    for (int i = r->chunk; i < end; i++) {
        const float *row = r->factor + (size_t)i * (size_t)r->size;
        float *weight = &weights[r->order[i]];
        double wanted = *weight;
        if (r->chunk > 0)
            wanted += r->wanted[k * CHUNK + (size_t)(i - r->chunk)];
        for (int j = r->chunk; j < i; j++)
            wanted += (double)row[j] * missing[j];
        const double rounded = settle(r, k, r->order[i], wanted, *weight);
        missing[i] = (float)(*weight - rounded);
        *weight = (float)rounded;
    }
    return SNED_OK;
}

/* A filter with zeros, which can make nothing good: as round_chunk, on the factor of the others alone. */
static sned_status round_sparse(void *argument, size_t k, sned_error *error)
{
    struct rounding *r = argument;
    float *weights = r->weights + k * (size_t)r->stride, *missing = r->missing + k * (size_t)r->size;
    int *columns = NULL, *places = NULL, count = 0;
    float *factor = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&columns, (size_t)r->size, sizeof *columns, error));
    SNED_TRY_DONE(sned_alloc(&places, (size_t)r->size, sizeof *places, error));
    for (int i = 0; i < r->size; i++)
        if (weights[r->order[i]] != 0) {
            places[count] = i;
            columns[count++] = r->order[i];
        }
    SNED_TRY_DONE(sned_alloc(&factor, (size_t)count, (size_t)count * sizeof *factor, error));
    for (int i = 0; i < count; i++)
        for (int j = 0; j <= i; j++)
            factor[(size_t)i * (size_t)count + (size_t)j] = (float)moments_second(
                r->moments, r->group, r->block, r->bias != NULL, columns[i], columns[j]);
    SNED_TRY_DONE(damped_factor(factor, (size_t)count, error));
    for (int i = 0; i < count; i++) {
        float *weight = &weights[columns[i]];
        double wanted = *weight;
        for (int j = 0; j < i; j++)
            wanted += (double)factor[(size_t)i * (size_t)count + (size_t)j] * missing[places[j]];
        const double rounded = settle(r, k, columns[i], wanted, *weight);
        missing[places[i]] = (float)(*weight - rounded);
        *weight = (float)rounded;
    }
done:
    free(columns);
    free(places);
    free(factor);
    return status;
}

static sned_status move_bias(struct rounding *r, size_t k, sned_error *error)
{
    double mean = 0;
    for (int i = 0; i < r->size; i++)
        mean += r->missing[k * (size_t)r->size + (size_t)i] *
                moments_mean(r->moments, r->group, r->start + r->order[i]);
    if (r->bias)
        r->bias[k] += (float)mean;
    if (isfinite(mean) && (!r->bias || isfinite(r->bias[k])))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA,
                     "rounding: node '%.80s' (%s): the errors of filter %zu have no finite mean",
                     r->node->name, sned_op_name(r->node->op), (size_t)r->first + k);
}

/* ---- a layer ---- */

static sned_status round_columns(struct rounding *r, int threads, sned_error *error)
{
    const dnnl_dim_t filters = r->filters, size = r->size;
    if (r->feedback->sparse && r->scales)
        return sned_parallel_for(threads, (size_t)r->filters, round_sparse, r, error);
    for (r->chunk = 0; r->chunk < r->size; r->chunk += CHUNK) {
        const dnnl_dim_t width = r->size - r->chunk < CHUNK ? r->size - r->chunk : CHUNK;
        if (r->chunk > 0 &&
            dnnl_sgemm('N', 'T', filters, width, r->chunk, 1, r->missing, size, r->factor + r->chunk * size,
                       size, 0, r->wanted, CHUNK) != dnnl_success)
            return sned_fail(error, SNED_ERROR_MEMORY, "oneDNN: no matrix product");
        SNED_TRY(sned_parallel_for(threads, (size_t)r->filters, round_chunk, r, error));
    }
    return SNED_OK;
}

static sned_status round_block(struct rounding *r, int threads, sned_error *error)
{
    const size_t filters = (size_t)r->filters;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&r->missing, filters, (size_t)r->size * sizeof *r->missing, error));
    SNED_TRY_DONE(sned_alloc(&r->wanted, filters, CHUNK * sizeof *r->wanted, error));
    SNED_TRY_DONE(round_columns(r, threads, error));
    for (size_t k = 0; k < filters; k++)
        SNED_TRY_DONE(move_bias(r, k, error));
done:
    free(r->missing);
    free(r->wanted);
    return status;
}

sned_status weight_scales(float **scales, const struct tensor *weights, float step, sned_error *error)
{
    const size_t filters = (size_t)weights->shape.dim[0];
    const size_t columns = sned_shape_elements(&weights->shape) / filters;
    SNED_TRY(sned_alloc(scales, filters, sizeof **scales, error));
    for (size_t k = 0; k < filters; k++)
        (*scales)[k] =
            step > 0 ? step : quantize_weight_scale((const float *)weights->data + k * columns, columns);
    return SNED_OK;
}

/* scales: of all filters, or NULL and the layer's mask. */
static sned_status walk_layer(struct graph *graph, const struct node *node, const struct feedback *feedback,
                              const float *scales, const uint8_t *mask, int threads, sned_error *error)
{
    const struct moments *moments = &feedback->moments;
    struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const int each = moments->filters / moments->groups, blocks = moments_blocks(moments);
    const int bias_tensor = node_bias(node, 0);
    float *bias = bias_tensor >= 0 ? graph->tensors[bias_tensor].data : NULL;
    for (int i = 0; i < moments->groups * blocks; i++) {
        const int first = i / blocks * each, start = moments_start(moments, i % blocks);
        const size_t at = (size_t)first * (size_t)moments->columns + (size_t)start;
        struct rounding r = {.node = node,
                             .feedback = feedback,
                             .moments = moments,
                             .weights = (float *)weights->data + at,
                             .bias = bias ? bias + first : NULL,
                             .scales = scales ? scales + first : NULL,
                             .stepped = weights->quantization.scale > 0,
                             .kept = mask ? mask + at : NULL,
                             .group = i / blocks,
                             .block = i % blocks,
                             .start = start,
                             .first = first,
                             .filters = each,
                             .size = moments_start(moments, i % blocks + 1) - start,
                             .stride = moments->columns,
                             .order = feedback->order[i],
                             .factor = feedback->factor[i]};
        SNED_TRY(round_block(&r, threads, error));
    }
    return SNED_OK;
}

sned_status round_layer(struct graph *graph, const struct node *node, const struct feedback *feedback,
                        int threads, sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    float *scales;
    SNED_TRY(weight_scales(&scales, weights, weights->quantization.scale, error));
    const sned_status status = walk_layer(graph, node, feedback, scales, NULL, threads, error);
    free(scales);
    return status;
}

sned_status cut_layer(struct graph *graph, const struct node *node, const struct feedback *feedback,
                      int threads, sned_error *error)
{
    const uint8_t *mask = graph->tensors[node_weights(node, 0)].mask;
    return mask ? walk_layer(graph, node, feedback, NULL, mask, threads, error) : SNED_OK;
}
