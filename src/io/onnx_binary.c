/*
 * onnx_binary.c - Add, Sub, Mul and Div, of two activations or of an activation and a constant.
 *
 * The graph adds and multiplies two activations of one shape, or an activation and a constant that is one
 * number or one a channel. The rest is arithmetic: x - c is x + (-c), c - x is -x + c, x - y is x + (-1) y, x
 * / c is x (1/c). A constant of any other shape that broadcasts within one image is spread over all axes up
 * to the last along which it varies; between two Reshapes these axes are the channels. A constant added to
 * the result of a MatMul becomes its bias.
 */
#include "io/onnx_import.h"

#include <stdlib.h>
#include <string.h>

/* The operands of the node in hand: an activation, and the other one, which is input `index`. */
struct operands {
    struct value *x, *other;
    int index;
};

static sned_status find_operands(struct importer *importer, struct operands *o)
{
    struct value *inputs[2];
    for (int i = 0; i < 2; i++) {
        SNED_TRY(onnx_input(importer, i, &inputs[i]));
        if (inputs[i] == NULL)
            return onnx_fail(importer, SNED_ERROR_FORMAT, "input %d is missing", i);
        if (!onnx_is_constant(inputs[i]))
            SNED_TRY(onnx_input_activation(importer, i, &inputs[i]));
    }
    o->index = onnx_is_constant(inputs[0]) ? 0 : 1;
    o->x = inputs[1 - o->index];
    o->other = inputs[o->index];
    return SNED_OK;
}

/* ---- an activation and a constant ---- */

/* What becomes of a constant before it is added or multiplied. */
enum change { KEPT, NEGATED, INVERTED };

static void change_all(enum change change, float *data, size_t count)
{
    for (size_t i = 0; change != KEPT && i < count; i++)
        data[i] = change == NEGATED ? -data[i] : 1 / data[i];
}

/* With axes lined up at the end, the axes of `x` along which `constant` varies, as bits; false where it does
 * not broadcast to `x`, or varies along the batch. */
static bool varying_axes(const struct shape *x, const struct shape *constant, unsigned *axes)
{
    *axes = 0;
    for (int i = 0; i < constant->rank; i++) {
        int axis = x->rank - constant->rank + i;
        if (constant->dim[i] == 1)
            continue;
        if (axis < 1 || constant->dim[i] != x->dim[axis])
            return false;
        *axes |= 1u << axis;
    }
    return constant->rank <= x->rank;
}

/* The constant as [1] or [C] in the graph. */
static sned_status channel_constant(struct importer *importer, int index, const struct shape *shape,
                                    enum change change, int *tensor)
{
    struct value *value;
    struct shape from;
    float *data;
    if (change == KEPT)
        return onnx_input_weights(importer, index, shape, tensor);
    SNED_TRY(onnx_input(importer, index, &value));
    SNED_TRY(onnx_take_floats(importer, index, &data, &from));
    change_all(change, data, sned_shape_elements(shape));
    return onnx_add_constant(importer, value, shape, data, tensor);
}

/* spread[i] = the constant at element i of axes 1 to last of `x`, in row-major order. */
static void spread_elements(const struct shape *x, int last, const struct shape *constant, const float *data,
                            float *spread, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, offset = 0, stride = 1;
        for (int axis = x->rank - 1; axis >= 1; axis--) {
            int k = axis - (x->rank - constant->rank);
            size_t size = axis > last ? 1 : (size_t)x->dim[axis];
            size_t at = rest % size;
            rest /= size;
            if (k < 0)
                continue;
            offset += constant->dim[k] == 1 ? 0 : at * stride;
            stride *= (size_t)constant->dim[k];
        }
        spread[i] = data[offset];
    }
}

/* The constant spread over axes 1 to last, as [channels]. */
static sned_status spread_constant(struct importer *importer, int index, const struct shape *x, int last,
                                   enum change change, int *tensor, struct shape *channels)
{
    struct value *value;
    struct shape from;
    float *data;
    void *spread;
    size_t count;
    *channels = sned_shape(1, (int64_t)1);
    for (int axis = 1; axis <= last; axis++)
        channels->dim[0] *= x->dim[axis];
    SNED_TRY(onnx_input(importer, index, &value));
    SNED_TRY(onnx_fold_alloc(importer, VALUE_FLOATS, channels, &spread, &count));
    sned_status status = onnx_take_floats(importer, index, &data, &from);
    if (status != SNED_OK) {
        free(spread);
        return status;
    }
    spread_elements(x, last, &from, data, spread, count);
    free(data);
    change_all(change, spread, count);
    return onnx_add_constant(importer, value, channels, spread, tensor);
}

static sned_status emit_spread(struct importer *importer, enum op op, int x, const struct shape *shape,
                               int index, int last, enum change change)
{
    struct shape channels;
    struct node *node;
    int constant, flat_x, result;
    SNED_TRY(spread_constant(importer, index, shape, last, change, &constant, &channels));
    struct shape flat = sned_shape(3, (int64_t)1, channels.dim[0], (int64_t)1);
    for (int axis = last + 1; axis < shape->rank; axis++)
        flat.dim[2] *= shape->dim[axis];
    flat.rank = flat.dim[2] == 1 ? 2 : 3;
    SNED_TRY(onnx_emit_reshape_step(importer, x, &flat, "/flat", &flat_x));
    SNED_TRY(onnx_emit_step(importer, op, (int[]){flat_x, constant}, 2, &flat, "/spread", &result, &node));
    return onnx_emit_reshape(importer, result, shape);
}

/* x op constant, x an activation of the graph. */
static sned_status emit_with_constant(struct importer *importer, enum op op, int x, const struct shape *shape,
                                      int index, enum change change)
{
    struct value *value;
    struct node *node;
    unsigned axes;
    int constant, last = 0;
    SNED_TRY(onnx_input(importer, index, &value));
    if (value->kind != VALUE_FLOATS)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "constant '%s' is not of type float", value->name);
    if (!varying_axes(shape, &value->shape, &axes))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                         "constant '%s' does not broadcast to each image of a batch", value->name);
    for (int axis = 1; axis < shape->rank; axis++)
        last = axes >> axis & 1 ? axis : last;
    if (axes & ~2u)
        return emit_spread(importer, op, x, shape, index, last, change);
    struct shape channels = sned_shape(1, axes ? shape->dim[1] : (int64_t)1);
    SNED_TRY(channel_constant(importer, index, &channels, change, &constant));
    return onnx_emit(importer, op, (int[]){x, constant}, 2, shape, &node);
}

/* -x as a step on the way. */
static sned_status emit_negation(struct importer *importer, const struct value *x, int *negated)
{
    struct shape one = sned_shape(1, (int64_t)1);
    struct node *node;
    float *data;
    int factor;
    SNED_TRY(sned_alloc(&data, 1, sizeof *data, importer->error));
    data[0] = -1;
    SNED_TRY(onnx_add_constant(importer, NULL, &one, data, &factor));
    return onnx_emit_step(importer, OP_MUL, (int[]){x->tensor, factor}, 2, &x->shape, "/negated", negated,
                          &node);
}

/* ---- a bias ---- */

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
    SNED_TRY(onnx_linear_bias(importer, index, 1, x->shape.dim[1], &bias));
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

/* ---- the operators ---- */

static sned_status emit_of_activations(struct importer *importer, enum op op, const struct value *x,
                                       int other, const struct shape *shape)
{
    struct node *node;
    if (!sned_shape_equal(&x->shape, shape))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "of two activations of different shapes");
    return onnx_emit(importer, op, (int[]){x->tensor, other}, 2, &x->shape, &node);
}

sned_status onnx_convert_add(struct importer *importer)
{
    struct operands o;
    SNED_TRY(find_operands(importer, &o));
    if (!onnx_is_constant(o.other))
        return emit_of_activations(importer, OP_ADD, o.x, o.other->tensor, &o.other->shape);
    struct node *gemm = open_gemm(importer, o.x);
    if (gemm && is_bias(o.other, o.x->shape.dim[1]))
        return add_bias(importer, gemm, o.x, o.index);
    return emit_with_constant(importer, OP_ADD, o.x->tensor, &o.x->shape, o.index, KEPT);
}

sned_status onnx_convert_mul(struct importer *importer)
{
    struct operands o;
    SNED_TRY(find_operands(importer, &o));
    if (!onnx_is_constant(o.other))
        return emit_of_activations(importer, OP_MUL, o.x, o.other->tensor, &o.other->shape);
    return emit_with_constant(importer, OP_MUL, o.x->tensor, &o.x->shape, o.index, KEPT);
}

sned_status onnx_convert_sub(struct importer *importer)
{
    struct operands o;
    int negated;
    SNED_TRY(find_operands(importer, &o));
    if (onnx_is_constant(o.other) && o.index == 1)
        return emit_with_constant(importer, OP_ADD, o.x->tensor, &o.x->shape, o.index, NEGATED);
    struct shape shape = onnx_is_constant(o.other) ? o.x->shape : o.other->shape;
    SNED_TRY(emit_negation(importer, onnx_is_constant(o.other) ? o.x : o.other, &negated));
    if (onnx_is_constant(o.other))
        return emit_with_constant(importer, OP_ADD, negated, &shape, o.index, KEPT);
    return emit_of_activations(importer, OP_ADD, o.x, negated, &shape);
}

sned_status onnx_convert_div(struct importer *importer)
{
    struct value *x, *divisor;
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    SNED_TRY(onnx_input(importer, 1, &divisor));
    if (divisor && divisor->kind == VALUE_POWER)
        return onnx_convert_division_by_power(importer, x, divisor);
    if (divisor == NULL || !onnx_is_constant(divisor))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "by an activation");
    return emit_with_constant(importer, OP_MUL, x->tensor, &x->shape, 1, INVERTED);
}
