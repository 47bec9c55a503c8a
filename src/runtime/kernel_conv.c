/*
 * kernel_conv.c - convolution that does no work for a zero weight.
 *
 * The input is first widened to 16 bits and laid out in planes with its padding, one for each channel and
 * each phase of the stride: with stride 2, the pixels of even rows and even columns are one plane, and so on.
 * On these planes any convolution has stride 1, and a kernel's tap is a constant distance in memory. So each
 * non-zero weight is an (offset, value) pair, and a tile of output rows is the sum of shifted input rows,
 * each times one weight: long loops over adjacent pixels, which compilers turn into vector instructions.
 * Columns between the output's width and the plane's are computed and thrown away.
 */
#include "runtime/kernel.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Accumulators of a tile: 4 KiB, with the input rows it reads in the first caches. */
enum { TILE_PIXELS = 1024 };

struct conv_layer {
    struct value input, output;
    struct window window;
    int group_channels, group_filters;
    size_t plane_height, plane_width, plane; /* of one phase */
    int phases[2];                           /* that a tap can fall on: at most the stride */
    int tile_rows, tiles;                    /* tiles: of a filter */
    const int32_t *bias;                     /* [K] or NULL; the graph's */
    size_t *first; /* [K + 1]: filter k has the pairs of taps first[k] to first[k + 1] */
    struct tap_pair *pairs;
};

static uint32_t tap_offset(const struct conv_layer *conv, int channel, int row, int column)
{
    const struct window *window = &conv->window;
    size_t y = (size_t)row * window->dilation[0], x = (size_t)column * window->dilation[1];
    size_t phase = y % window->stride[0] * conv->phases[1] + x % window->stride[1];
    size_t plane = (size_t)channel * conv->phases[0] * conv->phases[1] + phase;
    return (uint32_t)(plane * conv->plane + y / window->stride[0] * conv->plane_width +
                      x / window->stride[1]);
}

static size_t count_pairs(const int8_t *weight, size_t filters, size_t length)
{
    size_t pairs = 0;
    for (size_t k = 0; k < filters; k++, weight += length) {
        size_t kept = 0;
        for (size_t i = 0; i < length; i++)
            kept += weight[i] != 0;
        pairs += (kept + 1) / 2;
    }
    return pairs;
}

/* The offsets are from a pixel's place in the first plane of the filter's group. */
static sned_status list_taps(struct conv_layer *conv, const struct tensor *weights, sned_error *error)
{
    const int8_t *weight = weights->data;
    const size_t filters = (size_t)weights->shape.dim[0];
    const size_t length = sned_shape_elements(&weights->shape) / filters;
    SNED_TRY(sned_alloc(&conv->first, filters + 1, sizeof *conv->first, error));
    SNED_TRY(sned_alloc(&conv->pairs, count_pairs(weight, filters, length), sizeof *conv->pairs, error));
    struct tap_pair *pair = conv->pairs;
    for (size_t k = 0; k < filters; k++) {
        int half = 0;
        conv->first[k] = (size_t)(pair - conv->pairs);
        for (int c = 0; c < conv->group_channels; c++)
            for (int r = 0; r < conv->window.kernel[0]; r++)
                for (int s = 0; s < conv->window.kernel[1]; s++, weight++) {
                    if (!*weight)
                        continue;
                    pair->offset[half] = tap_offset(conv, c, r, s);
                    pair->weight[half] = *weight;
                    if (half == 0)
                        pair->offset[1] = pair->offset[0];
                    pair += half;
                    half = !half;
                }
        pair += half;
    }
    conv->first[filters] = (size_t)(pair - conv->pairs);
    return SNED_OK;
}

/* The part of the padded image that the windows reach, in planes; false where offsets exceed 32 bits. */
static bool plan_planes(struct conv_layer *conv, size_t *scratch_size)
{
    const struct window *window = &conv->window;
    size_t reach[2], outputs[2] = {conv->output.extent.height, conv->output.extent.width};
    for (int axis = 0; axis < 2; axis++) {
        size_t stride = window->stride[axis],
               span = (size_t)(window->kernel[axis] - 1) * window->dilation[axis] + 1;
        reach[axis] = ((outputs[axis] - 1) * stride + span + stride - 1) / stride;
        conv->phases[axis] = (int)(span < stride ? span : stride);
    }
    size_t total;
    conv->plane_height = reach[0];
    conv->plane_width = reach[1];
    if (!sned_size_multiply(reach[0], reach[1], &conv->plane) ||
        !sned_size_multiply(conv->plane, (size_t)conv->phases[0] * conv->phases[1], &total) ||
        !sned_size_multiply(total, conv->input.extent.channels, &total) || total > INT32_MAX)
        return false;
    *scratch_size = total * sizeof(int16_t);
    conv->tile_rows = TILE_PIXELS > conv->plane_width ? (int)(TILE_PIXELS / conv->plane_width) : 1;
    return true;
}

static void conv_release(struct step *step)
{
    struct conv_layer *conv = step->state;
    if (!conv)
        return;
    free(conv->first);
    free(conv->pairs);
    free(conv);
    step->state = NULL;
}

static sned_status conv_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                sned_error *error)
{
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const int bias = node_bias(node, 0);
    struct conv_layer *conv;
    SNED_TRY(sned_alloc(&conv, 1, sizeof *conv, error));
    step->state = conv;
    conv->input = step->inputs[0];
    conv->output = step->outputs[0];
    conv->window = node->u.conv.window;
    conv->group_channels = (int)weights->shape.dim[1];
    conv->group_filters = (int)weights->shape.dim[0] / node->u.conv.groups;
    conv->bias = bias >= 0 ? graph->tensors[bias].data : NULL;
    if (!plan_planes(conv, &step->scratch_size))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%s' (Conv): its input is too large",
                         node->name);
    step->own_size = (size_t)conv->tile_rows * conv->plane_width * sizeof(int32_t);
    conv->tiles = (conv->output.extent.height + conv->tile_rows - 1) / conv->tile_rows;
    if ((int64_t)conv->tiles * conv->output.extent.channels > INT32_MAX)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "node '%s' (Conv): its output is too large",
                         node->name);
    step->tasks[0] = conv->input.extent.channels;
    step->tasks[1] = conv->tiles * conv->output.extent.channels;
    return list_taps(conv, weights, error);
}

/* One row of one phase of one channel: every stride-th pixel of `input` from column -pad + phase on, zeros
 * outside of it. */
static void copy_row(const struct conv_layer *conv, micro_widen *widen, const uint8_t *input, int phase,
                     int16_t *row)
{
    const int64_t stride = conv->window.stride[1], width = conv->input.extent.width;
    const int64_t x = (int64_t)phase - conv->window.pad_begin[1], length = (int64_t)conv->plane_width;
    const int64_t before = x >= 0 ? 0 : (-x + stride - 1) / stride;
    const int64_t within = x >= width ? 0 : (width - x + stride - 1) / stride;
    const int64_t end = within < length ? within : length, first = before < end ? before : end;
    memset(row, 0, (size_t)first * sizeof *row);
    memset(row + end, 0, (size_t)(length - end) * sizeof *row);
    if (stride == 1)
        widen(row + first, input + (x + first) * (int64_t)value_size(conv->input.type),
              (size_t)(end - first));
    else
        for (int64_t j = first; j < end; j++)
            row[j] = (int16_t)value_load(input, conv->input.type, (size_t)(x + j * stride));
}

/* Channels [first, end): `input` is [C][H][W], `planes` is [C][phases of rows][phases of columns][plane
 * height][plane width]. */
static void fill_planes(const struct conv_layer *conv, micro_widen *widen, const uint8_t *input,
                        int16_t *planes, int first, int end)
{
    const struct window *window = &conv->window;
    const int64_t height = conv->input.extent.height;
    const int64_t row = conv->input.extent.width * (int64_t)value_size(conv->input.type);
    input += first * height * row;
    planes += (size_t)first * conv->phases[0] * conv->phases[1] * conv->plane;
    for (int c = first; c < end; c++, input += height * row)
        for (int py = 0; py < conv->phases[0]; py++)
            for (int px = 0; px < conv->phases[1]; px++)
                for (size_t i = 0; i < conv->plane_height; i++, planes += conv->plane_width) {
                    const int64_t y = (int64_t)i * window->stride[0] + py - window->pad_begin[0];
                    if (y < 0 || y >= height)
                        memset(planes, 0, conv->plane_width * sizeof *planes);
                    else
                        copy_row(conv, widen, input + y * row, px, planes);
                }
}

/* Rows [y, y + rows) of filter k, from its sums. */
static void write_rows(const struct step *step, int k, int y, int rows, const int32_t *sums, uint8_t *output)
{
    const struct conv_layer *conv = step->state;
    const size_t height = (size_t)conv->output.extent.height, width = (size_t)conv->output.extent.width;
    const size_t size = value_size(conv->output.type);
    micro_requantize *requantize = step->micro->requantize[conv->output.type];
    output += ((size_t)k * height + y) * width * size;
    for (int row = 0; row < rows; row++, sums += conv->plane_width, output += width * size)
        requantize(output, sums, width, step->rule->scalings[k], step->rule);
}

/* A tile of rows of one filter. */
static void run_tile(const struct step *step, const struct step_work *work, int tile, int k)
{
    const struct conv_layer *conv = step->state;
    const size_t group_size = (size_t)conv->group_channels * conv->phases[0] * conv->phases[1] * conv->plane;
    const int y = tile * conv->tile_rows, height = conv->output.extent.height;
    const int rows = conv->tile_rows < height - y ? conv->tile_rows : height - y;
    const size_t length = (size_t)(rows - 1) * conv->plane_width + conv->output.extent.width;
    const int16_t *input =
        (const int16_t *)work->scratch + k / conv->group_filters * group_size + (size_t)y * conv->plane_width;
    const int32_t bias = conv->bias ? conv->bias[k] : 0;
    int32_t *sums = work->own;
    for (size_t p = 0; p < length; p++)
        sums[p] = bias;
    step->micro->add_taps(sums, length, input, conv->pairs + conv->first[k],
                          conv->first[k + 1] - conv->first[k]);
    write_rows(step, k, y, rows, sums, work->outputs[0]);
}

/* Phase 0, a task a channel: the input to planes. Phase 1, all filters of a tile one behind the other. */
static void conv_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct conv_layer *conv = step->state;
    const int filters = conv->output.extent.channels;
    if (phase == 0)
        fill_planes(conv, step->micro->widen[conv->input.type], work->inputs[0], work->scratch, first, end);
    else
        for (int task = first; task < end; task++)
            run_tile(step, work, task / filters, task % filters);
}

const struct kernel sned_kernel_conv = {"conv sparse", conv_prepare, conv_run, conv_release};
