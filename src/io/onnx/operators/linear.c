/*
 * linear.c - Gemm, MatMul and batch normalisation.
 *
 * The graph's Gemm has its weights one way round, [outputs][inputs], and no factors: transposes, alpha and
 * beta go into the constants here. A Gemm whose third input is an activation becomes a Gemm and an Add.
 */
#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/node/tensor.h"
#include "io/onnx/operators/operators.h"

#include <stdlib.h>
#include <string.h>

/* [rows][columns] to [columns][rows], by tiles that stay in the cache. Row i goes to places[i], or i where
 * that is NULL. */
static void transpose(const float *from, float *to, size_t rows, size_t columns, const int *places)
{
    enum { TILE = 32 };
    for (size_t row = 0; row < rows; row += TILE)
        for (size_t column = 0; column < columns; column += TILE)
            for (size_t i = row; i < rows && i < row + TILE; i++)
                for (size_t k = column; k < columns && k < column + TILE; k++)
                    to[k * rows + (places ? (size_t)places[i] : i)] = from[i * columns + k];
}

/* Element i of each row of [rows][columns] goes to places[i]. */
static sned_status place_columns(float *data, size_t rows, size_t columns, const int *places,
                                 sned_error *error)
{
    float *row;
    SNED_TRY(sned_alloc(&row, columns, sizeof *row, error));
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < columns; k++)
            row[places[k]] = data[i * columns + k];
        memcpy(data + i * columns, row, columns * sizeof *row);
    }
    free(row);
    return SNED_OK;
}

/* The weights as [K][C], whatever their way round in the file; owned by the caller. */
static sned_status take_weights(struct importer *importer, bool transposed, const int *places,
                                float **weights)
{
    float *taken;
    struct shape from;
    SNED_TRY(onnx_take_floats(importer, 1, &taken, &from));
    size_t rows = (size_t)from.dim[0], columns = (size_t)from.dim[1];
    sned_status status = SNED_OK;
    *weights = taken;
    if (!transposed) {
        status = sned_alloc(weights, rows * columns, sizeof **weights, importer->error);
        if (status == SNED_OK)
            transpose(taken, *weights, rows, columns, places);
        free(taken);
    } else if (places) {
        status = place_columns(taken, rows, columns, places, importer->error);
        if (status != SNED_OK)
            free(taken);
    }
    return status;
}

/* Input 1 as [K][C] in the graph. `transposed`: the file has it that way already. The input of x's column i
 * is element places[i] of the tensor, or i where that is NULL. */
static sned_status linear_weights(struct importer *importer, const struct onnx_value *x, bool transposed,
                                  float alpha, const int *places, struct shape *shape, int *tensor)
{
    struct onnx_value *value;
    SNED_TRY(onnx_input(importer, 1, &value));
    if (value == NULL || value->kind != VALUE_FLOATS)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its weights are not constant floats");
    if (value->shape.rank != 2)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "weights of %d dimensions", value->shape.rank);
    *shape = value->shape;
    if (!transposed)
        *shape = sned_shape(2, value->shape.dim[1], value->shape.dim[0]);
    if (shape->dim[1] != x->shape.dim[1])
        return onnx_fail(importer, SNED_ERROR_SHAPE, "%lld inputs, but weights for %lld",
                         (long long)x->shape.dim[1], (long long)shape->dim[1]);
    if (transposed && alpha == 1 && places == NULL)
        return onnx_input_weights(importer, 1, shape, tensor);
    float *data;
    SNED_TRY(take_weights(importer, transposed, places, &data));
    for (size_t i = 0; alpha != 1 && i < sned_shape_elements(shape); i++)
        data[i] *= alpha;
    return onnx_add_constant(importer, value, shape, data, tensor);
}

sned_status onnx_linear_bias(struct importer *importer, int index, float beta, int64_t count, int *tensor)
{
    struct onnx_value *value;
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

/* The third input where it is an activation; else NULL. */
static sned_status added_activation(struct importer *importer, const struct shape *shape,
                                    struct onnx_value **added)
{
    SNED_TRY(onnx_input(importer, 2, added));
    if (*added && onnx_is_constant(*added))
        *added = NULL;
    if (*added == NULL)
        return SNED_OK;
    SNED_TRY(onnx_input_activation(importer, 2, added));
    if (!sned_shape_equal(&(*added)->shape, shape))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                         "it adds an activation of another shape than its result");
    return SNED_OK;
}

/* Gemm without a bias, and beta times the activation added to it. */
static sned_status emit_gemm_and_add(struct importer *importer, const int inputs[3],
                                     const struct shape *shape, const struct onnx_value *added, float beta)
{
    struct node *node;
    int product, scaled = added->tensor, factor;
    SNED_TRY(onnx_emit_step(importer, OP_GEMM, inputs, 3, shape, "/product", &product, &node));
    if (beta != 1) {
        struct shape one = sned_shape(1, (int64_t)1);
        float *data;
        SNED_TRY(sned_alloc(&data, 1, sizeof *data, importer->error));
        data[0] = beta;
        SNED_TRY(onnx_add_constant(importer, NULL, &one, data, &factor));
        SNED_TRY(onnx_emit_step(importer, OP_MUL, (int[]){added->tensor, factor}, 2, shape, "/scaled",
                                &scaled, &node));
    }
    return onnx_emit(importer, OP_ADD, (int[]){product, scaled}, 2, shape, &node);
}

static sned_status convert_linear(struct importer *importer, bool transposed, float alpha, float beta)
{
    struct onnx_value *x, *added;
    struct shape weights;
    struct node *node;
    int inputs[3] = {-1, -1, -1}, *places;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    if (x->shape.rank != 2)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "on a tensor of %d dimensions; 2 are handled",
                         x->shape.rank);
    SNED_TRY(onnx_flatten_view(importer, x, &places));
    inputs[0] = x->tensor;
    sned_status status = linear_weights(importer, x, transposed, alpha, places, &weights, &inputs[1]);
    free(places);
    SNED_TRY(status);
    struct shape shape = sned_shape(2, (int64_t)1, weights.dim[0]);
    SNED_TRY(added_activation(importer, &shape, &added));
    if (added)
        return emit_gemm_and_add(importer, inputs, &shape, added, beta);
    SNED_TRY(onnx_linear_bias(importer, 2, beta, weights.dim[0], &inputs[2]));
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

/* inputs: x's tensor, and inputs 1 to 4 of the node, one number for each of its channels. On a view, axis 1
 * of the value is axis 1 of the tensor, or its flat list of elements, or it is straightened. */
static sned_status channel_constants(struct importer *importer, struct onnx_value *x, int inputs[5])
{
    sned_status status = SNED_OK;
    int axes[GRAPH_MAX_RANK], *places = NULL;
    struct shape channels = sned_shape(1, x->shape.dim[1]);
    if (x->shape.rank == 2)
        SNED_TRY(onnx_flatten_view(importer, x, &places));
    else if (!onnx_view_axes(importer, x, axes) || axes[1] != 1)
        SNED_TRY(onnx_straighten(importer, x));
    inputs[0] = x->tensor;
    for (int i = 1; i < 5; i++) {
        struct onnx_value *value;
        float *data;
        SNED_TRY_DONE(onnx_input(importer, i, &value));
        if (value == NULL) {
            status = onnx_fail(importer, SNED_ERROR_FORMAT, "input %d is missing", i);
            goto done;
        }
        if (places) {
            SNED_TRY_DONE(onnx_take_placed(importer, i, places, (int)channels.dim[0], &data));
            SNED_TRY_DONE(onnx_add_constant(importer, value, &channels, data, &inputs[i]));
        } else {
            SNED_TRY_DONE(onnx_input_weights(importer, i, &channels, &inputs[i]));
        }
    }
done:
    free(places);
    return status;
}

sned_status onnx_convert_batch_normalization(struct importer *importer)
{
    struct onnx_value *x;
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
    SNED_TRY(onnx_input_view(importer, 0, &x));
    if (x->shape.rank < 2)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "on a tensor without channels");
    SNED_TRY(channel_constants(importer, x, inputs));
    SNED_TRY(onnx_emit_like(importer, OP_BATCH_NORMALIZATION, inputs, 5, x, &node));
    node->u.batch_normalization.epsilon = epsilon;
    node->u.batch_normalization.momentum = momentum;
    return SNED_OK;
}
