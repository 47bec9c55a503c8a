/*
 * round_weights.c - weights to int8 one after the other, each making good the errors of those before it.
 *
 * With x what a filter w reads and q its rounded weights, the layer's output errs by (w - q) x, in the mean
 * square by (w - q)^T H (w - q), where H = E[x x^T]. Optimal Brain Surgeon's answer (Hassibi and Stork 1993;
 * for quantization Frantar et al. 2022, OBC and GPTQ) comes out simplest as Babai's nearest plane: with H =
 * L^T L, L lower triangular, the error is the sum over i of (sum over j <= i of L[i][j] (w[j] - q[j]))^2, and
 * the i-th term is least for q[i] = round(w[i] + sum over j < i of L[i][j] / L[i][i] (w[j] - q[j])). Where
 * there is a bias it takes the mean of what remains, so H is then the covariance of x.
 */
#include "base/memory.h"
#include "base/thread.h"
#include "compress/quantize/damped_factor.h"
#include "compress/quantize/moments.h"

#include <math.h>
#include <stdlib.h>

/* One block of one group, and the filters that read it. */
struct filter_block {
    const struct node *node;
    const struct moments *moments;
    float *weights; /* of the first filter, at the block's first column */
    float *bias;    /* of the first filter, or NULL */
    const float *scales;
    double *factor; /* L / its diagonal, [size][size], lower */
    int group, start, first, size, stride;
};

/* Where there is a bias it takes the mean, and H is the covariance. */
static sned_status factor_of(struct filter_block *block, int index, sned_error *error)
{
    const size_t n = (size_t)block->size;
    SNED_TRY(sned_alloc(&block->factor, n, n * sizeof *block->factor, error));
    moments_fill(block->moments, block->group, index, block->bias != NULL, block->factor);
    return sned_error_context(error, damped_factor(block->factor, n, error),
                              "rounding: node '%.80s' (%s): what filter %d reads", block->node->name,
                              sned_op_name(block->node->op), block->first);
}

/* The largest weight stays as it is: it sets the scale, for lowering too. */
static double round_weight(double wanted, float weight, float scale)
{
    const double q = floor(wanted / scale + 0.5);
    if (fabsf(weight) >= 127 * scale || weight == 0)
        return weight;
    return scale * (q < -127 ? -127 : q > 127 ? 127 : q);
}

static sned_status round_filter(void *argument, size_t k, sned_error *error)
{
    const struct filter_block *block = argument;
    float *weights = block->weights + k * (size_t)block->stride;
    double *missing, mean = 0;
    SNED_TRY(sned_alloc(&missing, (size_t)block->size, sizeof *missing, error));
    for (int i = 0; i < block->size; i++) {
        const double *row = block->factor + (size_t)i * (size_t)block->size;
        double wanted = weights[i];
        for (int j = 0; weights[i] != 0 && j < i; j++)
            wanted += row[j] * missing[j];
        const double rounded = round_weight(wanted, weights[i], block->scales[k]);
        missing[i] = weights[i] - rounded;
        mean += missing[i] * moments_mean(block->moments, block->group, block->start + i);
        weights[i] = (float)rounded;
    }
    free(missing);
    if (block->bias)
        block->bias[k] += (float)mean;
    if (isfinite(mean) && (!block->bias || isfinite(block->bias[k])))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_DATA,
                     "rounding: node '%.80s' (%s): the errors of filter %zu have no finite mean",
                     block->node->name, sned_op_name(block->node->op), (size_t)block->first + k);
}

static sned_status round_layer(struct graph *graph, const struct node *node, const struct moments *moments,
                               int threads, sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const int filters = (int)weights->shape.dim[0], each = filters / moments->groups;
    const int blocks = moments_blocks(moments), columns = moments->columns;
    const int bias_tensor = node_bias(node, 0);
    float *bias = bias_tensor >= 0 ? graph->tensors[bias_tensor].data : NULL;
    float *values = weights->data, *scales = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&scales, (size_t)filters, sizeof *scales, error));
    for (int k = 0; k < filters; k++)
        scales[k] = quantize_weight_scale(values + (size_t)k * (size_t)columns, (size_t)columns);
    for (int i = 0; i < moments->groups * blocks; i++) {
        const int first = i / blocks * each, start = moments_start(moments, i % blocks);
        struct filter_block block = {.node = node,
                                     .moments = moments,
                                     .weights = values + (size_t)first * (size_t)columns + start,
                                     .bias = bias ? bias + first : NULL,
                                     .scales = scales + first,
                                     .group = i / blocks,
                                     .start = start,
                                     .first = first,
                                     .size = moments_start(moments, i % blocks + 1) - start,
                                     .stride = columns};
        status = factor_of(&block, i % blocks, error);
        if (status == SNED_OK)
            status = sned_parallel_for(threads, (size_t)each, round_filter, &block, error);
        free(block.factor);
        SNED_TRY_DONE(status);
    }
done:
    free(scales);
    return status;
}

/* Weights or biases that another node reads too cannot suit both. */
static bool has_its_own(const struct uses *uses, const struct node *node)
{
    for (int i = 1; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && uses->consumers[node->inputs[i]] > 1)
            return false;
    return true;
}

sned_status quantize_round_weights(struct graph *graph, const struct calibration_images *images,
                                   const struct calibration_options *options, sned_error *error)
{
    const int threads = options->threads > 0 ? options->threads : sned_thread_count();
    struct moments *moments = NULL;
    struct uses uses = {0};
    sned_status status;
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(moments_measure(&moments, graph, images, options, error));
    for (int n = 0; n < graph->node_count; n++)
        if (moments[n].samples && has_its_own(&uses, &graph->nodes[n]))
            SNED_TRY_DONE(round_layer(graph, &graph->nodes[n], &moments[n], threads, error));
done:
    for (int n = 0; moments && n < graph->node_count; n++)
        moments_free(&moments[n]);
    free(moments);
    sned_uses_free(&uses);
    return status;
}
