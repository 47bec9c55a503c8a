/*
 * binary.c - Add, Sub, Mul and Div, of two activations or of an activation and a constant.
 *
 * The graph adds and multiplies two activations of one shape, or an activation and a constant that is one
 * number or one a channel. The rest is arithmetic: x - c is x + (-c), c - x is -x + c, x - y is x + (-1) y, x
 * / c is x (1/c). A constant of any other shape that broadcasts within one image is spread over all axes up
 * to the last along which it varies; between two Reshapes these axes are the channels. A constant added to
 * the result of a MatMul becomes its bias. On a view (view.c) the constant is laid along the axes of the
 * tensor that is viewed.
 */
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/operators/fold.h"
#include "io/onnx/operators/operators.h"

#include <stdlib.h>
#include <string.h>

/* The operands of the node in hand: an activation, and the other one, which is input `index`. */
struct binary_inputs {
    struct onnx_value *x, *other;
    int index;
};

static sned_status find_operands(struct importer *importer, struct binary_inputs *o)
{
    struct onnx_value *inputs[2];
    for (int i = 0; i < 2; i++) {
        SNED_TRY(onnx_input(importer, i, &inputs[i]));
        if (inputs[i] == NULL)
            return onnx_fail(importer, SNED_ERROR_FORMAT, "input %d is missing", i);
        if (!onnx_is_constant(inputs[i]))
            SNED_TRY(onnx_input_view(importer, i, &inputs[i]));
    }
    o->index = onnx_is_constant(inputs[0]) ? 0 : 1;
    o->x = inputs[1 - o->index];
    o->other = inputs[o->index];
    if (!onnx_is_constant(o->other) && !onnx_same_view(importer, o->x, o->other)) {
        SNED_TRY(onnx_straighten(importer, o->x));
        SNED_TRY(onnx_straighten(importer, o->other));
    }
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

/* How a constant lies along the tensor that it is added to or multiplied with. */
struct spread {
    struct shape shape;            /* of the tensor */
    size_t stride[GRAPH_MAX_RANK]; /* in the constant, along each axis of the tensor; 0: it does not vary */
    int last;                      /* the last axis along which it varies; 0: none */
    bool is_channels;              /* it varies along axis 1 at most */
};

/* With the axes of `constant` lined up with those of `x` at the end; false where it does not broadcast to x,
 * or varies along the batch. axes: onnx_view_axes. */
static bool find_spread(const struct shape *x, const int *axes, const struct shape *tensor,
                        const struct shape *constant, struct spread *spread)
{
    size_t stride = 1;
    *spread = (struct spread){.shape = *tensor, .is_channels = true};
    for (int i = constant->rank - 1; i >= 0; i--) {
        int axis = x->rank - constant->rank + i;
        if (constant->dim[i] == 1)
            continue;
        if (axis < 1 || constant->dim[i] != x->dim[axis])
            return false;
        spread->stride[axes[axis]] = stride;
        stride *= (size_t)constant->dim[i];
        spread->last = axes[axis] > spread->last ? axes[axis] : spread->last;
        spread->is_channels &= axes[axis] == 1;
    }
    return constant->rank <= x->rank;
}

/* The constant as [1] or [C] in the graph. */
static sned_status channel_constant(struct importer *importer, int index, const struct shape *shape,
                                    enum change change, int *tensor)
{
    struct onnx_value *value;
    struct shape from;
    float *data;
    if (change == KEPT)
        return onnx_input_weights(importer, index, shape, tensor);
    SNED_TRY(onnx_input(importer, index, &value));
    SNED_TRY(onnx_take_floats(importer, index, &data, &from));
    change_all(change, data, sned_shape_elements(shape));
    return onnx_add_constant(importer, value, shape, data, tensor);
}

/* to[i] = the constant at element i of axes 1 to last of the tensor, in row-major order. */
static void spread_elements(const struct spread *spread, const float *data, float *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, offset = 0;
        for (int axis = spread->last; axis >= 1; axis--) {
            offset += rest % (size_t)spread->shape.dim[axis] * spread->stride[axis];
            rest /= (size_t)spread->shape.dim[axis];
        }
        to[i] = data[offset];
    }
}

/* The constant spread over axes 1 to last, as [channels]. */
static sned_status spread_constant(struct importer *importer, int index, const struct spread *spread,
                                   enum change change, int *tensor, struct shape *channels)
{
    struct onnx_value *value;
    struct shape from;
    float *data;
    void *to;
    size_t count;
    *channels = sned_shape(1, (int64_t)1);
    for (int axis = 1; axis <= spread->last; axis++)
        channels->dim[0] *= spread->shape.dim[axis];
    SNED_TRY(onnx_input(importer, index, &value));
    SNED_TRY(onnx_fold_alloc(importer, VALUE_FLOATS, channels, &to, &count));
    sned_status status = onnx_take_floats(importer, index, &data, &from);
    if (status != SNED_OK) {
        free(to);
        return status;
    }
    spread_elements(spread, data, to, count);
    free(data);
    change_all(change, to, count);
    return onnx_add_constant(importer, value, channels, to, tensor);
}

static sned_status emit_spread(struct importer *importer, enum op op, int x, int index,
                               const struct spread *spread, enum change change)
{
    struct shape channels;
    struct node *node;
    int constant, flat_x, result;
    SNED_TRY(spread_constant(importer, index, spread, change, &constant, &channels));
    struct shape flat = sned_shape(3, (int64_t)1, channels.dim[0], (int64_t)1);
    for (int axis = spread->last + 1; axis < spread->shape.rank; axis++)
        flat.dim[2] *= spread->shape.dim[axis];
    flat.rank = flat.dim[2] == 1 ? 2 : 3;
    SNED_TRY(onnx_emit_reshape_step(importer, x, &flat, "/flat", &flat_x));
    SNED_TRY(onnx_emit_step(importer, op, (int[]){flat_x, constant}, 2, &flat, "/spread", &result, &node));
    return onnx_emit_reshape(importer, result, &spread->shape);
}

/* A constant of a number for each element of a list that is a view of another order: placed as the
 * tensor has them. */
static sned_status emit_placed(struct importer *importer, enum op op, const struct onnx_value *x, int index,
                               const int *places, enum change change)
{
    struct onnx_value *value;
    struct node *node;
    struct shape channels = sned_shape(1, x->shape.dim[1]);
    float *data;
    int constant;
    SNED_TRY(onnx_input(importer, index, &value));
    SNED_TRY(onnx_take_placed(importer, index, places, (int)channels.dim[0], &data));
    change_all(change, data, (size_t)channels.dim[0]);
    SNED_TRY(onnx_add_constant(importer, value, &channels, data, &constant));
    return onnx_emit_like(importer, op, (int[]){x->tensor, constant}, 2, x, &node);
}

/* `tensor` op constant, where `tensor` lies as that of x does. */
static sned_status emit_along_axes(struct importer *importer, enum op op, int tensor,
                                   const struct onnx_value *x, int index, const struct spread *spread,
                                   enum change change)
{
    struct node *node;
    int constant;
    if (spread->is_channels) {
        struct shape channels = sned_shape(1, spread->last ? spread->shape.dim[1] : (int64_t)1);
        SNED_TRY(channel_constant(importer, index, &channels, change, &constant));
        SNED_TRY(onnx_emit(importer, op, (int[]){tensor, constant}, 2, &spread->shape, &node));
    } else {
        SNED_TRY(emit_spread(importer, op, tensor, index, spread, change));
    }
    onnx_output_like(importer, x);
    return SNED_OK;
}

/* x op constant, x an activation or a view of one. */
static sned_status emit_with_constant(struct importer *importer, enum op op, struct onnx_value *x, int index,
                                      enum change change)
{
    struct onnx_value *value;
    struct spread spread;
    int axes[GRAPH_MAX_RANK], *places = NULL;
    sned_status status = SNED_OK;
    SNED_TRY(onnx_input(importer, index, &value));
    if (value->kind != VALUE_FLOATS)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "constant '%s' is not of type float", value->name);
    bool is_single = value->shape.rank == 0 || sned_shape_elements(&value->shape) == 1;
    bool has_axes = onnx_view_axes(importer, x, axes);
    if (!has_axes && !is_single && x->shape.rank == 2)
        SNED_TRY(onnx_flatten_view(importer, x, &places));
    else if (!has_axes && !is_single)
        SNED_TRY(onnx_straighten(importer, x));
    onnx_view_axes(importer, x, axes);
    if (!find_spread(&x->shape, axes, &importer->graph->tensors[x->tensor].shape, &value->shape, &spread))
        status = onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                           "constant '%s' does not broadcast to each image of a batch", value->name);
    else if (places)
        status = emit_placed(importer, op, x, index, places, change);
    else
        status = emit_along_axes(importer, op, x->tensor, x, index, &spread, change);
    free(places);
    return status;
}

/* -x as a step on the way, which lies as the tensor of x does. */
static sned_status emit_negation(struct importer *importer, const struct onnx_value *x, int *negated)
{
    struct shape one = sned_shape(1, (int64_t)1);
    struct node *node;
    float *data;
    int factor;
    SNED_TRY(sned_alloc(&data, 1, sizeof *data, importer->error));
    data[0] = -1;
    SNED_TRY(onnx_add_constant(importer, NULL, &one, data, &factor));
    return onnx_emit_step(importer, OP_MUL, (int[]){x->tensor, factor}, 2,
                          &importer->graph->tensors[x->tensor].shape, "/negated", negated, &node);
}

/* ---- a bias ---- */

/* The Gemm without a bias that makes `x`, which nothing but the node in hand reads; else NULL. */
static struct node *open_gemm(struct importer *importer, const struct onnx_value *x)
{
    if (x->readers != 1 || x->made_by < 0)
        return NULL;
    struct node *node = &importer->graph->nodes[x->made_by];
    return node->op == OP_GEMM && node->inputs[2] < 0 ? node : NULL;
}

/* MatMul + Add: the constant becomes the Gemm's bias, and the Gemm's output takes this
 * node's output's name. */
static sned_status add_bias(struct importer *importer, struct node *gemm, struct onnx_value *x, int index)
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
static bool is_bias(const struct onnx_value *constant, int64_t count)
{
    int rank = constant->shape.rank;
    return rank >= 1 && rank <= 2 && constant->shape.dim[rank - 1] == count &&
           (rank == 1 || constant->shape.dim[0] == 1);
}

/* ---- the operators ---- */

/* x op `other`, a tensor that is an activation of this shape and lies as that of x does. */
static sned_status emit_of_activations(struct importer *importer, enum op op, const struct onnx_value *x,
                                       int other, const struct shape *shape)
{
    struct node *node;
    if (!sned_shape_equal(&x->shape, shape))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "of two activations of different shapes");
    return onnx_emit_like(importer, op, (int[]){x->tensor, other}, 2, x, &node);
}

sned_status onnx_convert_add(struct importer *importer)
{
    struct binary_inputs o;
    SNED_TRY(find_operands(importer, &o));
    if (!onnx_is_constant(o.other))
        return emit_of_activations(importer, OP_ADD, o.x, o.other->tensor, &o.other->shape);
    struct node *gemm = open_gemm(importer, o.x);
    if (gemm && is_bias(o.other, o.x->shape.dim[1]))
        return add_bias(importer, gemm, o.x, o.index);
    return emit_with_constant(importer, OP_ADD, o.x, o.index, KEPT);
}

sned_status onnx_convert_mul(struct importer *importer)
{
    struct binary_inputs o;
    SNED_TRY(find_operands(importer, &o));
    if (!onnx_is_constant(o.other))
        return emit_of_activations(importer, OP_MUL, o.x, o.other->tensor, &o.other->shape);
    return emit_with_constant(importer, OP_MUL, o.x, o.index, KEPT);
}

sned_status onnx_convert_sum(struct importer *importer)
{
    const int count = onnx_input_count(importer);
    struct onnx_value *x, *other;
    struct node *node;
    if (count == 2)
        return onnx_convert_add(importer);
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    if (count == 1)
        return onnx_emit(importer, OP_IDENTITY, &x->tensor, 1, &x->shape, &node);
    int inputs[2] = {x->tensor, -1}, sum = x->tensor;
    for (int i = 1; i < count; i++) {
        SNED_TRY(onnx_input_activation(importer, i, &other));
        inputs[0] = sum;
        inputs[1] = other->tensor;
        if (!sned_shape_equal(&x->shape, &other->shape))
            return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "input %d ('%s') has another shape", i,
                             other->name);
        if (i < count - 1)
            SNED_TRY(onnx_emit_step(importer, OP_ADD, inputs, 2, &x->shape, "/sum", &sum, &node));
    }
    return onnx_emit(importer, OP_ADD, inputs, 2, &x->shape, &node);
}

sned_status onnx_convert_sub(struct importer *importer)
{
    struct binary_inputs o;
    int negated;
    SNED_TRY(find_operands(importer, &o));
    if (!onnx_is_constant(o.other)) {
        SNED_TRY(emit_negation(importer, o.other, &negated));
        return emit_of_activations(importer, OP_ADD, o.x, negated, &o.other->shape);
    }
    if (o.index == 1)
        return emit_with_constant(importer, OP_ADD, o.x, o.index, NEGATED);
    struct onnx_value minus = *o.x;
    SNED_TRY(emit_negation(importer, o.x, &minus.tensor));
    return emit_with_constant(importer, OP_ADD, &minus, o.index, KEPT);
}

sned_status onnx_convert_div(struct importer *importer)
{
    struct onnx_value *x, *divisor;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    SNED_TRY(onnx_input(importer, 1, &divisor));
    if (divisor && divisor->kind == VALUE_POWER)
        SNED_TRY(onnx_straighten(importer, x));
    if (divisor && divisor->kind == VALUE_POWER)
        return onnx_convert_division_by_power(importer, x, divisor);
    if (divisor == NULL || !onnx_is_constant(divisor))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "by an activation");
    return emit_with_constant(importer, OP_MUL, x, 1, INVERTED);
}
