/*
 * layout.c - operators that move elements without changing them: Concat, Slice and Pad.
 *
 * The first axis is the batch, which executors choose: nothing may touch it.
 */
#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/operators/operators.h"
#include "io/onnx/operators/shapes.h"

#include <math.h>
#include <string.h>

/* Every input in the order of the first one's tensor, or every one straightened. */
static sned_status align_inputs(struct importer *importer, int count, int axes[GRAPH_MAX_RANK])
{
    struct onnx_value *first, *x;
    bool is_alike = true;
    int others[GRAPH_MAX_RANK];
    SNED_TRY(onnx_input_axes(importer, 0, &first, axes));
    for (int i = 1; i < count; i++) {
        SNED_TRY(onnx_input_view(importer, i, &x));
        is_alike &= onnx_view_axes(importer, x, others) && x->view.is_set == first->view.is_set &&
                    x->shape.rank == first->shape.rank &&
                    memcmp(axes, others, (size_t)x->shape.rank * sizeof *axes) == 0;
    }
    for (int i = 0; !is_alike && i < count; i++)
        SNED_TRY(onnx_input_activation(importer, i, &x));
    onnx_view_axes(importer, first, axes);
    return SNED_OK;
}

sned_status onnx_convert_concat(struct importer *importer)
{
    struct onnx_value *x, *first;
    int64_t attribute, total = 0;
    int axis, count = onnx_input_count(importer), inputs[ONNX_MAX_INPUTS], axes[GRAPH_MAX_RANK];
    struct node *node;
    if (count < 1)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "of nothing");
    SNED_TRY(align_inputs(importer, count, axes));
    SNED_TRY(onnx_input_view(importer, 0, &first));
    if (onnx_attribute(importer, "axis") == NULL)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "no axis");
    SNED_TRY(onnx_attribute_int(importer, "axis", 1, &attribute));
    SNED_TRY(onnx_axis(importer, attribute, first->shape.rank, &axis));
    struct shape shape = first->shape;
    for (int i = 0; i < count; i++) {
        SNED_TRY(onnx_input_view(importer, i, &x));
        struct shape other = x->shape;
        total += axis < other.rank ? other.dim[axis] : 0;
        other.dim[axis] = shape.dim[axis];
        if (!sned_shape_equal(&other, &shape))
            return onnx_fail(importer, SNED_ERROR_SHAPE, "input %d ('%s') has another shape", i, x->name);
        inputs[i] = x->tensor;
    }
    shape.dim[axis] = total;
    shape = onnx_tensor_axes(&shape, axes);
    SNED_TRY(onnx_emit(importer, OP_CONCAT, inputs, count, &shape, &node));
    node->u.concat.axis = axes[axis];
    onnx_output_turned(importer, first);
    return SNED_OK;
}

/* ---- Slice ---- */

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* ONNX: negative ends count from the back, both ends are clamped, so INT64_MAX and INT64_MIN mean "all". */
static struct slice_range resolve_slice(int64_t start, int64_t end, int64_t step, int64_t size)
{
    struct slice_range range = {.step = step};
    start = start < 0 ? clamp(start, -size - 1, -1) + size : start;
    end = end < 0 ? clamp(end, -size - 1, -1) + size : end;
    if (step > 0) {
        range.start = clamp(start, 0, size);
        end = clamp(end, 0, size);
        range.count = end > range.start ? (end - range.start - 1) / step + 1 : 0;
    } else {
        range.start = clamp(start, -1, size - 1);
        end = clamp(end, -1, size - 1);
        range.count = range.start > end ? (range.start - end - 1) / -step + 1 : 0;
    }
    return range;
}

sned_status onnx_slice_ranges(struct importer *importer, const struct shape *shape,
                              struct slice_range ranges[GRAPH_MAX_RANK])
{
    const int64_t *starts, *ends, *axes, *steps = NULL;
    int count, end_count, axis_count, step_count = 0;
    bool seen[GRAPH_MAX_RANK] = {false};
    SNED_TRY(onnx_ints(importer, "starts", 1, 10, &starts, &count));
    SNED_TRY(onnx_ints(importer, "ends", 2, 10, &ends, &end_count));
    SNED_TRY(onnx_ints(importer, "axes", 3, 10, &axes, &axis_count));
    if (importer->opset >= 10)
        SNED_TRY(onnx_input_ints(importer, 4, &steps, &step_count));
    if (starts == NULL || ends == NULL || end_count != count || (axes && axis_count != count) ||
        (steps && step_count != count) || count > shape->rank)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "%d starts, %d ends, %d axes and %d steps", count,
                         end_count, axis_count, step_count);
    for (int i = 0; i < shape->rank; i++)
        ranges[i] = (struct slice_range){0, 1, shape->dim[i]};
    for (int i = 0; i < count; i++) {
        int axis;
        SNED_TRY(onnx_axis(importer, axes ? axes[i] : i, shape->rank, &axis));
        int64_t step = steps ? steps[i] : 1;
        if (step == 0 || step == INT64_MIN || seen[axis])
            return onnx_fail(importer, SNED_ERROR_FORMAT, "step %lld on axis %d%s", (long long)step, axis,
                             seen[axis] ? ", which comes twice" : "");
        seen[axis] = true;
        ranges[axis] = resolve_slice(starts[i], ends[i], step, shape->dim[axis]);
    }
    return SNED_OK;
}

sned_status onnx_convert_slice(struct importer *importer)
{
    struct onnx_value *x;
    struct node *node;
    struct slice_range ranges[GRAPH_MAX_RANK];
    int axes[GRAPH_MAX_RANK];
    SNED_TRY(onnx_input_axes(importer, 0, &x, axes));
    struct shape shape = x->shape;
    shape.dim[0] = importer->is_batch_open ? GRAPH_MAX_DIM : importer->batch;
    SNED_TRY(onnx_slice_ranges(importer, &shape, ranges));
    if (ranges[0].start != 0 || ranges[0].step != 1 || ranges[0].count != shape.dim[0])
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "it takes a part of the batch");
    shape.dim[0] = ranges[0].count = 1;
    for (int i = 0; i < shape.rank; i++) {
        if (ranges[i].step < 0)
            return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "step %lld on axis %d",
                             (long long)ranges[i].step, i);
        if (ranges[i].count == 0)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "nothing is left of axis %d", i);
        shape.dim[i] = ranges[i].count;
    }
    struct shape from = x->shape;
    shape = onnx_tensor_axes(&shape, axes);
    SNED_TRY(onnx_emit(importer, OP_SLICE, &x->tensor, 1, &shape, &node));
    for (int i = 0; i < from.rank; i++) {
        int64_t step =
            ranges[i].step > from.dim[i] ? from.dim[i] : ranges[i].step; /* one element either way */
        int64_t end = ranges[i].start + (ranges[i].count - 1) * step + 1;
        node->u.slice.start[axes[i]] = ranges[i].start;
        node->u.slice.end[axes[i]] = end + step > from.dim[i] ? from.dim[i] : end;
        node->u.slice.step[axes[i]] = step;
    }
    onnx_output_turned(importer, x);
    return SNED_OK;
}

/* ---- Pad ---- */

/* Before opset 11 attributes, then inputs, from opset 18 on of some axes only. */
static sned_status read_pads(struct importer *importer, int rank, int64_t before[GRAPH_MAX_RANK],
                             int64_t after[GRAPH_MAX_RANK], double *value)
{
    const int64_t *pads, *axes = NULL;
    int count, axis_count = rank;
    float attribute = 0;
    SNED_TRY(onnx_ints(importer, "pads", 1, 11, &pads, &count));
    SNED_TRY(onnx_attribute_float(importer, "value", 0, &attribute));
    *value = attribute;
    if (importer->opset >= 11)
        SNED_TRY(onnx_input_number(importer, 2, 0, value));
    if (importer->opset >= 18)
        SNED_TRY(onnx_input_ints(importer, 3, &axes, &axis_count));
    if (axes == NULL)
        axis_count = rank;
    if (pads == NULL || count != 2 * axis_count)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "%d pads for %d axes", count, axis_count);
    for (int i = 0; i < axis_count; i++) {
        int axis;
        SNED_TRY(onnx_axis(importer, axes ? axes[i] : i, rank, &axis));
        before[axis] = pads[i];
        after[axis] = pads[axis_count + i];
        if (before[axis] < 0 || after[axis] < 0 || before[axis] > GRAPH_MAX_DIM ||
            after[axis] > GRAPH_MAX_DIM)
            return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "pads %lld and %lld on axis %d",
                             (long long)before[axis], (long long)after[axis], axis);
    }
    return SNED_OK;
}

/* `from` plus `number`, as a step on the way (suffix) or, where that is NULL, as this node's output. */
static sned_status emit_shift(struct importer *importer, int from, const struct shape *shape, float number,
                              const char *suffix, int *to)
{
    struct shape one = sned_shape(1, (int64_t)1);
    struct node *node;
    float *data;
    int constant;
    SNED_TRY(sned_alloc(&data, 1, sizeof *data, importer->error));
    data[0] = number;
    SNED_TRY(onnx_add_constant(importer, NULL, &one, data, &constant));
    if (suffix)
        return onnx_emit_step(importer, OP_ADD, (int[]){from, constant}, 2, shape, suffix, to, &node);
    return onnx_emit(importer, OP_ADD, (int[]){from, constant}, 2, shape, &node);
}

/* Zeros before and after each axis of a tensor. */
struct pads {
    int64_t before[GRAPH_MAX_RANK], after[GRAPH_MAX_RANK];
};

static void set_pads(struct node *node, const struct pads *pads)
{
    memcpy(node->u.pad.before, pads->before, sizeof pads->before);
    memcpy(node->u.pad.after, pads->after, sizeof pads->after);
}

/* The graph pads with zeros: with another value, what is padded is x - value, and the value is added after
 * it. That costs the digits of x that are below those of the value. */
static sned_status emit_shifted_pad(struct importer *importer, int x, const struct shape *shape, float value,
                                    const struct pads *pads)
{
    struct node *node;
    int shifted, padded;
    const struct shape from = importer->graph->tensors[x].shape;
    SNED_TRY(emit_shift(importer, x, &from, -value, "/shifted", &shifted));
    SNED_TRY(onnx_emit_step(importer, OP_PAD, &shifted, 1, shape, "/padded", &padded, &node));
    set_pads(node, pads);
    return emit_shift(importer, padded, shape, value, NULL, NULL);
}

/* `tensor` with pads, of which there are some or none. */
static sned_status emit_pad(struct importer *importer, int tensor, const struct pads *pads, float value)
{
    struct node *node;
    const struct shape from = importer->graph->tensors[tensor].shape;
    struct shape shape = from;
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] += pads->before[i] + pads->after[i];
    if (sned_shape_equal(&shape, &from))
        return onnx_emit(importer, OP_IDENTITY, &tensor, 1, &shape, &node);
    if (value != 0)
        return emit_shifted_pad(importer, tensor, &shape, value, pads);
    SNED_TRY(onnx_emit(importer, OP_PAD, &tensor, 1, &shape, &node));
    set_pads(node, pads);
    return SNED_OK;
}

sned_status onnx_convert_pad(struct importer *importer)
{
    enum { LARGEST_VALUE = 64 };
    struct onnx_value *x;
    char mode[32];
    double value;
    int axes[GRAPH_MAX_RANK];
    int64_t before[GRAPH_MAX_RANK] = {0}, after[GRAPH_MAX_RANK] = {0};
    struct pads pads = {0};
    SNED_TRY(onnx_input_axes(importer, 0, &x, axes));
    SNED_TRY(onnx_attribute_string(importer, "mode", "constant", mode));
    if (strcmp(mode, "constant") != 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "mode '%s'; only 'constant' is handled", mode);
    SNED_TRY(read_pads(importer, x->shape.rank, before, after, &value));
    if (!(value >= -LARGEST_VALUE && value <= LARGEST_VALUE))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "with the value %g; up to %d is handled", value,
                         LARGEST_VALUE);
    for (int i = 0; i < x->shape.rank; i++) {
        pads.before[axes[i]] = before[i];
        pads.after[axes[i]] = after[i];
    }
    SNED_TRY(emit_pad(importer, x->tensor, &pads, (float)value));
    onnx_output_turned(importer, x);
    return SNED_OK;
}
