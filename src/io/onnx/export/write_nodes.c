/*
 * write_nodes.c - each node of the graph as ONNX's opset 13 has it, with the constants that it reads.
 *
 * An activation that is fused into a node becomes a node of its own again. The batch is left open: a Reshape
 * copies it from its input.
 */
#include "io/onnx/export/export.h"

#include <stdio.h>
#include <string.h>

static const char *node_part(struct exporter *exporter, const struct node *node, const char *part)
{
    return export_format(exporter, "%s/%s", node->name ? node->name : "", part);
}

/* The name of constant `tensor` written as `shape`; written once, again only where another rank is needed. */
static const char *constant(struct exporter *exporter, int tensor, const struct shape *shape)
{
    const struct tensor *source = &exporter->graph->tensors[tensor];
    if (exporter->status != SNED_OK)
        return NULL;
    if (exporter->tensor_names[tensor] && exporter->written_rank[tensor] == shape->rank)
        return exporter->tensor_names[tensor];
    if (source->type != TENSOR_F32) {
        exporter->status = sned_fail(exporter->error, SNED_ERROR_ARGUMENT,
                                     "constant '%s' is not of type float", source->name ? source->name : "");
        return NULL;
    }
    exporter->written_rank[tensor] = shape->rank;
    return exporter->tensor_names[tensor] = export_initializer(
               exporter, source->name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, shape, source->data);
}

static void input_tensor(struct exporter *exporter, Onnx__NodeProto *proto, int tensor)
{
    if (tensor < 0)
        export_input(proto, "");
    else if (exporter->graph->tensors[tensor].data)
        export_input(proto, constant(exporter, tensor, &exporter->graph->tensors[tensor].shape));
    else
        export_input(proto, exporter->tensor_names[tensor]);
}

/* A constant of Add or Mul: one number as it is, one a channel as [1][C][1][1], so that ONNX broadcasts it.
 */
static void input_operand(struct exporter *exporter, Onnx__NodeProto *proto, int tensor, int rank)
{
    const struct tensor *source = &exporter->graph->tensors[tensor];
    struct shape shape = source->shape;
    if (source->data == NULL || sned_shape_elements(&shape) == 1) {
        input_tensor(exporter, proto, tensor);
        return;
    }
    shape.rank = rank;
    for (int i = 0; i < rank; i++)
        shape.dim[i] = i == 1 ? (int64_t)sned_shape_elements(&source->shape) : 1;
    export_input(proto, constant(exporter, tensor, &shape));
}

static void write_window(struct exporter *exporter, Onnx__NodeProto *proto, const struct window *window,
                         bool with_dilations)
{
    const int64_t kernel[2] = {window->kernel[0], window->kernel[1]};
    const int64_t stride[2] = {window->stride[0], window->stride[1]};
    const int64_t dilation[2] = {window->dilation[0], window->dilation[1]};
    const int64_t pads[4] = {window->pad_begin[0], window->pad_begin[1], window->pad_end[0],
                             window->pad_end[1]};
    export_ints(exporter, proto, "kernel_shape", kernel, 2);
    export_ints(exporter, proto, "strides", stride, 2);
    export_ints(exporter, proto, "pads", pads, 4);
    if (with_dilations)
        export_ints(exporter, proto, "dilations", dilation, 2);
}

static void write_pool(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    const struct window *window = &node->u.pool.window;
    bool is_average = node->op == OP_AVERAGE_POOL;
    if (is_average && (window->dilation[0] != 1 || window->dilation[1] != 1) && exporter->status == SNED_OK)
        exporter->status = sned_fail(exporter->error, SNED_ERROR_UNSUPPORTED,
                                     "node '%s': opset %d has no AveragePool with dilations", node->name,
                                     ONNX_WRITTEN_OPSET);
    write_window(exporter, proto, window, !is_average);
    export_int(exporter, proto, "ceil_mode", node->u.pool.ceil_mode);
    if (is_average)
        export_int(exporter, proto, "count_include_pad", node->u.pool.count_include_pad);
}

/* Only the axes that are cut; the batch never is. */
static void write_slice(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    const struct shape *shape = &exporter->graph->tensors[node->inputs[0]].shape;
    int64_t lists[4][GRAPH_MAX_RANK];
    static const char *const names[4] = {"starts", "ends", "axes", "steps"};
    int count = 0;
    for (int i = 1; i < shape->rank; i++) {
        bool is_whole = node->u.slice.start[i] == 0 && node->u.slice.step[i] == 1 &&
                        node->u.slice.end[i] == shape->dim[i];
        if (is_whole && !(count == 0 && i == shape->rank - 1)) /* at least one axis is written */
            continue;
        lists[0][count] = node->u.slice.start[i];
        lists[1][count] = node->u.slice.end[i];
        lists[2][count] = i;
        lists[3][count++] = node->u.slice.step[i];
    }
    for (int k = 0; k < 4; k++)
        export_input(proto, export_int_list(exporter, node_part(exporter, node, names[k]), lists[k], count));
}

static void write_pad(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    int rank = exporter->graph->tensors[node->inputs[0]].shape.rank;
    int64_t pads[2 * GRAPH_MAX_RANK];
    memcpy(pads, node->u.pad.before, (size_t)rank * sizeof *pads);
    memcpy(pads + rank, node->u.pad.after, (size_t)rank * sizeof *pads);
    export_input(proto, export_int_list(exporter, node_part(exporter, node, "pads"), pads, 2 * rank));
    export_string(exporter, proto, "mode", "constant");
}

static void write_reshape(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    struct shape shape = node->u.reshape.shape;
    shape.dim[0] = 0; /* the batch: copied */
    export_input(proto, export_int_list(exporter, node_part(exporter, node, "shape"), shape.dim, shape.rank));
}

static void write_transpose(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    int rank = exporter->graph->tensors[node->inputs[0]].shape.rank;
    int64_t order[GRAPH_MAX_RANK];
    for (int i = 0; i < rank; i++)
        order[i] = node->u.transpose.order[i];
    export_ints(exporter, proto, "perm", order, rank);
}

static void write_fields(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    switch (node->op) {
    case OP_CONV:
        write_window(exporter, proto, &node->u.conv.window, true);
        export_int(exporter, proto, "group", node->u.conv.groups);
        break;
    case OP_GEMM:
        export_int(exporter, proto, "transB", 1);
        break;
    case OP_BATCH_NORMALIZATION:
        export_float(exporter, proto, "epsilon", node->u.batch_normalization.epsilon);
        export_float(exporter, proto, "momentum", node->u.batch_normalization.momentum);
        break;
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        write_pool(exporter, proto, node);
        break;
    case OP_LRN:
        export_int(exporter, proto, "size", node->u.lrn.size);
        export_float(exporter, proto, "alpha", node->u.lrn.alpha);
        export_float(exporter, proto, "beta", node->u.lrn.beta);
        export_float(exporter, proto, "bias", node->u.lrn.bias);
        break;
    case OP_CONCAT:
        export_int(exporter, proto, "axis", node->u.concat.axis);
        break;
    case OP_FLATTEN:
        export_int(exporter, proto, "axis", node->u.flatten.axis);
        break;
    case OP_SOFTMAX:
    case OP_LOG_SOFTMAX:
        export_int(exporter, proto, "axis", node->u.softmax.axis);
        break;
    case OP_SLICE:
        write_slice(exporter, proto, node);
        break;
    case OP_PAD:
        write_pad(exporter, proto, node);
        break;
    case OP_RESHAPE:
        write_reshape(exporter, proto, node);
        break;
    case OP_TRANSPOSE:
        write_transpose(exporter, proto, node);
        break;
    case OP_DROPOUT:
        export_input(proto,
                     export_number(exporter, node_part(exporter, node, "ratio"), node->u.dropout.ratio));
        break;
    default:
        break;
    }
}

/* A clamp or slope from tensor `input` to `output`. */
static void write_activation(struct exporter *exporter, const struct node *node, const char *name,
                             const char *input, const char *output)
{
    static const char *const operators[] = {"Identity", "Relu", "Clip", "LeakyRelu"};
    const struct activation *activation = &node->activation;
    Onnx__NodeProto *proto = export_node(exporter, operators[activation->kind], name, 3, output);
    export_input(proto, input);
    if (activation->kind == ACTIVATION_CLIP) {
        export_input(proto, export_number(exporter, node_part(exporter, node, "min"), activation->low));
        export_input(proto, export_number(exporter, node_part(exporter, node, "max"), activation->high));
    } else if (activation->kind == ACTIVATION_LEAKY_RELU) {
        export_float(exporter, proto, "alpha", activation->slope);
    }
}

static void write_node(struct exporter *exporter, const struct node *node)
{
    enum { EXTRA_INPUTS = 4 }; /* Slice's */
    const char *output = exporter->tensor_names[node->outputs[0]], *result = output;
    if (node->op == OP_RELU || node->op == OP_CLIP || node->op == OP_LEAKY_RELU) {
        write_activation(exporter, node, node->name, exporter->tensor_names[node->inputs[0]], output);
        return;
    }
    bool is_fused = node->activation.kind != ACTIVATION_NONE;
    if (is_fused) {
        char *before = export_format(exporter, "%s/before", output ? output : "");
        if (exporter->status == SNED_OK)
            exporter->status = sned_unique_name(&exporter->names, before, &result, exporter->error);
    }
    Onnx__NodeProto *proto =
        export_node(exporter, sned_op_name(node->op), node->name, node->input_count + EXTRA_INPUTS, result);
    int rank = exporter->graph->tensors[node->inputs[0]].shape.rank;
    for (int i = 0; i < node->input_count; i++) {
        if (node->inputs[i] >= 0 && (node->op == OP_ADD || node->op == OP_MUL))
            input_operand(exporter, proto, node->inputs[i], rank);
        else
            input_tensor(exporter, proto, node->inputs[i]);
    }
    while (proto && proto->n_input > 0 && proto->input[proto->n_input - 1][0] == 0)
        proto->n_input--; /* absent inputs at the end are left out */
    write_fields(exporter, proto, node);
    if (is_fused)
        write_activation(exporter, node, node_part(exporter, node, "activation"), result, output);
}

void export_nodes(struct exporter *exporter)
{
    for (int i = 0; i < exporter->graph->node_count && exporter->status == SNED_OK; i++)
        write_node(exporter, &exporter->graph->nodes[i]);
}
