/*
 * inputs.c - the inputs of the node in hand: activations, straight or as they lie, and constants.
 */
#include "io/onnx/node/inputs.h"

#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/tensor.h"

#include <stdlib.h>
#include <string.h>

int onnx_input_count(const struct importer *importer)
{
    return (int)importer->node->n_input;
}

sned_status onnx_input(struct importer *importer, int index, struct onnx_value **value)
{
    *value = NULL;
    if (index >= onnx_input_count(importer) || importer->node->input[index][0] == 0)
        return SNED_OK;
    struct onnx_value *found = onnx_find_value(importer, importer->node->input[index]);
    if (found->initializer) {
        Onnx__TensorProto *tensor = found->initializer;
        found->initializer = NULL;
        sned_status status = onnx_tensor_value(importer, tensor, found);
        if (status != SNED_OK)
            return sned_error_context(importer->error, status, "initialiser '%s'", found->name);
    }
    if (found->kind == VALUE_UNKNOWN)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "it reads '%s', an output that is not computed",
                         importer->node->input[index]);
    *value = found;
    return SNED_OK;
}

sned_status onnx_input_activation(struct importer *importer, int index, struct onnx_value **value)
{
    SNED_TRY(onnx_input(importer, index, value));
    if (*value == NULL)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "input %d is missing", index);
    if ((*value)->kind == VALUE_POWER)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "input %d ('%s') is a power other than 1 and 2",
                         index, (*value)->name);
    if ((*value)->kind != VALUE_ACTIVATION)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "input %d ('%s') is a constant", index,
                         (*value)->name);
    return onnx_straighten(importer, *value);
}

sned_status onnx_input_view(struct importer *importer, int index, struct onnx_value **value)
{
    SNED_TRY(onnx_input(importer, index, value));
    if (*value && (*value)->kind == VALUE_ACTIVATION)
        return SNED_OK;
    return onnx_input_activation(importer, index, value);
}

sned_status onnx_input_axes(struct importer *importer, int index, struct onnx_value **value,
                            int axes[GRAPH_MAX_RANK])
{
    SNED_TRY(onnx_input_view(importer, index, value));
    if (onnx_view_axes(importer, *value, axes))
        return SNED_OK;
    SNED_TRY(onnx_straighten(importer, *value));
    onnx_view_axes(importer, *value, axes);
    return SNED_OK;
}

/* An input that has to be known now; NULL where it is absent. */
static sned_status constant_input(struct importer *importer, int index, struct onnx_value **value)
{
    SNED_TRY(onnx_input(importer, index, value));
    if (*value && !onnx_is_constant(*value))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "input %d ('%s') is not a constant", index,
                         importer->node->input[index]);
    return SNED_OK;
}

static sned_status integer_list(struct importer *importer, int index, size_t most, const int64_t **values,
                                int *count)
{
    struct onnx_value *value;
    size_t elements;
    *values = NULL;
    *count = 0;
    SNED_TRY(constant_input(importer, index, &value));
    if (value == NULL)
        return SNED_OK;
    if (value->kind != VALUE_INTEGERS || value->shape.rank > 1 || !onnx_elements(&value->shape, &elements) ||
        elements > most)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "input %d ('%s') is not a short list of integers",
                         index, value->name);
    *values = value->data;
    *count = (int)elements;
    return SNED_OK;
}

sned_status onnx_input_ints(struct importer *importer, int index, const int64_t **values, int *count)
{
    return integer_list(importer, index, 2 * GRAPH_MAX_RANK, values, count);
}

sned_status onnx_input_sizes(struct importer *importer, int index, const int64_t **values, int *count)
{
    return integer_list(importer, index, GRAPH_MAX_NODES, values, count);
}

sned_status onnx_input_number(struct importer *importer, int index, double fallback, double *number)
{
    struct onnx_value *value;
    size_t elements;
    *number = fallback;
    SNED_TRY(constant_input(importer, index, &value));
    if (value == NULL)
        return SNED_OK;
    if (!onnx_elements(&value->shape, &elements) || elements != 1)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "input %d ('%s') is not a single number", index,
                         value->name);
    *number =
        value->kind == VALUE_FLOATS ? *(const float *)value->data : (double)*(const int64_t *)value->data;
    return SNED_OK;
}

sned_status onnx_ints(struct importer *importer, const char *name, int index, int since,
                      const int64_t **values, int *count)
{
    if (importer->opset >= since)
        return onnx_input_ints(importer, index, values, count);
    return onnx_attribute_ints(importer, name, values, count);
}

/* ---- constants into the graph ---- */

/* A float constant, with as many elements as `shape` if that is given. */
static sned_status float_input(struct importer *importer, int index, const struct shape *shape,
                               struct onnx_value **value, size_t *elements)
{
    size_t wanted;
    SNED_TRY(constant_input(importer, index, value));
    if (*value == NULL)
        return SNED_OK;
    if ((*value)->kind != VALUE_FLOATS)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "input %d ('%s') is not of type float", index,
                         (*value)->name);
    if (!onnx_elements(&(*value)->shape, elements) || *elements == 0 ||
        (shape && (!onnx_elements(shape, &wanted) || wanted != *elements)))
        return onnx_fail(importer, SNED_ERROR_SHAPE, "input %d ('%s') has %zu elements, which does not fit",
                         index, (*value)->name, *elements);
    return SNED_OK;
}

static sned_status copy_floats(const float *from, size_t count, float **to, sned_error *error)
{
    SNED_TRY(sned_alloc(to, count, sizeof **to, error));
    memcpy(*to, from, count * sizeof *from);
    return SNED_OK;
}

sned_status onnx_input_weights(struct importer *importer, int index, const struct shape *shape, int *tensor)
{
    struct onnx_value *value;
    size_t elements;
    *tensor = -1;
    SNED_TRY(float_input(importer, index, shape, &value, &elements));
    if (value == NULL)
        return SNED_OK;
    if (value->tensor >= 0 && sned_shape_equal(&importer->graph->tensors[value->tensor].shape, shape)) {
        *tensor = value->tensor;
        return SNED_OK;
    }
    float *data = value->data;
    if (value->tensor >= 0) {
        SNED_TRY(copy_floats(value->data, elements, &data, importer->error));
        return onnx_add_constant(importer, value, shape, data, tensor);
    }
    value->data = NULL; /* the graph's from here on, also when the call fails */
    SNED_TRY(onnx_add_constant(importer, value, shape, data, tensor));
    value->data = data;
    value->tensor = *tensor;
    return SNED_OK;
}

sned_status onnx_take_floats(struct importer *importer, int index, float **data, struct shape *shape)
{
    struct onnx_value *value;
    size_t elements;
    *data = NULL;
    SNED_TRY(float_input(importer, index, NULL, &value, &elements));
    if (value == NULL)
        return SNED_OK;
    *shape = value->shape;
    if (value->tensor >= 0 || value->uses > 1)
        return copy_floats(value->data, elements, data, importer->error);
    *data = value->data;
    value->data = NULL;
    return SNED_OK;
}

sned_status onnx_take_placed(struct importer *importer, int index, const int *places, int count, float **data)
{
    struct shape shape;
    float *taken;
    size_t elements;
    *data = NULL;
    SNED_TRY(onnx_take_floats(importer, index, &taken, &shape));
    if (taken == NULL || !onnx_elements(&shape, &elements) || elements != (size_t)count) {
        free(taken);
        return onnx_fail(importer, SNED_ERROR_SHAPE, "input %d has not %d elements", index, count);
    }
    sned_status status = sned_alloc(data, elements, sizeof **data, importer->error);
    for (int i = 0; status == SNED_OK && i < count; i++)
        (*data)[places[i]] = taken[i];
    free(taken);
    return status;
}
