/*
 * onnx_linear.c - Gemm, MatMul, batch normalisation, and the element-wise Add and Mul.
 *
 * The graph's Gemm has its weights one way round, [outputs][inputs], and no factors: transposes, alpha and
 * beta go into the constants here. A constant added to the result of a MatMul becomes its bias.
 */
#include "io/onnx_import.h"

#include <stdlib.h>
#include <string.h>

/* [rows][columns] to [columns][rows], by tiles that stay in the cache. */
static void transpose(const float *from, float *to, size_t rows, size_t columns)
{
    enum { TILE = 32 };
    for (size_t row = 0; row < rows; row += TILE)
        for (size_t column = 0; column < columns; column += TILE)
            for (size_t i = row; i < rows && i < row + TILE; i++)
                for (size_t k = column; k < columns && k < column + TILE; k++)
                    to[k * rows + i] = from[i * columns + k];
}

/* Input 1 as [K][C] in the graph. `transposed`: the file has it that way already. */
static sned_status linear_weights(struct importer *importer, bool transposed, float alpha,
                                  struct shape *shape, int *tensor)
{
    struct value *value;
    SNED_TRY(onnx_input(importer, 1, &value));
    if (value == NULL || value->kind != VALUE_FLOATS)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its weights are not constant floats");
    if (value->shape.rank != 2)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "weights of %d dimensions", value->shape.rank);
    *shape = value->shape;
    if (!transposed)
        *shape = sned_shape(2, value->shape.dim[1], value->shape.dim[0]);
    if (transposed && alpha == 1)
        return onnx_input_weights(importer, 1, shape, tensor);
    float *taken, *data;
    struct shape from;
    SNED_TRY(onnx_take_floats(importer, 1, &taken, &from));
    size_t rows = (size_t)from.dim[0], columns = (size_t)from.dim[1];
    if (transposed) {
        data = taken;
    } else {
        sned_status status = sned_alloc(&data, rows * columns, sizeof *data, importer->error);
        if (status == SNED_OK)
            transpose(taken, data, rows, columns);
        free(taken);
        SNED_TRY(status);
    }
    for (size_t i = 0; alpha != 1 && i < rows * columns; i++)
        data[i] *= alpha;
    return onnx_add_constant(importer, value, shape, data, tensor);
}

/* Input `index`, any shape that broadcasts to [1][count], as [count] times beta; -1 where it is absent. */
static sned_status linear_bias(struct importer *importer, int index, float beta, int64_t count, int *tensor)
{
    struct value *value;
    struct shape shape = sned_shape(1, count), from;
    size_t elements;
    float *taken, *data;
    *tensor = -1;
    SNED_TRY(onnx_input(importer, index, &value));
    if (value == NULL)
        return SNED_OK;
    if (value->kind != VALUE_FLOATS || !onnx_elements(&value->shape, &elements))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its bias is not a constant of floats");
    int rank = value->shape.rank;
    bool is_row = rank <= 2 && (rank < 1 || value->shape.dim[rank - 1] == (int64_t)elements);
    if (!is_row || (elements != 1 && elements != (size_t)count))
        return onnx_fail(importer, SNED_ERROR_SHAPE, "a bias of %zu elements for %lld outputs", elements,
                         (long long)count);
    if (beta == 1 && elements == (size_t)count)
        return onnx_input_weights(importer, index, &shape, tensor);
    SNED_TRY(onnx_take_floats(importer, index, &taken, &from));
    sned_status status = sned_alloc(&data, (size_t)count, sizeof *data, importer->error);
    for (int64_t i = 0; status == SNED_OK && i < count; i++)
        data[i] = beta * taken[elements == 1 ? 0 : i];
    free(taken);
    SNED_TRY(status);
    return onnx_add_constant(importer, value, &shape, data, tensor);
}

static sned_status convert_linear(struct importer *importer, bool transposed, float alpha, float beta)
{
    struct value *x;
    struct shape weights;
    struct node *node;
    int inputs[3];
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    if (x->shape.rank != 2)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "on a tensor of %d dimensions; 2 are handled",
                         x->shape.rank);
    inputs[0] = x->tensor;
    SNED_TRY(linear_weights(importer, transposed, alpha, &weights, &inputs[1]));
    if (weights.dim[1] != x->shape.dim[1])
        return onnx_fail(importer, SNED_ERROR_SHAPE, "%lld inputs, but weights for %lld",
                         (long long)x->shape.dim[1], (long long)weights.dim[1]);
    SNED_TRY(linear_bias(importer, 2, beta, weights.dim[0], &inputs[2]));
    struct shape shape = sned_shape(2, (int64_t)1, weights.dim[0]);
    return onnx_emit(importer, OP_GEMM, inputs, 3, &shape, &node);
}

sned_status onnx_convert_gemm(struct importer *importer)
{
    float alpha, beta;
    int64_t transpose_a, transpose_b;
    SNED_TRY(onnx_attribute_float(importer, "alpha", 1, &alpha));
    SNED_TRY(onnx_attribute_float(importer, "beta", 1, &beta));
    SNED_TRY(onnx_attribute_int(importer, "transA", 0, &transpose_a));
    SNED_TRY(onnx_attribute_int(importer, "transB", 0, &transpose_b));
    if (transpose_a)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "transA would put the batch into the sum");
    return convert_linear(importer, transpose_b != 0, alpha, beta);
}

sned_status onnx_convert_matmul(struct importer *importer)
{
    return convert_linear(importer, false, 1, 1);
}

sned_status onnx_convert_batch_normalization(struct importer *importer)
{
    struct value *x;
    struct node *node;
    float epsilon, momentum;
    int64_t spatial, training;
    int inputs[5];
    SNED_TRY(onnx_attribute_float(importer, "epsilon", 1e-5f, &epsilon));
    SNED_TRY(onnx_attribute_float(importer, "momentum", 0.9f, &momentum));
    SNED_TRY(onnx_attribute_int(importer, "spatial", 1, &spatial));
    SNED_TRY(onnx_attribute_int(importer, "training_mode", 0, &training));
    if (!spatial)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "spatial = 0");
    if (training)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "training_mode; export the model for inference");
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    if (x->shape.rank < 2)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "on a tensor without channels");
    struct shape channels = sned_shape(1, x->shape.dim[1]);
    inputs[0] = x->tensor;
    for (int i = 1; i < 5; i++) {
        SNED_TRY(onnx_input_weights(importer, i, &channels, &inputs[i]));
        if (inputs[i] < 0)
            return onnx_fail(importer, SNED_ERROR_FORMAT, "input %d is missing", i);
    }
    SNED_TRY(onnx_emit(importer, OP_BATCH_NORMALIZATION, inputs, 5, &x->shape, &node));
    node->u.batch_normalization.epsilon = epsilon;
    node->u.batch_normalization.momentum = momentum;
    return SNED_OK;
}

/* ---- Add and Mul ---- */

/* A constant as one number, or one a channel: with axes lined up at the end, only axis 1 may be longer
 * than 1. */
static sned_status channel_constant(struct importer *importer, int index, const struct shape *x, int *tensor)
{
    struct value *value;
    SNED_TRY(onnx_input(importer, index, &value));
    int rank = value->shape.rank;
    bool fits = rank <= x->rank;
    int64_t count = 1;
    for (int i = 0; fits && i < rank; i++) {
        int axis = x->rank - rank + i;
        int64_t size = value->shape.dim[i];
        fits = size == 1 || (axis == 1 && size == x->dim[1]);
        count = size > 1 ? size : count;
    }
    if (!fits)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                         "constant '%s' is neither one number nor one a channel", value->name);
    struct shape shape = sned_shape(1, count);
    return onnx_input_weights(importer, index, &shape, tensor);
}

/* The Gemm without a bias that makes `x`, which nothing but the node in hand reads; else NULL. */
static struct node *open_gemm(struct importer *importer, const struct value *x)
{
    if (x->uses != 1 || x->made_by < 0)
        return NULL;
    struct node *node = &importer->graph->nodes[x->made_by];
    return node->op == OP_GEMM && node->inputs[2] < 0 ? node : NULL;
}

/* MatMul + Add: the constant becomes the Gemm's bias, and the Gemm's output takes this node's output's name.
 */
static sned_status add_bias(struct importer *importer, struct node *gemm, struct value *x, int index)
{
    int bias;
    const char *name;
    SNED_TRY(linear_bias(importer, index, 1, x->shape.dim[1], &bias));
    gemm->inputs[2] = bias;
    SNED_TRY(onnx_emit_alias(importer, x));
    struct tensor *tensor = &importer->graph->tensors[x->tensor];
    SNED_TRY(sned_unique_name(&importer->tensor_names, importer->node->output[0], &name, importer->error));
    free(tensor->name);
    tensor->name = NULL;
    return sned_strdup(&tensor->name, name, importer->error);
}

/* Can the constant be a bias of [1][count]? One a channel, or one row. */
static bool is_bias(const struct value *constant, int64_t count)
{
    int rank = constant->shape.rank;
    return rank >= 1 && rank <= 2 && constant->shape.dim[rank - 1] == count &&
           (rank == 1 || constant->shape.dim[0] == 1);
}

static sned_status convert_binary(struct importer *importer, enum op op)
{
    struct value *operands[2];
    struct node *node;
    for (int i = 0; i < 2; i++) {
        SNED_TRY(onnx_input(importer, i, &operands[i]));
        if (operands[i] == NULL)
            return onnx_fail(importer, SNED_ERROR_FORMAT, "input %d is missing", i);
    }
    int first = operands[0]->kind == VALUE_ACTIVATION ? 0 : 1;
    struct value *x = operands[first], *y = operands[1 - first];
    if (y->kind == VALUE_ACTIVATION) {
        if (!sned_shape_equal(&x->shape, &y->shape))
            return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "of two activations of different shapes");
        return onnx_emit(importer, op, (int[]){x->tensor, y->tensor}, 2, &x->shape, &node);
    }
    struct node *gemm = op == OP_ADD ? open_gemm(importer, x) : NULL;
    if (gemm && is_bias(y, x->shape.dim[1]))
        return add_bias(importer, gemm, x, 1 - first);
    int constant;
    SNED_TRY(channel_constant(importer, 1 - first, &x->shape, &constant));
    return onnx_emit(importer, op, (int[]){x->tensor, constant}, 2, &x->shape, &node);
}

sned_status onnx_convert_add(struct importer *importer)
{
    return convert_binary(importer, OP_ADD);
}

sned_status onnx_convert_mul(struct importer *importer)
{
    return convert_binary(importer, OP_MUL);
}
