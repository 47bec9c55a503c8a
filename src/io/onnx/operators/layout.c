/*
 * layout.c - operators that move elements without changing them: Concat, Slice, Pad, and new shapes.
 *
 * The first axis is the batch, which executors choose: nothing may touch it. Squeeze and Unsqueeze are
 * Reshapes. Transpose is in view.c.
 */
#include "io/onnx/node/importer.h"

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

/* ---- new shapes ---- */

/* Is the batch an axis of size 1, in the file as in the graph? Otherwise nothing may be done to it. */
static bool is_batch_one(const struct importer *importer)
{
    return !importer->is_batch_open && importer->batch == 1;
}

/* A batch of 1 that the file takes away from its result stays: nobody else reads it. */
static void keep_batch(struct importer *importer, struct shape *shape)
{
    const struct onnx_value *output = onnx_output(importer);
    bool is_result = output->readers == 1 && strcmp(output->name, importer->proto->output[0]->name) == 0;
    if (!is_batch_one(importer) || !is_result || (shape->rank > 1 && shape->dim[0] == 1) ||
        shape->rank == GRAPH_MAX_RANK)
        return;
    memmove(shape->dim + 1, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]);
    shape->dim[0] = 1;
    shape->rank += 1;
    if (shape->rank == 1)
        *shape = sned_shape(2, (int64_t)1, (int64_t)1);
}

sned_status onnx_convert_flatten(struct importer *importer)
{
    struct onnx_value *x;
    int64_t axis, size = 1;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    SNED_TRY(onnx_attribute_int(importer, "axis", 1, &axis));
    if (axis < 0)
        axis += x->shape.rank;
    if (axis < 0 || axis > x->shape.rank)
        return onnx_fail(importer, SNED_ERROR_SHAPE, "axis %lld of a tensor of %d dimensions",
                         (long long)axis, x->shape.rank);
    for (int i = 1; i < x->shape.rank; i++) {
        if ((axis == 0 && !is_batch_one(importer)) || (i < axis && x->shape.dim[i] != 1))
            return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                             "at axis %lld, which takes other axes into the batch", (long long)axis);
        size *= x->shape.dim[i];
    }
    struct shape shape = sned_shape(2, (int64_t)1, size);
    return onnx_emit_new_shape(importer, x, &shape);
}

sned_status onnx_reshape_shape(struct importer *importer, const struct shape *from, bool is_activation,
                               struct shape *to)
{
    const int64_t *dims;
    int count, open = -1;
    int64_t allow_zero;
    size_t elements, known = 1, product;
    SNED_TRY(onnx_attribute_int(importer, "allowzero", 0, &allow_zero));
    SNED_TRY(onnx_input_ints(importer, 1, &dims, &count));
    if (dims == NULL || count > GRAPH_MAX_RANK)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "no shape, or one of more than %d dimensions",
                         GRAPH_MAX_RANK);
    *to = (struct shape){.rank = count};
    for (int i = 0; i < count; i++) {
        int64_t size = dims[i] == 0 && !allow_zero && i < from->rank ? from->dim[i] : dims[i];
        if (is_activation && i == 0 && size == importer->batch)
            size = 1;
        if (size < -1 || size > GRAPH_MAX_DIM || (size == -1 && open >= 0))
            return onnx_fail(importer, SNED_ERROR_FORMAT, "dimension %d of the new shape is %lld", i,
                             (long long)size);
        if (size == -1)
            open = i;
        else if (!sned_size_multiply(known, (size_t)size, &known))
            return onnx_fail(importer, SNED_ERROR_FORMAT, "the new shape is too large");
        to->dim[i] = size;
    }
    if (!onnx_elements(from, &elements))
        return onnx_fail(importer, SNED_ERROR_FORMAT, "the tensor is too large");
    if (open >= 0 && known > 0)
        to->dim[open] = (int64_t)(elements / known);
    if (!onnx_elements(to, &product) || product != elements || (open >= 0 && known == 0))
        return onnx_fail(importer, SNED_ERROR_SHAPE, "%zu elements do not fit the new shape", elements);
    return SNED_OK;
}

sned_status onnx_convert_reshape(struct importer *importer)
{
    struct onnx_value *x;
    struct shape shape;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    SNED_TRY(onnx_reshape_shape(importer, &x->shape, true, &shape));
    keep_batch(importer, &shape);
    return onnx_emit_new_shape(importer, x, &shape);
}

/* The axes of Squeeze and Unsqueeze as flags, resolved against `rank`; *count: how many. */
static sned_status read_axes(struct importer *importer, int rank, bool flags[GRAPH_MAX_RANK], int *count)
{
    const int64_t *axes;
    memset(flags, 0, GRAPH_MAX_RANK * sizeof *flags);
    SNED_TRY(onnx_ints(importer, "axes", 1, 13, &axes, count));
    for (int i = 0; i < *count; i++) {
        int axis;
        SNED_TRY(onnx_axis(importer, axes[i], rank, &axis));
        if (flags[axis])
            return onnx_fail(importer, SNED_ERROR_FORMAT, "axis %d comes twice", axis);
        flags[axis] = true;
    }
    return SNED_OK;
}

sned_status onnx_squeeze_shape(struct importer *importer, const struct shape *from, bool is_activation,
                               struct shape *to)
{
    bool flags[GRAPH_MAX_RANK];
    int count;
    SNED_TRY(read_axes(importer, from->rank, flags, &count));
    *to = (struct shape){0};
    if (is_activation && flags[0] && !is_batch_one(importer))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "it takes the batch away");
    for (int i = 0; i < from->rank; i++) {
        bool is_batch = is_activation && i == 0 && !is_batch_one(importer);
        if (flags[i] && from->dim[i] != 1)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "axis %d has %lld elements", i,
                             (long long)from->dim[i]);
        if (count > 0 ? !flags[i] : is_batch || from->dim[i] != 1)
            to->dim[to->rank++] = from->dim[i];
    }
    return SNED_OK;
}

sned_status onnx_unsqueeze_shape(struct importer *importer, const struct shape *from, bool is_activation,
                                 struct shape *to)
{
    bool flags[GRAPH_MAX_RANK];
    const int64_t *axes;
    int count, next = 0;
    SNED_TRY(onnx_ints(importer, "axes", 1, 13, &axes, &count));
    if (count == 0 || from->rank + count > GRAPH_MAX_RANK)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "%d more axes on %d; at most %d are handled",
                         count, from->rank, GRAPH_MAX_RANK);
    *to = (struct shape){.rank = from->rank + count};
    SNED_TRY(read_axes(importer, to->rank, flags, &count));
    if (is_activation && flags[0] && !is_batch_one(importer))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "it puts an axis before the batch");
    for (int i = 0; i < to->rank; i++)
        to->dim[i] = flags[i] ? 1 : from->dim[next++];
    return SNED_OK;
}

sned_status onnx_convert_squeeze(struct importer *importer)
{
    struct onnx_value *x;
    struct shape shape;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    SNED_TRY(onnx_squeeze_shape(importer, &x->shape, true, &shape));
    keep_batch(importer, &shape);
    return onnx_emit_new_shape(importer, x, &shape);
}

sned_status onnx_convert_unsqueeze(struct importer *importer)
{
    struct onnx_value *x;
    struct shape shape;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    SNED_TRY(onnx_unsqueeze_shape(importer, &x->shape, true, &shape));
    return onnx_emit_new_shape(importer, x, &shape);
}

sned_status onnx_transpose_order(struct importer *importer, int rank, int order[GRAPH_MAX_RANK])
{
    const int64_t *given;
    int count;
    unsigned seen = 0;
    SNED_TRY(onnx_attribute_ints(importer, "perm", &given, &count));
    if (given && count != rank)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "perm has %d entries for %d dimensions", count, rank);
    for (int i = 0; i < rank; i++) {
        int64_t axis = given ? given[i] : rank - 1 - i;
        if (axis < 0 || axis >= rank || seen >> axis & 1)
            return onnx_fail(importer, SNED_ERROR_FORMAT, "perm is not an order of the axes");
        seen |= 1u << axis;
        order[i] = (int)axis;
    }
    return SNED_OK;
}
