/*
 * compile_vector.c - pools, sums, LRN and copies on the vector unit.
 */
#include "accel/compile.h"
#include "accel/numbers.h"
#include "accel/reduce.h"
#include "accel/vector_cycles.h"

#include <string.h>

static sned_status refuse(sned_error *error, const char *why)
{
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the accelerator has no %s", why);
}

static sned_status add_vector(struct compiler *c, int node, const struct vector_work *work, sned_error *error)
{
    return step_add(&c->steps, node,
                    &(struct task){.work = {.unit = CODE_VECTOR, .u.vector = *work},
                                   .cycles = vector_cycles(work, c->config)},
                    error);
}

static struct vector_work walk(const struct compiler *c, const struct spot *in, const struct spot *out,
                               const int kernel[2], const int stride[2], const int pad[2])
{
    return (struct vector_work){.is_signed = in->is_signed,
                                .base = in->base,
                                .second = out->base + (out->wide ? out->bytes / 2 : 0),
                                .plane = in->plane,
                                .out_base = out->base,
                                .out_plane = out->plane,
                                .height = in->extent.height,
                                .width = in->extent.width,
                                .pitch = in->pitch,
                                .row_step = (int64_t)stride[0] * in->pitch,
                                .stride_down = stride[0],
                                .stride_right = stride[1],
                                .segment_step = (int64_t)pool_outputs(c->config) * stride[1],
                                .kernel_height = kernel[0],
                                .kernel_width = kernel[1],
                                .pad_top = pad[0],
                                .pad_left = pad[1],
                                .out_height = out->extent.height,
                                .out_width = out->extent.width,
                                .out_pitch = out->pitch,
                                .channels = in->extent.channels,
                                .wide = out->wide};
}

static struct vector_work reduce(const struct spot *in, const struct spot *out)
{
    const struct extent rows = reduce_rows(&in->extent, in->pitch);
    return (struct vector_work){.is_signed = in->is_signed,
                                .base = in->base,
                                .second = out->base + (out->wide ? out->bytes / 2 : 0),
                                .plane = in->plane,
                                .out_base = out->base,
                                .out_plane = out->plane,
                                .height = rows.height,
                                .width = rows.width,
                                .pitch = in->pitch,
                                .channels = in->extent.channels,
                                .wide = out->wide};
}

/* Elements that window (y, x) counts. */
static int elements_of(const struct node *node, const struct window *w, const struct extent *in, int y, int x)
{
    int sides[2];
    for (int axis = 0; axis < 2; axis++) {
        const int size = axis ? in->width : in->height;
        const bool padded = node->op == OP_AVERAGE_POOL && node->u.pool.count_include_pad;
        const int from = (axis ? x : y) * w->stride[axis] - w->pad_begin[axis], to = from + w->kernel[axis];
        const int low = padded ? -w->pad_begin[axis] : 0, high = size + (padded ? w->pad_end[axis] : 0);
        sides[axis] = (to < high ? to : high) - (from > low ? from : low);
    }
    return sides[0] * sides[1];
}

/* The scaling of all windows, or NULL where they count different numbers of elements. */
static const struct scaling *scaling_of(const struct node *node, const struct window *w,
                                        const struct extent *in, const struct extent *out)
{
    const int count = elements_of(node, w, in, 0, 0);
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++)
            if (elements_of(node, w, in, y, x) != count)
                return NULL;
    for (int i = 0; i < node->integer.scaling_count; i++)
        if (node->integer.counts[i] == count)
            return &node->integer.scalings[i];
    return NULL;
}

static sned_status compile_pool(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                                sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const bool global = node->op == OP_GLOBAL_AVERAGE_POOL;
    const struct window all = {
        .kernel = {in->extent.height, in->extent.width}, .stride = {1, 1}, .dilation = {1, 1}};
    const struct window w = global ? all : node->u.pool.window;
    const bool reduces = reduce_fits(node, &in->extent, &out->extent);
    if (w.dilation[0] != 1 || w.dilation[1] != 1)
        return refuse(error, "dilated pool");
    if (!reduces && (w.stride[0] > 15 || (w.stride[1] > 3 && out->extent.width > 1)))
        return refuse(error, "pool of strides beyond 15 down or 3 to the right");
    const int stride[2] = {w.stride[0], w.stride[1] > 3 ? 1 : w.stride[1]};
    struct vector_work work = reduces ? reduce(in, out) : walk(c, in, out, w.kernel, stride, w.pad_begin);
    if (node->op != OP_MAX_POOL) {
        const struct scaling *scaling = scaling_of(node, &w, &in->extent, &out->extent);
        if (!scaling)
            return refuse(error, "average pool whose windows count different numbers of elements");
        work.operation = reduces ? VECTOR_REDUCE : VECTOR_AVERAGE;
        work.multiplier = scaling->multiplier;
        work.shift = scaling->shift;
        work.low = node->integer.low;
        work.high = node->integer.high;
    }
    return add_vector(c, index, &work, error);
}

/* a * multiplier[0] + b * multiplier[1]: Relu and Clip take 0 of b. */
static sned_status compile_sum(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                               sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct integer_rule *rule = &node->integer;
    const bool two = node->op == OP_ADD;
    if (rule->slope)
        return refuse(error, "LeakyRelu");
    if (two && c->placement->of_tensor[node->inputs[1]] < 0)
        return refuse(error, "sum with a constant");
    const struct spot *second = two ? &c->placement->spots[c->placement->of_tensor[node->inputs[1]]] : in;
    if (out->wide || in->stride[0] * in->stride[1] != 1 || second->stride[0] * second->stride[1] != 1)
        return refuse(error, "sum of 16 bits, or of the graph's input with a strided Conv beside it");
    return add_vector(c, index,
                      &(struct vector_work){.operation = VECTOR_ADD,
                                            .is_signed = in->is_signed,
                                            .second_signed = second->is_signed,
                                            .base = in->base,
                                            .second = second->base,
                                            .out_base = out->base,
                                            .length = (int64_t)out->extent.channels * out->plane,
                                            .multiplier = rule->scalings[0].multiplier,
                                            .second_multiplier = two ? rule->scalings[1].multiplier : 0,
                                            .shift = rule->scalings[0].shift,
                                            .low = rule->low,
                                            .high = rule->high},
                      error);
}

/* Every step-th element from `start` on; of an image's rows, columns and channels. */
static sned_status compile_slice(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                                 sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const int64_t *start = node->u.slice.start, *step = node->u.slice.step;
    static const int one[2] = {1, 1}, none[2] = {0, 0};
    const bool image = c->graph->tensors[node->output].shape.rank == 4;
    if (!image || start[0] != 0 || step[2] > 15 || step[3] > 3 || in->stride[0] * in->stride[1] != 1)
        return refuse(error, "slice but of an image, with steps of 15 down and 3 to the right at most");
    const int steps[2] = {(int)step[2], (int)step[3]};
    struct vector_work work = walk(c, in, out, one, steps, none);
    work.base += start[1] * in->plane + start[2] * in->pitch + start[3];
    work.plane *= step[1];
    work.channels = out->extent.channels;
    work.height -= start[2];
    work.width -= start[3];
    return add_vector(c, index, &work, error);
}

/* Zeros, and a copy into them. */
static sned_status compile_pad(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                               sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const int64_t *before = node->u.pad.before;
    static const int one[2] = {1, 1}, none[2] = {0, 0};
    if (c->graph->tensors[node->output].shape.rank != 4 || in->stride[0] * in->stride[1] != 1)
        return refuse(error, "pad but of an image");
    SNED_TRY(add_vector(c, index,
                        &(struct vector_work){.operation = VECTOR_ADD,
                                              .base = out->base,
                                              .second = out->base,
                                              .out_base = out->base,
                                              .length = (int64_t)out->extent.channels * out->plane,
                                              .shift = 1},
                        error));
    struct vector_work work = walk(c, in, out, one, one, none);
    work.out_base += before[1] * out->plane + before[2] * out->pitch + before[3];
    work.out_height = in->extent.height;
    work.out_width = in->extent.width;
    return add_vector(c, index, &work, error);
}

static sned_status compile_lrn(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                               sned_error *error)
{
    enum { MOST = 15, WORDS = LRN_TABLE_SIZE * 2 / DDR_WORD };
    const struct node *node = &c->graph->nodes[index];
    const uint16_t *table = c->graph->tensors[node->inputs[1]].data;
    struct task task = {.work = {.unit = CODE_VECTOR}};
    uint8_t *bytes;
    if (node->u.lrn.size > MOST)
        return refuse(error, "LRN over more than 15 channels");
    SNED_TRY(step_data(&c->steps, WORDS, &task.table, &bytes, error));
    for (int i = 0; i < LRN_TABLE_SIZE; i++) {
        bytes[2 * i] = (uint8_t)table[i];
        bytes[2 * i + 1] = (uint8_t)(table[i] >> 8);
    }
    task.work.u.vector = (struct vector_work){.operation = VECTOR_LRN,
                                              .is_signed = in->is_signed,
                                              .base = in->base,
                                              .plane = in->plane,
                                              .out_base = out->base,
                                              .out_plane = out->plane,
                                              .channels = in->extent.channels,
                                              .length = in->plane,
                                              .shift = node->integer.scalings[0].shift,
                                              .low = node->integer.low,
                                              .high = node->integer.high,
                                              .lrn_size = node->u.lrn.size,
                                              .lrn_after = node->u.lrn.size / 2};
    task.cycles = vector_cycles(&task.work.u.vector, c->config);
    return step_add(&c->steps, index, &task, error);
}

/* A copy for each phase that a tap reads: pixels (y stride + phase, x stride + phase). Past the image's edge
 * a window without elements gives 0. */
sned_status compile_copy(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct window *w = &node->u.conv.window;
    const struct spot *in = &c->placement->spots[c->placement->of_tensor[node->inputs[0]]];
    const struct spot *copy = &c->placement->spots[c->placement->copy_for[index]];
    static const int one[2] = {1, 1}, none[2] = {0, 0};
    if (w->stride[0] > 15 || w->stride[1] > 3 || in->stride[0] * in->stride[1] != 1)
        return refuse(error, "copy for strides beyond 15 down or 3 to the right");
    for (int phase = 0; phase < w->stride[0] * w->stride[1]; phase++) {
        const int y = phase / w->stride[1], x = phase % w->stride[1];
        if (!(copy->phases >> phase & 1))
            continue;
        struct vector_work work = walk(c, in, copy, one, w->stride, none);
        work.base += (int64_t)y * in->pitch + x;
        work.height = larger(work.height - y, 0);
        work.width = larger(work.width - x, 0);
        work.out_base += (int64_t)spot_phase_index(copy, phase) * copy->plane;
        work.out_plane = (int64_t)copy->plane * spot_phases(copy);
        work.out_height = copy->height;
        work.out_width = copy->width;
        SNED_TRY(add_vector(c, index, &work, error));
    }
    return SNED_OK;
}

sned_status compile_vector(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct spot *in = &c->placement->spots[c->placement->of_tensor[node->inputs[0]]];
    const struct spot *out = &c->placement->spots[c->placement->of_tensor[node->output]];
    switch (node->op) {
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_GLOBAL_AVERAGE_POOL:
        return compile_pool(c, index, in, out, error);
    case OP_ADD:
    case OP_RELU:
    case OP_CLIP:
        return compile_sum(c, index, in, out, error);
    case OP_LRN:
        return compile_lrn(c, index, in, out, error);
    case OP_SLICE:
        return compile_slice(c, index, in, out, error);
    case OP_PAD:
        return compile_pad(c, index, in, out, error);
    default:
        return refuse(error, "unit for it");
    }
}
