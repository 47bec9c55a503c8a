/*
 * fold_arrays.c - constant folding of what computes: arithmetic with broadcasting, Gather, Concat,
 * Slice, Transpose.
 */
#include "io/onnx/operators/fold.h"

#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/node/tensor.h"
#include "io/onnx/operators/shapes.h"

#include <stdlib.h>
#include <string.h>

static sned_status operand(struct importer *importer, int index, struct onnx_value **value)
{
    SNED_TRY(onnx_input(importer, index, value));
    if (*value == NULL || !onnx_is_constant(*value))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "input %d is missing or not a constant", index);
    return SNED_OK;
}

static void copy_element(const struct onnx_value *from, size_t source, void *to, size_t target)
{
    if (from->kind == VALUE_FLOATS)
        ((float *)to)[target] = ((const float *)from->data)[source];
    else
        ((int64_t *)to)[target] = ((const int64_t *)from->data)[source];
}

/* Steps to the next index vector of `shape`; the last axis runs fastest. */
static void advance(const struct shape *shape, int64_t index[GRAPH_MAX_RANK])
{
    for (int i = shape->rank - 1; i >= 0; i--) {
        if (++index[i] < shape->dim[i])
            return;
        index[i] = 0;
    }
}

static void row_major_strides(const struct shape *shape, int64_t strides[GRAPH_MAX_RANK])
{
    int64_t stride = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= shape->dim[i];
    }
}

static size_t offset_of(int rank, const int64_t *index, const int64_t *strides)
{
    int64_t offset = 0;
    for (int i = 0; i < rank; i++)
        offset += index[i] * strides[i];
    return (size_t)offset;
}

/* ---- Add, Sub, Mul, Div, Equal ---- */

static sned_status broadcast_shape(struct importer *importer, const struct shape *a, const struct shape *b,
                                   struct shape *out)
{
    out->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < out->rank; i++) {
        int in_a = i - (out->rank - a->rank), in_b = i - (out->rank - b->rank);
        int64_t size_a = in_a < 0 ? 1 : a->dim[in_a], size_b = in_b < 0 ? 1 : b->dim[in_b];
        if (size_a != size_b && size_a != 1 && size_b != 1)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "constants whose shapes do not broadcast");
        out->dim[i] = size_a == 1 ? size_b : size_a;
    }
    return SNED_OK;
}

/* Strides of `shape` along the axes of `out`: 0 where it is broadcast. */
static void broadcast_strides(const struct shape *shape, const struct shape *out,
                              int64_t strides[GRAPH_MAX_RANK])
{
    int64_t own[GRAPH_MAX_RANK];
    int missing = out->rank - shape->rank;
    row_major_strides(shape, own);
    for (int i = 0; i < out->rank; i++)
        strides[i] = i < missing || shape->dim[i - missing] == 1 ? 0 : own[i - missing];
}

static sned_status integer_result(struct importer *importer, char sign, int64_t a, int64_t b, int64_t *result)
{
    bool overflow = false;
    if (sign == '/') {
        if (b == 0 || (a == INT64_MIN && b == -1))
            return onnx_fail(importer, SNED_ERROR_FORMAT, "division of %lld by %lld", (long long)a,
                             (long long)b);
        *result = a / b;
    } else if (sign == '=') {
        *result = a == b;
    } else if (sign == '+') {
        overflow = __builtin_add_overflow(a, b, result);
    } else if (sign == '-') {
        overflow = __builtin_sub_overflow(a, b, result);
    } else {
        overflow = __builtin_mul_overflow(a, b, result);
    }
    if (overflow)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "a result beyond 64 bits");
    return SNED_OK;
}

static float float_result(char sign, float a, float b)
{
    switch (sign) {
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    default:
        return a / b;
    }
}

static sned_status fill_arithmetic(struct importer *importer, const struct onnx_value *a,
                                   const struct onnx_value *b, const struct shape *shape, void *data,
                                   size_t count)
{
    const char *name = importer->node->op_type;
    const char sign = name[0] == 'A'   ? '+'
                      : name[0] == 'E' ? '='
                      : name[0] == 'S' ? '-'
                      : name[0] == 'M' ? '*'
                                       : '/';
    int64_t index[GRAPH_MAX_RANK] = {0}, strides_a[GRAPH_MAX_RANK], strides_b[GRAPH_MAX_RANK];
    broadcast_strides(&a->shape, shape, strides_a);
    broadcast_strides(&b->shape, shape, strides_b);
    for (size_t i = 0; i < count; i++, advance(shape, index)) {
        size_t at = offset_of(shape->rank, index, strides_a), bt = offset_of(shape->rank, index, strides_b);
        if (a->kind == VALUE_FLOATS)
            ((float *)data)[i] = float_result(sign, ((float *)a->data)[at], ((float *)b->data)[bt]);
        else
            SNED_TRY(integer_result(importer, sign, ((int64_t *)a->data)[at], ((int64_t *)b->data)[bt],
                                    (int64_t *)data + i));
    }
    return SNED_OK;
}

sned_status onnx_fold_arithmetic(struct importer *importer)
{
    struct onnx_value *a, *b;
    struct shape shape;
    size_t count;
    void *data;
    SNED_TRY(operand(importer, 0, &a));
    SNED_TRY(operand(importer, 1, &b));
    if (a->kind != b->kind)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "of an integer and a float constant");
    if (a->kind == VALUE_FLOATS && strcmp(importer->node->op_type, "Equal") == 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "of floats");
    SNED_TRY(broadcast_shape(importer, &a->shape, &b->shape, &shape));
    SNED_TRY(onnx_fold_alloc(importer, a->kind, &shape, &data, &count));
    sned_status status = fill_arithmetic(importer, a, b, &shape, data, count);
    if (status != SNED_OK) {
        free(data);
        return status;
    }
    return onnx_emit_constant(importer, a->kind, &shape, data);
}

/* ---- Gather ---- */

/* data [outer][size][inner], indices [n] -> [outer][n][inner] */
static sned_status fill_gather(struct importer *importer, const struct onnx_value *x,
                               const struct onnx_value *indices, int axis, void *data, size_t count)
{
    size_t inner = 1, n;
    int64_t size = x->shape.dim[axis];
    for (int i = axis + 1; i < x->shape.rank; i++)
        inner *= (size_t)x->shape.dim[i];
    onnx_elements(&indices->shape, &n);
    for (size_t i = 0; i < count; i++) {
        size_t outer = i / inner / n;
        int64_t at = ((const int64_t *)indices->data)[i / inner % n];
        at += at < 0 ? size : 0;
        if (at < 0 || at >= size)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "an index beyond axis %d of %lld", axis,
                             (long long)size);
        copy_element(x, (outer * (size_t)size + (size_t)at) * inner + i % inner, data, i);
    }
    return SNED_OK;
}

sned_status onnx_fold_gather(struct importer *importer)
{
    struct onnx_value *x, *indices;
    struct shape shape = {0};
    int64_t attribute;
    int axis;
    size_t count;
    void *data;
    SNED_TRY(operand(importer, 0, &x));
    SNED_TRY(operand(importer, 1, &indices));
    SNED_TRY(onnx_attribute_int(importer, "axis", 0, &attribute));
    SNED_TRY(onnx_axis(importer, attribute, x->shape.rank, &axis));
    if (indices->kind != VALUE_INTEGERS || x->shape.rank - 1 + indices->shape.rank > GRAPH_MAX_RANK)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "with indices that are not a few integers");
    for (int i = 0; i < axis; i++)
        shape.dim[shape.rank++] = x->shape.dim[i];
    for (int i = 0; i < indices->shape.rank; i++)
        shape.dim[shape.rank++] = indices->shape.dim[i];
    for (int i = axis + 1; i < x->shape.rank; i++)
        shape.dim[shape.rank++] = x->shape.dim[i];
    SNED_TRY(onnx_fold_alloc(importer, x->kind, &shape, &data, &count));
    sned_status status = fill_gather(importer, x, indices, axis, data, count);
    if (status != SNED_OK) {
        free(data);
        return status;
    }
    return onnx_emit_constant(importer, x->kind, &shape, data);
}

/* ---- Concat ---- */

static sned_status concat_shape(struct importer *importer, struct shape *shape, enum value_kind *kind,
                                int *axis)
{
    struct onnx_value *x;
    int64_t attribute, total = 0;
    SNED_TRY(operand(importer, 0, &x));
    SNED_TRY(onnx_attribute_int(importer, "axis", 0, &attribute));
    SNED_TRY(onnx_axis(importer, attribute, x->shape.rank, axis));
    *shape = x->shape;
    *kind = x->kind;
    for (int i = 0; i < onnx_input_count(importer); i++) {
        SNED_TRY(operand(importer, i, &x));
        struct shape other = x->shape;
        if (other.rank == shape->rank) {
            total += other.dim[*axis];
            other.dim[*axis] = shape->dim[*axis];
        }
        if (x->kind != *kind || !sned_shape_equal(&other, shape))
            return onnx_fail(importer, SNED_ERROR_SHAPE, "input %d ('%s') has another shape or type", i,
                             x->name);
    }
    shape->dim[*axis] = total;
    return SNED_OK;
}

sned_status onnx_fold_concat(struct importer *importer)
{
    struct shape shape;
    enum value_kind kind;
    int axis;
    size_t count, outer = 1, done = 0;
    void *data;
    if (onnx_input_count(importer) == 0)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "of nothing");
    SNED_TRY(concat_shape(importer, &shape, &kind, &axis));
    SNED_TRY(onnx_fold_alloc(importer, kind, &shape, &data, &count));
    for (int i = 0; i < axis; i++)
        outer *= (size_t)shape.dim[i];
    for (size_t row = 0; count > 0 && row < outer; row++)
        for (int i = 0; i < onnx_input_count(importer); i++) {
            struct onnx_value *x;
            size_t elements;
            onnx_input(importer, i, &x); /* looked at by concat_shape already: cannot fail */
            onnx_elements(&x->shape, &elements);
            for (size_t k = 0; k < elements / outer; k++)
                copy_element(x, row * (elements / outer) + k, data, done++);
        }
    return onnx_emit_constant(importer, kind, &shape, data);
}

/* ---- Slice, Transpose: elements picked by strides ---- */

/* data[i] = x[base + index * strides] for every index of `shape`. */
static sned_status emit_strided(struct importer *importer, const struct onnx_value *x,
                                const struct shape *shape, int64_t base,
                                const int64_t strides[GRAPH_MAX_RANK])
{
    int64_t index[GRAPH_MAX_RANK] = {0};
    size_t count;
    void *data;
    SNED_TRY(onnx_fold_alloc(importer, x->kind, shape, &data, &count));
    for (size_t i = 0; i < count; i++, advance(shape, index))
        copy_element(x, (size_t)base + offset_of(shape->rank, index, strides), data, i);
    return onnx_emit_constant(importer, x->kind, shape, data);
}

sned_status onnx_fold_slice(struct importer *importer)
{
    struct onnx_value *x;
    struct slice_range ranges[GRAPH_MAX_RANK];
    int64_t strides[GRAPH_MAX_RANK], base = 0;
    SNED_TRY(operand(importer, 0, &x));
    SNED_TRY(onnx_slice_ranges(importer, &x->shape, ranges));
    struct shape shape = x->shape;
    row_major_strides(&x->shape, strides);
    for (int i = 0; i < shape.rank; i++) {
        shape.dim[i] = ranges[i].count;
        base += ranges[i].count > 0 ? ranges[i].start * strides[i] : 0;
        strides[i] = ranges[i].count > 1 ? strides[i] * ranges[i].step : 0;
    }
    return emit_strided(importer, x, &shape, base, strides);
}

sned_status onnx_fold_transpose(struct importer *importer)
{
    struct onnx_value *x;
    int order[GRAPH_MAX_RANK];
    int64_t own[GRAPH_MAX_RANK], strides[GRAPH_MAX_RANK];
    SNED_TRY(operand(importer, 0, &x));
    SNED_TRY(onnx_transpose_order(importer, x->shape.rank, order));
    struct shape shape = {.rank = x->shape.rank};
    row_major_strides(&x->shape, own);
    for (int i = 0; i < shape.rank; i++) {
        shape.dim[i] = x->shape.dim[order[i]];
        strides[i] = own[order[i]];
    }
    return emit_strided(importer, x, &shape, 0, strides);
}
