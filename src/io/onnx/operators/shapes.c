/*
 * shapes.c - the same elements in another shape: Flatten, Reshape, Squeeze, Unsqueeze, Transpose.
 *
 * Squeeze and Unsqueeze are Reshapes; a Transpose is a view (view.c). The first axis is the batch, which
 * executors choose: nothing may touch it, but where the file fixes it at 1.
 */
#include "io/onnx/operators/shapes.h"

#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/node/tensor.h"
#include "io/onnx/operators/operators.h"

#include <string.h>

/* Is the batch an axis of size 1, in the file as in the graph? Otherwise nothing may be done to it. */
static bool is_batch_one(const struct importer *importer)
{
    return !importer->is_batch_open && importer->batch == 1;
}

static bool is_output(const struct importer *importer, const struct onnx_value *value)
{
    for (size_t i = 0; i < importer->proto->n_output; i++)
        if (strcmp(importer->proto->output[i]->name, value->name) == 0)
            return true;
    return false;
}

/* A batch of 1 that the file takes away from its result stays: nobody else reads it. */
static void keep_batch(struct importer *importer, struct shape *shape)
{
    const struct onnx_value *output = onnx_output(importer);
    bool is_result = output->readers == 1 && is_output(importer, output);
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

sned_status onnx_convert_transpose(struct importer *importer)
{
    struct onnx_value *x;
    int order[GRAPH_MAX_RANK];
    SNED_TRY(onnx_input_view(importer, 0, &x));
    SNED_TRY(onnx_transpose_order(importer, x->shape.rank, order));
    if (order[0] != 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "it moves the batch");
    return onnx_emit_turned(importer, x, order);
}
