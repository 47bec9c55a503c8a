/*
 * fold.c - nodes on constants, evaluated while importing: new constants, and those that only change
 * shape.
 *
 * PyTorch's exporter computes shapes and paddings in the graph (Shape, Gather, Concat, ConstantOfShape, ...).
 * Their inputs are known here, since every shape is. Operators that compute are in fold_arrays.c.
 */
#include "io/onnx/operators/fold.h"

#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/node/tensor.h"
#include "io/onnx/operators/shapes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t kind_size(enum value_kind kind)
{
    return kind == VALUE_FLOATS ? sizeof(float) : sizeof(int64_t);
}

sned_status onnx_fold_alloc(struct importer *importer, enum value_kind kind, const struct shape *shape,
                            void **data, size_t *count)
{
    *data = NULL;
    if (!onnx_elements(shape, count) || *count > importer->fold_budget)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "a constant too large to be computed here");
    importer->fold_budget -= *count;
    return sned_alloc(data, *count, kind_size(kind), importer->error);
}

/* A copy of `value` under another shape; moved where this node is the last reader. */
static sned_status emit_reshaped(struct importer *importer, struct onnx_value *value,
                                 const struct shape *shape)
{
    size_t count;
    void *data;
    if (value->tensor < 0 && value->uses == 1) {
        data = value->data;
        value->data = NULL;
    } else {
        SNED_TRY(onnx_fold_alloc(importer, value->kind, shape, &data, &count));
        memcpy(data, value->data, count * kind_size(value->kind));
    }
    return onnx_emit_constant(importer, value->kind, shape, data);
}

static sned_status needed_input(struct importer *importer, int index, struct onnx_value **value)
{
    SNED_TRY(onnx_input(importer, index, value));
    if (*value == NULL)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "input %d is missing", index);
    return SNED_OK;
}

/* ---- Constant, ConstantOfShape ---- */

static sned_status emit_list(struct importer *importer, enum value_kind kind, const struct shape *shape,
                             const void *from)
{
    size_t count;
    void *data;
    SNED_TRY(onnx_fold_alloc(importer, kind, shape, &data, &count));
    if (count > 0)
        memcpy(data, from, count * kind_size(kind));
    return onnx_emit_constant(importer, kind, shape, data);
}

static sned_status attribute_tensor(struct importer *importer, const Onnx__AttributeProto *attribute,
                                    struct onnx_value *value)
{
    if (attribute->t == NULL)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "attribute '%s' is of the wrong type", attribute->name);
    sned_status status = onnx_tensor_value(importer, attribute->t, value);
    if (status != SNED_OK)
        return sned_error_context(importer->error, status, "node '%s' (%s)",
                                  importer->node->name ? importer->node->name : "", importer->node->op_type);
    return SNED_OK;
}

sned_status onnx_fold_constant(struct importer *importer)
{
    const Onnx__AttributeProto *attribute;
    struct onnx_value value = {0};
    struct shape scalar = {0};
    if ((attribute = onnx_attribute(importer, "value"))) {
        SNED_TRY(attribute_tensor(importer, attribute, &value));
        return onnx_emit_constant(importer, value.kind, &value.shape, value.data);
    }
    if ((attribute = onnx_attribute(importer, "value_float")))
        return emit_list(importer, VALUE_FLOATS, &scalar, &attribute->f);
    if ((attribute = onnx_attribute(importer, "value_int")))
        return emit_list(importer, VALUE_INTEGERS, &scalar, &attribute->i);
    if ((attribute = onnx_attribute(importer, "value_floats"))) {
        struct shape list = sned_shape(1, (int64_t)attribute->n_floats);
        return emit_list(importer, VALUE_FLOATS, &list, attribute->floats);
    }
    if ((attribute = onnx_attribute(importer, "value_ints"))) {
        struct shape list = sned_shape(1, (int64_t)attribute->n_ints);
        return emit_list(importer, VALUE_INTEGERS, &list, attribute->ints);
    }
    return onnx_fail(importer, SNED_ERROR_FORMAT, "no value");
}

static sned_status fill(struct importer *importer, const struct shape *shape, const struct onnx_value *with)
{
    size_t count;
    void *data;
    SNED_TRY(onnx_fold_alloc(importer, with->kind, shape, &data, &count));
    for (size_t i = 0; i < count; i++)
        memcpy((char *)data + i * kind_size(with->kind), with->data, kind_size(with->kind));
    return onnx_emit_constant(importer, with->kind, shape, data);
}

sned_status onnx_fold_constant_of_shape(struct importer *importer)
{
    const Onnx__AttributeProto *attribute = onnx_attribute(importer, "value");
    const int64_t *dims;
    int count;
    size_t elements;
    float zero = 0;
    struct shape shape = {0};
    struct onnx_value value = {0}, standard = {.kind = VALUE_FLOATS, .data = &zero};
    SNED_TRY(onnx_input_ints(importer, 0, &dims, &count));
    if (dims == NULL || count > GRAPH_MAX_RANK)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "of %d dimensions", count);
    shape.rank = count;
    for (int i = 0; i < count; i++) {
        shape.dim[i] = dims[i];
        if (dims[i] < 0 || dims[i] > GRAPH_MAX_DIM)
            return onnx_fail(importer, SNED_ERROR_FORMAT, "dimension %d is %lld", i, (long long)dims[i]);
    }
    if (attribute == NULL)
        return fill(importer, &shape, &standard);
    SNED_TRY(attribute_tensor(importer, attribute, &value));
    sned_status status = onnx_elements(&value.shape, &elements) && elements == 1
                             ? fill(importer, &shape, &value)
                             : onnx_fail(importer, SNED_ERROR_FORMAT, "its value is not one number");
    free(value.data);
    return status;
}

/* ---- Shape, Identity ---- */

sned_status onnx_fold_shape(struct importer *importer)
{
    struct onnx_value *x;
    int64_t start, end;
    SNED_TRY(needed_input(importer, 0, &x));
    int64_t rank = x->shape.rank;
    SNED_TRY(onnx_attribute_int(importer, "start", 0, &start));
    SNED_TRY(onnx_attribute_int(importer, "end", rank, &end));
    start += start < 0 ? rank : 0;
    end += end < 0 ? rank : 0;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end < start ? start : end > rank ? rank : end;
    struct shape list = sned_shape(1, end - start);
    return emit_list(importer, VALUE_INTEGERS, &list, x->shape.dim + start);
}

sned_status onnx_fold_identity(struct importer *importer)
{
    struct onnx_value *x;
    SNED_TRY(needed_input(importer, 0, &x));
    return onnx_emit_alias(importer, x);
}

/* ---- new shapes for old constants ---- */

sned_status onnx_fold_reshape(struct importer *importer)
{
    struct onnx_value *x;
    struct shape shape;
    SNED_TRY(needed_input(importer, 0, &x));
    SNED_TRY(onnx_reshape_shape(importer, &x->shape, false, &shape));
    return emit_reshaped(importer, x, &shape);
}

sned_status onnx_fold_squeeze(struct importer *importer)
{
    struct onnx_value *x;
    struct shape shape;
    SNED_TRY(needed_input(importer, 0, &x));
    SNED_TRY(onnx_squeeze_shape(importer, &x->shape, false, &shape));
    return emit_reshaped(importer, x, &shape);
}

sned_status onnx_fold_unsqueeze(struct importer *importer)
{
    struct onnx_value *x;
    struct shape shape;
    SNED_TRY(needed_input(importer, 0, &x));
    SNED_TRY(onnx_unsqueeze_shape(importer, &x->shape, false, &shape));
    return emit_reshaped(importer, x, &shape);
}
