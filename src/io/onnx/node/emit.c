/*
 * emit.c - nodes and constants of the graph, made of the node in hand.
 */
#include "io/onnx/node/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    onnx_name_in_hand(importer, name, sizeof name);
    SNED_TRY(emit(importer, op, inputs, input_count, shape, value->name, name, &tensor, node));
    value->kind = VALUE_ACTIVATION;
    value->shape = *shape;
    value->tensor = tensor;
    value->made_by = importer->graph->node_count - 1;
    return SNED_OK;
}

/* An output that the file gives no name gets one, for nobody to read. */
static sned_status add_output(struct importer *importer, const char *node, int index,
                              const struct shape *shape, int *tensor)
{
    const char *name = importer->node->output[index];
    char made[256];
    SNED_TRY(check_shape(importer, shape));
    snprintf(made, sizeof made, "%.200s/output%d", node, index);
    SNED_TRY(sned_unique_name(&importer->tensor_names, name[0] ? name : made, &name, importer->error));
    SNED_TRY(sned_graph_add_tensor(importer->graph, name, TENSOR_F32, shape, NULL, tensor, importer->error));
    if (importer->node->output[index][0] == 0)
        return SNED_OK;
    importer->output = index;
    struct onnx_value *value = onnx_output(importer);
    value->kind = VALUE_ACTIVATION;
    value->shape = *shape;
    value->tensor = *tensor;
    return SNED_OK;
}

sned_status onnx_emit_outputs(struct importer *importer, enum op op, const int *inputs, int input_count,
                              const struct shape *shapes, struct node **node)
{
    const int count = (int)importer->node->n_output;
    char wanted[256];
    const char *name;
    int *outputs;
    sned_status status;
    onnx_name_in_hand(importer, wanted, sizeof wanted);
    SNED_TRY(sned_alloc(&outputs, (size_t)count, sizeof *outputs, importer->error));
    for (int i = 0; i < count; i++)
        SNED_TRY_DONE(add_output(importer, wanted, i, &shapes[i], &outputs[i]));
    SNED_TRY_DONE(sned_unique_name(&importer->node_names, wanted, &name, importer->error));
    status = sned_graph_add_node_outputs(importer->graph, name, op, inputs, input_count, outputs, count, node,
                                         importer->error);
done:
    free(outputs);
    return status;
}

sned_status onnx_emit_step(struct importer *importer, enum op op, const int *inputs, int input_count,
                           const struct shape *shape, const char *suffix, int *tensor, struct node **node)
{
    char name[256];
    SNED_TRY(check_shape(importer, shape));
    onnx_name_in_hand(importer, name, sizeof name - strlen(suffix));
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

/* ---- constants ---- */

sned_status onnx_add_constant(struct importer *importer, const struct onnx_value *value,
                              const struct shape *shape, float *data, int *tensor)
{
    char made[160];
    const char *name;
    onnx_name_in_hand(importer, made, sizeof made - 16);
    strcat(made, "/constant");
    sned_status status =
        sned_unique_name(&importer->tensor_names, value ? value->name : made, &name, importer->error);
    if (status != SNED_OK) {
        free(data);
        return status;
    }
    return sned_graph_add_tensor(importer->graph, name, TENSOR_F32, shape, data, tensor, importer->error);
}
