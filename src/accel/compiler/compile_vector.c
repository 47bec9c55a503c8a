/*
 * compile_vector.c - sums, LRN and copies on the vector unit; pools: compile_pool.c.
 */
#include "accel/place/axes.h"
#include "accel/compiler/compile.h"
#include "accel/program/numbers.h"
#include "accel/program/vector_cycles.h"
#include "accel/compiler/walk.h"

static sned_status refuse(sned_error *error, const char *why)
{
    return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the accelerator has no %s", why);
}

sned_status compile_work(struct compiler *c, int node, const struct vector_work *work, sned_error *error)
{
    return step_add(&c->steps, node,
                    &(struct task){.work = {.unit = CODE_VECTOR, .u.vector = *work},
                                   .cycles = vector_cycles(work, c->config)},
                    error);
}

sned_status compile_walk(struct compiler *c, int node, const struct vector_work *walk, sned_error *error)
{
    struct vector_work step;
    int64_t at[2] = {0, 0};
    while (walk_next(&step, at, walk, c->config))
        SNED_TRY(compile_work(c, node, &step, error));
    return SNED_OK;
}

sned_status compile_runs(struct compiler *c, int node, const struct spot *in, const struct spot *second,
                         const struct spot *out, const struct vector_work *sum, sned_error *error)
{
    const bool solid = spot_is_solid(in) && spot_is_solid(second) && spot_is_solid(out);
    const int64_t rows = (int64_t)out->height * out->pitch;
    for (int channel = 0; channel < (solid ? 1 : out->extent.channels); channel++) {
        struct vector_work work = *sum;
        work.operation = VECTOR_ADD;
        work.base = in->base + (int64_t)channel * in->plane;
        work.second = second->base + (int64_t)channel * second->plane;
        work.out_base = out->base + (int64_t)channel * out->plane;
        work.length = solid ? out->extent.channels * rows : rows;
        SNED_TRY(compile_work(c, node, &work, error));
    }
    return SNED_OK;
}

/* a * multiplier[0] + b * multiplier[1]: Relu and Clip take 0 of b. */
static sned_status compile_sum(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                               sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct integer_rule *rule = &node->rules[0];
    const bool two = node->op == OP_ADD;
    const struct spot *second = two ? placement_spot(c->placement, node->inputs[1]) : in;
    if (!second)
        return refuse(error, "sum with a constant");
    if (out->wide)
        return refuse(error, "sum of 16 bits");
    return compile_runs(c, index, in, second, out,
                        &(struct vector_work){.is_signed = in->is_signed,
                                              .second_signed = second->is_signed,
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
    const int rank = c->graph->tensors[node->outputs[0]].shape.rank;
    static const int one[2] = {1, 1}, none[2] = {0, 0};
    int64_t start[AXIS_COUNT], step[AXIS_COUNT];
    axes_of(start, rank, node->u.slice.start, 0);
    axes_of(step, rank, node->u.slice.step, 1);
    struct vector_work work = walk_of(in, out, one, one, none, c->config);
    work.stride_down = step[AXIS_ROW];
    work.row_step = step[AXIS_ROW] * in->pitch;
    work.stride_right = step[AXIS_COLUMN];
    work.segment_step *= step[AXIS_COLUMN];
    work.base += start[AXIS_CHANNEL] * in->plane;
    work.plane *= step[AXIS_CHANNEL];
    work.channels = out->extent.channels;
    walk_from(&work, start[AXIS_ROW], start[AXIS_COLUMN]);
    return compile_walk(c, index, &work, error);
}

/* A copy of `in` into `out` from a corner on. */
static sned_status add_copy(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                            const int64_t corner[AXIS_COUNT], sned_error *error)
{
    struct vector_work work = walk_copy(in, out, c->config);
    work.out_base += corner[AXIS_CHANNEL] * out->plane + corner[AXIS_ROW] * out->pitch + corner[AXIS_COLUMN];
    return compile_walk(c, index, &work, error);
}

/* Zeros, and a copy into them. */
static sned_status compile_pad(struct compiler *c, int index, const struct spot *in, const struct spot *out,
                               sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    int64_t before[AXIS_COUNT];
    axes_of(before, c->graph->tensors[node->outputs[0]].shape.rank, node->u.pad.before, 0);
    SNED_TRY(compile_runs(c, index, out, out, out, &(struct vector_work){.shift = 1}, error));
    return add_copy(c, index, in, out, before, error);
}

/* A copy of each input that does not lie in the result as it is. One that is another shape's bytes becomes a
 * part of a vector: element after element. */
static sned_status compile_concat(struct compiler *c, int index, const struct spot *out, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    for (int i = 0; i < node->input_count; i++) {
        const struct spot *in = placement_spot(c->placement, node->inputs[i]);
        const struct shape *shape = &c->graph->tensors[node->inputs[i]].shape;
        struct spot to = *out;
        int64_t corner[AXIS_COUNT];
        if (placement_in_place(c->placement, index, i, 0))
            continue;
        placement_corner(corner, c->graph, index, i);
        if (sned_shape_extent(shape).channels != in->extent.channels) {
            if (out->plane != 1)
                return refuse(error, "copy of elements into a vector whose elements are no neighbours");
            to.base += corner[AXIS_CHANNEL];
            to.pitch = in->extent.width;
            to.plane = in->extent.height * in->extent.width;
            corner[AXIS_CHANNEL] = 0;
        }
        SNED_TRY(add_copy(c, index, in, &to, corner, error));
    }
    return SNED_OK;
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
                                              .length = (int64_t)in->height * in->pitch,
                                              .shift = node->rules[0].scalings[0].shift,
                                              .low = node->rules[0].low,
                                              .high = node->rules[0].high,
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
    const struct spot *in = placement_spot(c->placement, node->inputs[0]);
    const struct spot *copy = placement_copy(c->placement, index);
    static const int one[2] = {1, 1}, none[2] = {0, 0};
    for (int phase = 0; phase < w->stride[0] * w->stride[1]; phase++) {
        if (!(copy->phases >> phase & 1))
            continue;
        struct vector_work work = walk_of(in, copy, one, w->stride, none, c->config);
        walk_from(&work, phase / w->stride[1], phase % w->stride[1]);
        work.out_base += (int64_t)spot_phase_index(copy, phase) * copy->plane;
        work.out_plane = (int64_t)copy->plane * spot_phases(copy);
        work.out_height = copy->height;
        work.out_width = copy->width;
        SNED_TRY(compile_walk(c, index, &work, error));
    }
    return SNED_OK;
}

sned_status compile_vector(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct spot *in = placement_spot(c->placement, node->inputs[0]);
    const struct spot *out = placement_spot(c->placement, node->outputs[0]);
    if (in->stride[0] * in->stride[1] != 1)
        return refuse(error, "way to read the graph's input as a strided Conv beside it does");
    switch (node->op) {
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
    case OP_GLOBAL_AVERAGE_POOL:
        return compile_pool(c, index, error);
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
    case OP_CONCAT:
        return compile_concat(c, index, out, error);
    default:
        return refuse(error, "unit for it");
    }
}
