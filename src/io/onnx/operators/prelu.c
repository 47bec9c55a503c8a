/*
 * prelu.c - PRelu: slope * x for negative x, with a slope for each channel.
 *
 * One slope for all is a LeakyRelu, where it is one that a LeakyRelu may have. Other slopes are arithmetic
 * that the graph has, and in which each number is one of two products, so that nothing is rounded otherwise:
 *
 *     y = relu(x) + (-slope) * relu(-1 * x)
 */
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/node/tensor.h"
#include "io/onnx/operators/operators.h"

#include <stdlib.h>

/* What integers can hold (docs/arithmetic.md); a negative slope could not be told from the output's sign. */
static const float MOST_LEAKY = 2;

/* A constant [count], each element factor * data's, or factor alone. */
static sned_status add_factors(struct importer *importer, const float *data, float factor, int64_t count,
                               int *tensor)
{
    const struct shape shape = sned_shape(1, count);
    float *factors;
    SNED_TRY(sned_alloc(&factors, (size_t)count, sizeof *factors, importer->error));
    for (int64_t i = 0; i < count; i++)
        factors[i] = data ? factor * data[i] : factor;
    return onnx_add_constant(importer, NULL, &shape, factors, tensor);
}

static sned_status emit_leaky(struct importer *importer, const struct onnx_value *x, float slope)
{
    struct node *node;
    SNED_TRY(onnx_emit(importer, OP_LEAKY_RELU, &x->tensor, 1, &x->shape, &node));
    node->activation.kind = ACTIVATION_LEAKY_RELU;
    node->activation.slope = slope;
    return SNED_OK;
}

static sned_status emit_relu(struct importer *importer, int x, const struct shape *shape, const char *suffix,
                             int *tensor)
{
    struct node *node;
    SNED_TRY(onnx_emit_step(importer, OP_RELU, &x, 1, shape, suffix, tensor, &node));
    node->activation.kind = ACTIVATION_RELU;
    return SNED_OK;
}

/* slopes [count]: one, or one a channel. */
static sned_status emit_slopes(struct importer *importer, const struct onnx_value *x, const float *slopes,
                               int64_t count)
{
    struct node *node;
    int positive, minus, turned, negative, factors, part;
    SNED_TRY(emit_relu(importer, x->tensor, &x->shape, "/positive", &positive));
    SNED_TRY(add_factors(importer, NULL, -1, 1, &minus));
    SNED_TRY(
        onnx_emit_step(importer, OP_MUL, (int[]){x->tensor, minus}, 2, &x->shape, "/turned", &turned, &node));
    SNED_TRY(emit_relu(importer, turned, &x->shape, "/negative", &negative));
    SNED_TRY(add_factors(importer, slopes, -1, count, &factors));
    SNED_TRY(
        onnx_emit_step(importer, OP_MUL, (int[]){negative, factors}, 2, &x->shape, "/sloped", &part, &node));
    return onnx_emit(importer, OP_ADD, (int[]){positive, part}, 2, &x->shape, &node);
}

/* Do the axes of the slopes, lined up with the last ones of x, leave but the channels? */
static bool is_of_channels(const struct shape *slopes, const struct shape *x)
{
    for (int i = 0; i < slopes->rank; i++) {
        int axis = x->rank - slopes->rank + i;
        if (slopes->dim[i] != 1 && (axis != 1 || slopes->dim[i] != x->dim[1]))
            return false;
    }
    return slopes->rank <= x->rank;
}

sned_status onnx_convert_prelu(struct importer *importer)
{
    struct onnx_value *x;
    struct shape shape;
    float *slopes = NULL;
    size_t count;
    bool same = true;
    sned_status status;
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    SNED_TRY(onnx_take_floats(importer, 1, &slopes, &shape));
    if (slopes == NULL)
        return onnx_fail(importer, SNED_ERROR_FORMAT, "it has no slopes");
    onnx_elements(&shape, &count);
    for (size_t i = 0; i < count; i++)
        same &= slopes[i] == slopes[0];
    if (is_of_channels(&shape, &x->shape))
        status = same && slopes[0] >= 0 && slopes[0] < MOST_LEAKY
                     ? emit_leaky(importer, x, slopes[0])
                     : emit_slopes(importer, x, slopes, (int64_t)count);
    else
        status = onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "its slopes are neither one nor one a channel");
    free(slopes);
    return status;
}
