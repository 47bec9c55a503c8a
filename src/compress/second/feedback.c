/*
 * feedback.c - see feedback.h.
 *
 * With H = L^T L a filter's outputs err by the sum over i of L[i][i]^2 times the square by which weight i
 * misses what the weights before it asked for (round_weights.c): by as much as with independent inputs of
 * variances L[i][i]^2. Without feedback these are H[i][i].
 */
#include "compress/second/feedback.h"
#include "base/memory.h"
#include "compress/second/damped_factor.h"

#include <dnnl.h>
#include <stdlib.h>

static int all_blocks(const struct moments *moments)
{
    return moments->groups * moments_blocks(moments);
}

void feedback_free(struct feedback *feedback)
{
    for (int i = 0; feedback->order && i < all_blocks(&feedback->moments); i++)
        free(feedback->order[i]);
    for (int i = 0; feedback->factor && i < all_blocks(&feedback->moments); i++)
        free(feedback->factor[i]);
    free(feedback->order);
    free(feedback->factor);
    moments_free(&feedback->moments);
    *feedback = (struct feedback){0};
}

/* ---- the order ---- */

struct column {
    double variance;
    int index;
};

static int compare_columns(const void *left, const void *right)
{
    const struct column *a = left, *b = right;
    return a->variance != b->variance ? (a->variance < b->variance) - (a->variance > b->variance)
                                      : a->index - b->index;
}

/* *sum grows by the variances. */
static sned_status order_columns(int **order, double *sum, const struct moments *moments, int block,
                                 bool centred, sned_error *error)
{
    const int group = block / moments_blocks(moments), index = block % moments_blocks(moments);
    const int size = moments_start(moments, index + 1) - moments_start(moments, index);
    struct column *columns;
    SNED_TRY(sned_alloc(order, (size_t)size, sizeof **order, error));
    SNED_TRY(sned_alloc(&columns, (size_t)size, sizeof *columns, error));
    for (int i = 0; i < size; i++) {
        columns[i] = (struct column){moments_second(moments, group, index, centred, i, i), i};
        *sum += columns[i].variance;
    }
    qsort(columns, (size_t)size, sizeof *columns, compare_columns);
    for (int i = 0; i < size; i++)
        (*order)[i] = columns[i].index;
    free(columns);
    return SNED_OK;
}

/* ---- the factor ---- */

/* *left grows by the squares of its diagonal. */
static sned_status factorize(struct feedback *feedback, int block, bool centred, double *left,
                             sned_error *error)
{
    struct moments *moments = &feedback->moments;
    const int group = block / moments_blocks(moments), index = block % moments_blocks(moments);
    const size_t size = (size_t)(moments_start(moments, index + 1) - moments_start(moments, index));
    float *factor;
    SNED_TRY(sned_alloc(&factor, size, size * sizeof *factor, error));
    feedback->factor[block] = factor;
    moments_fill(moments, group, index, centred, feedback->order[block], factor);
    if (!feedback->sparse) {
        free(moments->second[block]);
        moments->second[block] = NULL;
    }
    SNED_TRY(damped_factor(factor, size, error));
    for (size_t i = 0; i < size; i++)
        *left += (double)factor[i * size + i] * factor[i * size + i];
    return SNED_OK;
}

/* Multiplications that factors of single filters may take: minutes. */
static const double most_work = 2e11;
/* The share of zeros from which on factors of their own are worth it. */
static const double sparse_share = 0.1;

static bool is_sparse(const struct tensor *weights, size_t columns)
{
    const size_t count = sned_shape_elements(&weights->shape);
    const float *values = weights->data;
    double zeros = 0, work = 0;
    for (size_t first = 0; first < count; first += columns) {
        double kept = 0;
        for (size_t i = 0; i < columns; i++)
            kept += values[first + i] != 0;
        zeros += (double)columns - kept;
        work += kept * kept * kept / 3;
    }
    return zeros >= sparse_share * (double)count && work <= most_work;
}

bool feedback_is_centred(const struct node *node)
{
    return node_bias(node, 0) >= 0;
}

sned_status feedback_make(struct feedback *feedback, struct moments *moments, const struct graph *graph,
                          const struct node *node, sned_error *error)
{
    const size_t blocks = (size_t)all_blocks(moments);
    const bool centred = feedback_is_centred(node);
    double before = 0, left = 0;
    *feedback = (struct feedback){.moments = *moments};
    *moments = (struct moments){0};
    feedback->sparse = is_sparse(&graph->tensors[node_weights(node, 0)], (size_t)feedback->moments.columns);
    SNED_TRY(sned_alloc(&feedback->order, blocks, sizeof *feedback->order, error));
    SNED_TRY(sned_alloc(&feedback->factor, blocks, sizeof *feedback->factor, error));
    for (int i = 0; i < (int)blocks; i++) {
        SNED_TRY(order_columns(&feedback->order[i], &before, &feedback->moments, i, centred, error));
        SNED_TRY(sned_error_context(
            error, factorize(feedback, i, centred, &left, error),
            "rounding: node '%.80s' (%s): what filter %d reads", node->name, sned_op_name(node->op),
            i / moments_blocks(&feedback->moments) * (feedback->moments.filters / feedback->moments.groups)));
    }
    feedback->share = left < before ? left / before : 1;
    return SNED_OK;
}

/* ---- the inverse ---- */

enum { ROWS = 64 };

/* Rows `first` to before `end` of N^-1 into x [size][size], those before being done: of N, a lower triangle
 * with ones on its diagonal, whose other elements are the factor's. */
static sned_status invert_rows(float *x, const float *factor, size_t size, size_t first, size_t end,
                               sned_error *error)
{
    const dnnl_dim_t rows = (dnnl_dim_t)(end - first), before = (dnnl_dim_t)first, n = (dnnl_dim_t)size;
    if (first > 0 && dnnl_sgemm('N', 'N', rows, before, before, -1, factor + first * size, n, x, n, 0,
                                x + first * size, n) != dnnl_success)
        return sned_fail(error, SNED_ERROR_MEMORY, "oneDNN: no matrix product");
    for (size_t i = first; i < end; i++) {
        x[i * size + i] = 1;
        for (size_t j = first; j < i; j++)
            for (size_t k = 0; k <= j; k++)
                x[i * size + k] -= factor[i * size + j] * x[j * size + k];
    }
    return SNED_OK;
}

/* H = L^T L and L = D N, D being L's diagonal: H^-1 = (N^-1 D^-1) (N^-1 D^-1)^T. */
sned_status feedback_inverse_diagonal(const struct feedback *feedback, int block, double *diagonal,
                                      sned_error *error)
{
    const struct moments *moments = &feedback->moments;
    const int index = block % moments_blocks(moments);
    const size_t size = (size_t)(moments_start(moments, index + 1) - moments_start(moments, index));
    const float *factor = feedback->factor[block];
    float *x = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&x, size, size * sizeof *x, error));
    for (size_t first = 0; first < size; first += ROWS)
        SNED_TRY_DONE(invert_rows(x, factor, size, first, first + ROWS < size ? first + ROWS : size, error));
    for (size_t i = 0; i < size; i++) {
        double sum = 0;
        for (size_t j = 0; j <= i; j++) {
            const double element = (double)x[i * size + j] / factor[j * size + j];
            sum += element * element;
        }
        diagonal[feedback->order[block][i]] = sum;
    }
done:
    free(x);
    return status;
}

/* ---- of a network ---- */

/* Whether no other node reads the weights or biases of `node`: they could not suit both. */
static bool has_its_own(const struct uses *uses, const struct node *node)
{
    for (int i = 1; i < node->input_count; i++)
        if (node->inputs[i] >= 0 && uses->consumers[node->inputs[i]] > 1)
            return false;
    return true;
}

void feedback_free_all(struct feedback *feedback, int node_count)
{
    for (int n = 0; feedback && n < node_count; n++)
        feedback_free(&feedback[n]);
    free(feedback);
}

sned_status feedback_measure(struct feedback **feedback, struct graph *graph,
                             const struct calibration_images *images,
                             const struct calibration_options *options, sned_error *error)
{
    struct moments *moments = NULL;
    struct uses uses = {0};
    sned_status status;
    *feedback = NULL;
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(sned_alloc(feedback, (size_t)graph->node_count, sizeof **feedback, error));
    SNED_TRY_DONE(moments_measure(&moments, graph, images, options, error));
    for (int n = 0; n < graph->node_count; n++)
        if (moments[n].samples && has_its_own(&uses, &graph->nodes[n]))
            SNED_TRY_DONE(feedback_make(&(*feedback)[n], &moments[n], graph, &graph->nodes[n], error));
done:
    for (int n = 0; moments && n < graph->node_count; n++)
        moments_free(&moments[n]);
    free(moments);
    sned_uses_free(&uses);
    return status;
}
