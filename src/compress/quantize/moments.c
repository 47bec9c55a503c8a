/*
 * moments.c - see moments.h. Positions are drawn per image and node from a fixed seed; their windows become
 * the rows of a matrix X, and X^T X is added up block by block.
 *
 * In float32 E[x x^T] - E[x] E[x]^T of channels that hardly vary would be the small difference of two large
 * numbers, and not a covariance at all: with variances below 0. Such columns are taken as differences from
 * their mean in the first rows, their origin; the others from 0, as they are.
 */
#include "compress/quantize/moments.h"
#include "base/memory.h"
#include "base/random.h"
#include "compress/quantize/filter_scale.h"
#include "graph/operator.h"
#include "runtime/window.h"

#include <dnnl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Enough for a block's second moments several times over. */
enum { SAMPLES = 16384 };

struct measurement {
    const struct graph *graph;
    struct moments *moments; /* [node_count] */
    bool *wanted;            /* [tensor_count] */
    int positions;           /* of an image */
    float *rows;             /* X, grown as needed */
    size_t capacity;
    struct random random;
};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

int moments_blocks(const struct moments *moments)
{
    return (moments->columns + moments->block - 1) / moments->block;
}

int moments_start(const struct moments *moments, int block)
{
    return smaller(block * moments->block, moments->columns);
}

static int block_size(const struct moments *moments, int block)
{
    return moments_start(moments, block + 1) - moments_start(moments, block);
}

static int all_blocks(const struct moments *moments)
{
    return moments->groups * moments_blocks(moments);
}

void moments_free(struct moments *moments)
{
    for (int i = 0; moments->second && i < all_blocks(moments); i++)
        free(moments->second[i]);
    free(moments->second);
    free(moments->mean);
    free(moments->origin);
    *moments = (struct moments){0};
}

static sned_status moments_new(struct moments *moments, const struct graph *graph, const struct node *node,
                               sned_error *error)
{
    const struct shape *shape = &graph->tensors[node_weights(node, 0)].shape;
    const int columns = (int)(sned_shape_elements(shape) / (size_t)shape->dim[0]);
    const int window = columns / (int)shape->dim[1];
    *moments = (struct moments){.groups = sned_op_is(node->op, OPERATOR_WINDOW) ? node->u.conv.groups : 1,
                                .filters = (int)shape->dim[0],
                                .columns = columns,
                                .block = window < MOMENTS_BLOCK ? MOMENTS_BLOCK / window * window : window};
    const size_t groups = (size_t)moments->groups;
    SNED_TRY(sned_alloc(&moments->mean, groups, (size_t)columns * sizeof *moments->mean, error));
    SNED_TRY(sned_alloc(&moments->origin, groups, (size_t)columns * sizeof *moments->origin, error));
    SNED_TRY(sned_alloc(&moments->second, (size_t)all_blocks(moments), sizeof(float *), error));
    for (int i = 0; i < all_blocks(moments); i++) {
        const size_t size = (size_t)block_size(moments, i % moments_blocks(moments));
        SNED_TRY(sned_alloc(&moments->second[i], size, size * sizeof(float), error));
    }
    return SNED_OK;
}

/* ---- windows ---- */

/* What group `group` of a Conv reads at output (y, x) of one image [C][H][W]. */
static void copy_window(const struct node *node, const struct extent *input, const float *image, int group,
                        int y, int x, float *row)
{
    const struct window *window = &node->u.conv.window;
    const int channels = input->channels / node->u.conv.groups;
    for (int c = 0; c < channels; c++) {
        const float *plane = image + (size_t)(group * channels + c) * (size_t)(input->height * input->width);
        for (int r = 0; r < window->kernel[0]; r++)
            for (int s = 0; s < window->kernel[1]; s++) {
                const int from_y = y * window->stride[0] - window->pad_begin[0] + r * window->dilation[0];
                const int from_x = x * window->stride[1] - window->pad_begin[1] + s * window->dilation[1];
                const bool inside =
                    from_y >= 0 && from_y < input->height && from_x >= 0 && from_x < input->width;
                *row++ = inside ? plane[from_y * input->width + from_x] : 0;
            }
    }
}

/* Fills m->rows [count * positions][columns] for one group; the rows to *rows. */
static sned_status fill_rows(struct measurement *m, const struct node *node, int group, const float *values,
                             size_t count, size_t *rows, sned_error *error)
{
    const struct moments *moments = &m->moments[node - m->graph->nodes];
    const struct tensor *input = &m->graph->tensors[node->inputs[0]];
    const struct extent in = sned_shape_extent(&input->shape),
                        out = sned_shape_extent(&m->graph->tensors[node->outputs[0]].shape);
    const size_t elements = sned_shape_elements(&input->shape), columns = (size_t)moments->columns;
    const int positions = smaller(m->positions, out.height * out.width);
    *rows = count * (size_t)positions;
    if (*rows * columns > m->capacity) {
        free(m->rows);
        m->rows = NULL;
        m->capacity = 0;
        SNED_TRY(sned_alloc(&m->rows, *rows, columns * sizeof(float), error));
        m->capacity = *rows * columns;
    }
    for (size_t r = 0; r < *rows; r++) {
        const float *image = values + r / (size_t)positions * elements;
        if (sned_op_is(node->op, OPERATOR_WINDOW)) {
            const int y = (int)sned_random_below(&m->random, (uint32_t)out.height);
            const int x = (int)sned_random_below(&m->random, (uint32_t)out.width);
            copy_window(node, &in, image, group, y, x, m->rows + r * columns);
        } else {
            memcpy(m->rows + r * columns, image, columns * sizeof(float));
        }
    }
    return SNED_OK;
}

/* A mean of so many deviations costs eight of float32's 24 bits. */
static const double narrow = 16;

/* The mean of each column that is narrow. That of equal numbers is that number, exactly. */
static void set_origin(float *origin, const float *rows, size_t count, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        double mean = 0, variance = 0;
        for (size_t r = 0; r < count; r++)
            mean += rows[r * columns + i];
        mean /= (double)count;
        for (size_t r = 0; r < count; r++)
            variance += pow(rows[r * columns + i] - mean, 2);
        variance /= (double)count;
        origin[i] = mean * mean > narrow * narrow * variance ? (float)mean : 0;
    }
}

static sned_status add_rows(struct measurement *m, struct moments *moments, int group, size_t rows,
                            sned_error *error)
{
    const size_t columns = (size_t)moments->columns;
    const int blocks = moments_blocks(moments);
    float *origin = moments->origin + (size_t)group * columns;
    float *mean = moments->mean + (size_t)group * columns;
    if (moments->samples == 0)
        set_origin(origin, m->rows, rows, columns);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < columns; i++)
            mean[i] += m->rows[r * columns + i] -= origin[i];
    for (int b = 0; b < blocks; b++) {
        const float *x = m->rows + moments_start(moments, b);
        const dnnl_dim_t size = block_size(moments, b), stride = moments->columns;
        if (dnnl_sgemm('T', 'N', size, size, (dnnl_dim_t)rows, 1, x, stride, x, stride, 1,
                       moments->second[group * blocks + b], size) != dnnl_success)
            return sned_fail(error, SNED_ERROR_MEMORY, "oneDNN: no matrix product");
    }
    return SNED_OK;
}

static sned_status see_inputs(void *context, int tensor, const float *values, size_t count, sned_error *error)
{
    struct measurement *m = context;
    for (int n = 0; n < m->graph->node_count; n++) {
        const struct node *node = &m->graph->nodes[n];
        struct moments *moments = &m->moments[n];
        size_t rows = 0;
        if (moments->filters == 0 || node->inputs[0] != tensor)
            continue;
        for (int g = 0; g < moments->groups; g++) {
            SNED_TRY(fill_rows(m, node, g, values, count, &rows, error));
            SNED_TRY(add_rows(m, moments, g, rows, error));
        }
        moments->samples += rows;
    }
    return SNED_OK;
}

/* Sums to means; false where one is no number. */
static bool divide(float *sums, size_t count, float share)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        sums[i] *= share;
        finite &= isfinite(sums[i]) != 0;
    }
    return finite;
}

static sned_status moments_finish(struct moments *moments, const struct node *node, sned_error *error)
{
    const float share = 1 / (float)moments->samples;
    bool finite = divide(moments->mean, (size_t)moments->groups * (size_t)moments->columns, share);
    int block = 0;
    for (; finite && block < all_blocks(moments); block++) {
        const size_t size = (size_t)block_size(moments, block % moments_blocks(moments));
        finite = divide(moments->second[block], size * size, share);
    }
    if (finite)
        return SNED_OK;
    const int group = block > 0 ? (block - 1) / moments_blocks(moments) : 0;
    return sned_fail(
        error, SNED_ERROR_DATA,
        "rounding: node '%.80s' (%s): what filter %d reads is no number, or too large to be squared",
        node->name, sned_op_name(node->op), group * (moments->filters / moments->groups));
}

double moments_mean(const struct moments *moments, int group, int column)
{
    const size_t at = (size_t)group * (size_t)moments->columns + (size_t)column;
    return (double)moments->origin[at] + moments->mean[at];
}

double moments_second(const struct moments *moments, int group, int block, bool centred, int i, int j)
{
    const int start = moments_start(moments, block);
    const size_t size = (size_t)block_size(moments, block);
    const float *second = moments->second[group * moments_blocks(moments) + block];
    const size_t at = (size_t)group * (size_t)moments->columns + (size_t)start;
    const float *mean = moments->mean + at, *origin = moments->origin + at;
    const double sum = second[(size_t)i * size + (size_t)j], a = origin[i], b = origin[j];
    return centred ? sum - (double)mean[i] * mean[j] : sum + a * mean[j] + b * mean[i] + a * b;
}

void moments_fill(const struct moments *moments, int group, int block, bool centred, const int *order,
                  float *h)
{
    const int size = block_size(moments, block);
    for (int i = 0; i < size; i++)
        for (int j = 0; j <= i; j++)
            h[(size_t)i * (size_t)size + (size_t)j] =
                (float)moments_second(moments, group, block, centred, order[i], order[j]);
}

sned_status moments_measure(struct moments **moments, struct graph *graph,
                            const struct calibration_images *images,
                            const struct calibration_options *options, sned_error *error)
{
    const size_t nodes = (size_t)graph->node_count, count = observed_images(images, options);
    struct measurement m = {.graph = graph, .positions = (int)(SAMPLES / (count ? count : 1)) + 1};
    sned_status status;
    sned_random_seed(&m.random, 1, 0);
    SNED_TRY_DONE(sned_alloc(&m.moments, nodes, sizeof *m.moments, error));
    SNED_TRY_DONE(sned_alloc(&m.wanted, (size_t)graph->tensor_count, sizeof *m.wanted, error));
    for (size_t n = 0; n < nodes; n++)
        if (has_filters(&graph->nodes[n])) {
            m.wanted[graph->nodes[n].inputs[0]] = true;
            SNED_TRY_DONE(moments_new(&m.moments[n], graph, &graph->nodes[n], error));
        }
    const struct observer observer = {.task = "round", .wanted = m.wanted, .see = see_inputs, .context = &m};
    SNED_TRY_DONE(observe(graph, images, options, &observer, error));
    for (size_t n = 0; n < nodes; n++)
        if (m.moments[n].samples)
            SNED_TRY_DONE(moments_finish(&m.moments[n], &graph->nodes[n], error));
done:
    for (size_t n = 0; status != SNED_OK && m.moments && n < nodes; n++)
        moments_free(&m.moments[n]);
    if (status != SNED_OK) {
        free(m.moments);
        m.moments = NULL;
    }
    *moments = m.moments;
    free(m.wanted);
    free(m.rows);
    return status;
}
