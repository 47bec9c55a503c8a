/*
 * nodes.c - each node of the graph as ONNX's opset 13 or a later one has it, with the constants that it
 * reads.
 *
 * An activation that is fused into a node becomes a node of its own again. The batch is left open: a Reshape
 * copies it from its input.
 */
#include "io/onnx/export/export.h"

#include "graph/operator.h"
#include "io/onnx/onnx.h"

#include <string.h>

/* How an operator is written, behind the inputs that the node has. */
struct export_row {
    void (*write)(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node);
    const char *reason; /* why there is no such function; for users */
    int since;          /* the opset that has it, where that is later than the one written */
};

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

/* A constant of Add or Mul: one number as it is, one a channel as [1][C][1][1], so that
 * ONNX broadcasts it. */
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

/* The attributes that the operator table lists: all that many operators have. */
static void write_listed(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    const struct operator_attribute *attribute = sned_operator(node->op)->attributes;
    for (; attribute->name; attribute++) {
        if (attribute->kind == ATTRIBUTE_FLOAT)
            export_float(exporter, proto, attribute->name, sned_attribute_float(node, attribute));
        else if (attribute->kind == ATTRIBUTE_CHOICE)
            export_string(exporter, proto, attribute->name,
                          attribute->choices[sned_attribute_int(node, attribute)]);
        else
            export_int(exporter, proto, attribute->name, sned_attribute_int(node, attribute));
    }
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
    bool is_average = sned_op_is(node->op, OPERATOR_AVERAGES);
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

static void write_split(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    export_input(proto, export_int_list(exporter, node_part(exporter, node, "split"), node->u.split.sizes,
                                        node->output_count));
    write_listed(exporter, proto, node);
}

static void write_conv(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    write_window(exporter, proto, &node->u.conv.window, true);
    export_int(exporter, proto, "group", node->u.conv.groups);
}

static void write_gemm(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    export_int(exporter, proto, "transB", 1);
}

static void write_clip(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    export_input(proto, export_number(exporter, node_part(exporter, node, "min"), node->activation.low));
    export_input(proto, export_number(exporter, node_part(exporter, node, "max"), node->activation.high));
}

static void write_leaky_relu(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    export_float(exporter, proto, "alpha", node->activation.slope);
}

static void write_dropout(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    export_input(proto, export_number(exporter, node_part(exporter, node, "ratio"), node->u.dropout.ratio));
}

/* ---- the table ---- */

static const struct export_row rows[OP_COUNT] = {
    [OP_CONV] = {write_conv},
    [OP_GEMM] = {write_gemm},
    [OP_BATCH_NORMALIZATION] = {write_listed},
    [OP_RELU] = {write_listed},
    [OP_CLIP] = {write_clip},
    [OP_LEAKY_RELU] = {write_leaky_relu},
    [OP_MAX_POOL] = {write_pool},
    [OP_AVERAGE_POOL] = {write_pool},
    [OP_GLOBAL_AVERAGE_POOL] = {write_listed},
    [OP_LRN] = {write_listed},
    [OP_HARD_SWISH] = {write_listed, .since = 14},
    [OP_ADD] = {write_listed},
    [OP_MUL] = {write_listed},
    [OP_CONCAT] = {write_listed},
    [OP_SPLIT] = {write_split},
    [OP_SLICE] = {write_slice},
    [OP_PAD] = {write_pad},
    [OP_FLATTEN] = {write_listed},
    [OP_RESHAPE] = {write_reshape},
    [OP_TRANSPOSE] = {write_transpose},
    [OP_DEPTH_TO_SPACE] = {write_listed},
    [OP_SOFTMAX] = {write_listed},
    [OP_LOG_SOFTMAX] = {write_listed},
    [OP_SIGMOID] = {write_listed},
    [OP_DROPOUT] = {write_dropout},
    [OP_IDENTITY] = {write_listed},
};

bool onnx_writes(enum op op)
{
    return rows[op].write != NULL;
}

const char *onnx_write_reason(enum op op)
{
    return rows[op].reason;
}

/* The node by its name in ONNX, with nothing yet but an operator that the file's opset has. */
static Onnx__NodeProto *start_node(struct exporter *exporter, enum op op, const char *name, int inputs,
                                   int outputs)
{
    enum { EXTRA_INPUTS = 4 }; /* Slice's */
    if (exporter->opset < rows[op].since)
        exporter->opset = rows[op].since;
    return export_node(exporter, sned_op_name(op), name, inputs + EXTRA_INPUTS, outputs);
}

/* The operator that an activation is by itself. */
static enum op activation_op(enum activation_kind kind)
{
    int op = 0;
    while (op < OP_COUNT - 1 && sned_operator((enum op)op)->activation != kind)
        op++;
    return (enum op)op;
}

/* What is fused into `node`, as a node of its own from tensor `input` to `output`. */
static void write_activation(struct exporter *exporter, const struct node *node, const char *input,
                             const char *output)
{
    const enum op op = activation_op(node->activation.kind);
    Onnx__NodeProto *proto = start_node(exporter, op, node_part(exporter, node, "activation"), 1, 1);
    export_input(proto, input);
    export_output(proto, output);
    rows[op].write(exporter, proto, node);
}

static void write_inputs(struct exporter *exporter, Onnx__NodeProto *proto, const struct node *node)
{
    const int rank = exporter->graph->tensors[node->inputs[0]].shape.rank;
    for (int i = 0; i < node->input_count; i++) {
        if (node->inputs[i] >= 0 && sned_input_role(node->op, i) == INPUT_OPERAND)
            input_operand(exporter, proto, node->inputs[i], rank);
        else
            input_tensor(exporter, proto, node->inputs[i]);
    }
    while (proto && proto->n_input > 0 && proto->input[proto->n_input - 1][0] == 0)
        proto->n_input--; /* absent inputs at the end are left out */
}

static void write_node(struct exporter *exporter, const struct node *node)
{
    const char *output = exporter->tensor_names[node->outputs[0]], *result = output;
    const bool is_fused =
        node->activation.kind != ACTIVATION_NONE && sned_operator(node->op)->activation == ACTIVATION_NONE;
    if (is_fused)
        result = export_name(exporter, export_format(exporter, "%s/before", output ? output : ""));
    if (!rows[node->op].write) {
        exporter->status = sned_fail(exporter->error, SNED_ERROR_UNSUPPORTED, "node '%s' (%s): %s",
                                     node->name, sned_op_name(node->op), rows[node->op].reason);
        return;
    }
    Onnx__NodeProto *proto =
        start_node(exporter, node->op, node->name, node->input_count, node->output_count);
    write_inputs(exporter, proto, node);
    export_output(proto, result);
    for (int i = 1; i < node->output_count; i++)
        export_output(proto, exporter->tensor_names[node->outputs[i]]);
    rows[node->op].write(exporter, proto, node);
    if (is_fused)
        write_activation(exporter, node, result, output);
}

void export_nodes(struct exporter *exporter)
{
    for (int i = 0; i < exporter->graph->node_count && exporter->status == SNED_OK; i++)
        write_node(exporter, &exporter->graph->nodes[i]);
}
