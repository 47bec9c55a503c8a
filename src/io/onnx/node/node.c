/*
 * node.c - the node in hand: its inputs as values, constants into the graph, and nodes of the graph out.
 */
#include "io/onnx/node/importer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void name_of(const Onnx__NodeProto *node, int index, char *name, size_t size)
{
    if (node->name && node->name[0])
        snprintf(name, size, "%s", node->name);
    else
        snprintf(name, size, "%s_%d", node->op_type ? node->op_type : "node", index);
}

static void node_name(const struct importer *importer, char *name, size_t size)
{
    name_of(importer->node, importer->node_index, name, size);
}

void onnx_node_name(const struct importer *importer, const struct onnx_value *value, char *name, size_t size)
{
    if (value->node < 0)
        snprintf(name, size, "%s", value->name);
    else
        name_of(importer->proto->node[value->node], value->node, name, size);
}

sned_status onnx_fail(struct importer *importer, sned_status status, const char *format, ...)
{
    char message[384], name[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    node_name(importer, name, sizeof name);
    return sned_fail(importer->error, status, "node '%s' (%s, opset %d): %s", name,
                     importer->node->op_type ? importer->node->op_type : "", importer->opset, message);
}

/* ---- inputs ---- */

int onnx_input_count(const struct importer *importer)
{
    return (int)importer->node->n_input;
}

static struct onnx_value *find_value(struct importer *importer, const char *name)
{
    struct onnx_value *value = &importer->values[sned_names_find(&importer->names, name)];
    while (value->alias >= 0)
        value = &importer->values[value->alias];
    return value;
}

sned_status onnx_input(struct importer *importer, int index, struct onnx_value **value)
{
    *value = NULL;
    if (index >= onnx_input_count(importer) || importer->node->input[index][0] == 0)
        return SNED_OK;
    struct onnx_value *found = find_value(importer, importer->node->input[index]);
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

sned_status onnx_axis(struct importer *importer, int64_t axis, int rank, int *resolved)
{
    if (axis < -rank || axis >= rank)
        return onnx_fail(importer, SNED_ERROR_SHAPE, "axis %lld of a tensor of %d dimensions",
                         (long long)axis, rank);
    *resolved = (int)(axis < 0 ? axis + rank : axis);
    return SNED_OK;
}

/* ---- constants into the graph ---- */

sned_status onnx_add_constant(struct importer *importer, const struct onnx_value *value,
                              const struct shape *shape, float *data, int *tensor)
{
    char made[160];
    const char *name;
    node_name(importer, made, sizeof made - 16);
    strcat(made, "/constant");
    sned_status status =
        sned_unique_name(&importer->tensor_names, value ? value->name : made, &name, importer->error);
    if (status != SNED_OK) {
        free(data);
        return status;
    }
    return sned_graph_add_tensor(importer->graph, name, TENSOR_F32, shape, data, tensor, importer->error);
}

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

/* ---- outputs ---- */

struct onnx_value *onnx_output(struct importer *importer)
{
    return &importer->values[sned_names_find(&importer->names, importer->node->output[importer->output])];
}

/* A tensor called `name` and a node called `node`, made unique. */
static sned_status emit(struct importer *importer, enum op op, const int *inputs, int input_count,
                        const struct shape *shape, const char *wanted, const char *wanted_node, int *tensor,
                        struct node **node)
{
    const char *name;
    SNED_TRY(sned_unique_name(&importer->tensor_names, wanted, &name, importer->error));
    SNED_TRY(sned_graph_add_tensor(importer->graph, name, TENSOR_F32, shape, NULL, tensor, importer->error));
    SNED_TRY(sned_unique_name(&importer->node_names, wanted_node, &name, importer->error));
    return sned_graph_add_node(importer->graph, name, op, inputs, input_count, *tensor, node,
                               importer->error);
}

/* Shapes that the graph can hold, with the batch in front. */
static sned_status check_shape(struct importer *importer, const struct shape *shape)
{
    int64_t elements = 1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 1 || shape->dim[i] > GRAPH_MAX_DIM || elements * shape->dim[i] > INT32_MAX)
            return onnx_fail(importer, SNED_ERROR_SHAPE, "its output would have %lld elements along axis %d",
                             (long long)shape->dim[i], i);
        elements *= shape->dim[i];
    }
    if (shape->rank < 1 || shape->dim[0] != 1)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its output's first axis is not the batch");
    return SNED_OK;
}

sned_status onnx_emit(struct importer *importer, enum op op, const int *inputs, int input_count,
                      const struct shape *shape, struct node **node)
{
    char name[256];
    int tensor;
    struct onnx_value *value = onnx_output(importer);
    SNED_TRY(check_shape(importer, shape));
    node_name(importer, name, sizeof name);
    SNED_TRY(emit(importer, op, inputs, input_count, shape, value->name, name, &tensor, node));
    value->kind = VALUE_ACTIVATION;
    value->shape = *shape;
    value->tensor = tensor;
    value->made_by = importer->graph->node_count - 1;
    return SNED_OK;
}

sned_status onnx_emit_step(struct importer *importer, enum op op, const int *inputs, int input_count,
                           const struct shape *shape, const char *suffix, int *tensor, struct node **node)
{
    char name[256];
    SNED_TRY(check_shape(importer, shape));
    node_name(importer, name, sizeof name - strlen(suffix));
    strcat(name, suffix);
    return emit(importer, op, inputs, input_count, shape, name, name, tensor, node);
}

sned_status onnx_emit_named(struct importer *importer, enum op op, int *tensor, const struct shape *shape,
                            const char *name, const char *wanted_node, struct node **node)
{
    int input = *tensor;
    SNED_TRY(check_shape(importer, shape));
    return emit(importer, op, &input, 1, shape, name, wanted_node, tensor, node);
}

sned_status onnx_emit_reshape(struct importer *importer, int input, const struct shape *shape)
{
    struct node *node;
    SNED_TRY(onnx_emit(importer, OP_RESHAPE, &input, 1, shape, &node));
    node->u.reshape.shape = *shape;
    return SNED_OK;
}

sned_status onnx_emit_reshape_step(struct importer *importer, int input, const struct shape *shape,
                                   const char *suffix, int *tensor)
{
    struct node *node;
    SNED_TRY(onnx_emit_step(importer, OP_RESHAPE, &input, 1, shape, suffix, tensor, &node));
    node->u.reshape.shape = *shape;
    return SNED_OK;
}

sned_status onnx_emit_alias(struct importer *importer, const struct onnx_value *value)
{
    struct onnx_value *output = onnx_output(importer);
    if (value->kind == VALUE_ACTIVATION) {
        output->kind = VALUE_ACTIVATION;
        output->shape = value->shape;
        output->tensor = value->tensor;
        output->view = value->view;
        output->made_by = value->readers == 1 ? value->made_by : -1; /* what others read too stays as it is */
    } else {
        int index = (int)(value - importer->values);
        importer->values[index].uses += output->uses;
        output->alias = index;
    }
    return SNED_OK;
}

sned_status onnx_emit_constant(struct importer *importer, enum value_kind kind, const struct shape *shape,
                               void *data)
{
    struct onnx_value *output = onnx_output(importer);
    output->kind = kind;
    output->shape = *shape;
    output->data = data;
    return SNED_OK;
}
