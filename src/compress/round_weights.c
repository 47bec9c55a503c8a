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
#include "compress/moments.h"

#include <math.h>
#include <stdlib.h>

/* Added to H's diagonal, as a share of its mean: what was seen is a sample. */
static const double damping = 0.01;

/* One block of one group, and the filters that read it. */
struct block {
    float *weights; /* of the first filter, at the block's first column */
    float *bias;    /* of the first filter, or NULL */
    const float *scales, *mean;
    double *factor; /* L / its diagonal, [size][size], lower */
    int size, stride;
};

/* H = L^T L, from the last row up; then each row divided by its diagonal. In place, the lower triangle. */
static void factorize(double *h, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        double *row = h + i * n;
        const double diagonal = sqrt(row[i]);
        for (size_t j = 0; j <= i; j++)
            row[j] /= diagonal;
        for (size_t j = 0; j < i; j++) {
            double *other = h + j * n;
            const double share = row[j];
            for (size_t k = 0; k <= j; k++)
                other[k] -= share * row[k];
        }
        for (size_t j = 0; j < i; j++)
            row[j] /= diagonal;
    }
}

static sned_status factor_of(double **factor, const float *second, const float *mean, size_t n,
                             sned_error *error)
{
    double trace = 0;
    SNED_TRY(sned_alloc(factor, n, n * sizeof **factor, error));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            (*factor)[i * n + j] = second[i * n + j] - (mean ? (double)mean[i] * mean[j] : 0);
    for (size_t i = 0; i < n; i++)
        trace += (*factor)[i * n + i];
    /* Of an input that is always the same, any rounding is as good. */
    const double extra = trace > 0 ? damping * trace / (double)n : 1;
    for (size_t i = 0; i < n; i++)
        (*factor)[i * n + i] += extra;
    factorize(*factor, n);
    return SNED_OK;
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
    const struct block *block = argument;
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
        mean += missing[i] * block->mean[i];
        weights[i] = (float)rounded;
    }
    if (block->bias)
        block->bias[k] += (float)mean;
    free(missing);
    return SNED_OK;
}

static sned_status round_layer(struct graph *graph, const struct node *node, const struct moments *moments,
                               int threads, sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node->inputs[1]];
    const int filters = (int)weights->shape.dim[0], each = filters / moments->groups;
    const int blocks = moments_blocks(moments), columns = moments->columns;
    float *bias = node->input_count > 2 && node->inputs[2] >= 0 ? graph->tensors[node->inputs[2]].data : NULL;
    float *values = weights->data, *scales = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&scales, (size_t)filters, sizeof *scales, error));
    for (int k = 0; k < filters; k++)
        scales[k] = quantize_weight_scale(values + (size_t)k * (size_t)columns, (size_t)columns);
    for (int i = 0; i < moments->groups * blocks; i++) {
        const int first = i / blocks * each, start = moments_start(moments, i % blocks);
        const float *mean = moments->mean + (size_t)(i / blocks) * (size_t)columns + start;
        struct block block = {.weights = values + (size_t)first * (size_t)columns + start,
                              .bias = bias ? bias + first : NULL,
                              .scales = scales + first,
                              .mean = mean,
                              .size = moments_start(moments, i % blocks + 1) - start,
                              .stride = columns};
        SNED_TRY_DONE(
            factor_of(&block.factor, moments->second[i], bias ? mean : NULL, (size_t)block.size, error));
        status = sned_parallel_for(threads, (size_t)each, round_filter, &block, error);
        free(block.factor);
        SNED_TRY_DONE(status);
    }
done:
    free(scales);
    return status;
}

/* Weights or biases that another node reads too cannot suit both. */
static bool has_its_own(const struct graph *graph, const struct node *node)
{
    for (int i = 1; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && sned_graph_consumers(graph, node->inputs[i]) > 1)
            return false;
    return true;
}

sned_status quantize_round_weights(struct graph *graph, const struct calibration_images *images,
                                   const struct calibration_options *options, sned_error *error)
{
    const int threads = options->threads > 0 ? options->threads : sned_thread_count();
    struct moments *moments = NULL;
    sned_status status;
    SNED_TRY_DONE(moments_measure(&moments, graph, images, options, error));
    for (int n = 0; n < graph->node_count; n++)
        if (moments[n].samples && has_its_own(graph, &graph->nodes[n]))
            SNED_TRY_DONE(round_layer(graph, &graph->nodes[n], &moments[n], threads, error));
done:
    for (int n = 0; moments && n < graph->node_count; n++)
        moments_free(&moments[n]);
    free(moments);
    return status;
}
