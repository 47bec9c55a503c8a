/*
 * lrn.c - LRN, as an operator and as the arithmetic that PyTorch's exporter writes for
 * LocalResponseNorm.
 *
 *     y = x / (bias + alpha * mean of x^2 over `size` channels)^beta
 *
 * comes as Mul(x, x) or Pow(x, 2), Unsqueeze and Reshape to [1][1][C][H][W], Pad of the channels, AveragePool
 * over them, Squeeze and Reshape back, Mul, Add, Pow, Div. By the time the Div is met, all but the last two
 * are nodes of the graph whose every number is known: where they are exactly that, one LRN takes their place,
 * and they fall away because nothing reads them. No other power is handled: the graph has no operator for it.
 */
#include "graph/operator.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/operators/operators.h"

/* x^1, x^2 = x * x; any other power waits for the Div that reads it. */
sned_status onnx_convert_pow(struct importer *importer)
{
    struct onnx_value *x;
    struct node *node;
    double exponent;
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    SNED_TRY(onnx_input_number(importer, 1, 1, &exponent));
    if (exponent == 1)
        return onnx_emit(importer, OP_IDENTITY, &x->tensor, 1, &x->shape, &node);
    if (exponent == 2)
        return onnx_emit(importer, OP_MUL, (int[]){x->tensor, x->tensor}, 2, &x->shape, &node);
    struct onnx_value *power =
        &importer->values[sned_names_find(&importer->names, importer->node->output[0])];
    power->kind = VALUE_POWER;
    power->shape = x->shape;
    power->tensor = x->tensor;
    power->exponent = (float)exponent;
    return SNED_OK;
}

/* ---- the arithmetic, from its end to its beginning ---- */

static const struct node *producer(const struct graph *graph, int tensor)
{
    int index = sned_graph_producer(graph, tensor);
    return index < 0 ? NULL : &graph->nodes[index];
}

/* Steps back over nodes that give the same numbers in another shape. */
static int skip_reshapes(const struct graph *graph, int tensor)
{
    const struct node *node = producer(graph, tensor);
    while (node && sned_op_is(node->op, OPERATOR_RESHAPES)) {
        tensor = node->inputs[0];
        node = producer(graph, tensor);
    }
    return tensor;
}

/* `tensor` is an activation `op` one number: steps back to the activation. */
static bool match_number(const struct graph *graph, enum op op, int *tensor, float *number)
{
    const struct node *node = producer(graph, *tensor);
    if (node == NULL || node->op != op)
        return false;
    const struct tensor *constant = &graph->tensors[node->inputs[1]];
    if (constant->data == NULL || sned_shape_elements(&constant->shape) != 1)
        return false;
    *number = *(const float *)constant->data;
    *tensor = node->inputs[0];
    return true;
}

/* `tensor` is a mean over `size` neighbours along the height of [1][1][H][W]: steps back. */
static bool match_mean(const struct graph *graph, int *tensor, int64_t *size, int64_t *height)
{
    const struct node *node = producer(graph, *tensor);
    if (node == NULL || node->op != OP_AVERAGE_POOL)
        return false;
    const struct window *w = &node->u.pool.window;
    const struct shape *image = &graph->tensors[node->inputs[0]].shape;
    *size = w->kernel[0];
    *height = image->dim[2];
    *tensor = node->inputs[0];
    return w->kernel[1] == 1 && w->stride[0] == 1 && w->stride[1] == 1 && w->dilation[0] == 1 &&
           w->pad_begin[0] == 0 && w->pad_end[0] == 0 && w->pad_begin[1] == 0 && w->pad_end[1] == 0 &&
           image->dim[1] == 1;
}

/* `tensor` is padded with zeros along the axis that has the channels, and no other: steps back. */
static bool match_pad(const struct graph *graph, int *tensor, int64_t channels, int64_t pixels,
                      int64_t *before, int64_t *after)
{
    const struct node *node = producer(graph, *tensor);
    int64_t inside = 1;
    int axis;
    if (node == NULL || node->op != OP_PAD)
        return false;
    const struct shape *shape = &graph->tensors[node->inputs[0]].shape;
    for (axis = shape->rank - 1; axis > 0 && node->u.pad.before[axis] == 0 && node->u.pad.after[axis] == 0;
         axis--)
        inside *= shape->dim[axis];
    *before = node->u.pad.before[axis];
    *after = node->u.pad.after[axis];
    bool fits = inside == pixels && shape->dim[axis] == channels;
    for (int i = axis - 1; i >= 0; i--)
        fits &= shape->dim[i] == 1 && node->u.pad.before[i] == 0 && node->u.pad.after[i] == 0;
    *tensor = node->inputs[0];
    return fits;
}

struct lrn_match {
    int64_t size, before, after;
    float alpha, bias;
};

static bool match_lrn(const struct graph *graph, const struct onnx_value *x, int tensor,
                      struct lrn_match *match)
{
    const int64_t channels = x->shape.dim[1], pixels = x->shape.dim[2] * x->shape.dim[3];
    int64_t height;
    if (!match_number(graph, OP_ADD, &tensor, &match->bias) ||
        !match_number(graph, OP_MUL, &tensor, &match->alpha))
        return false;
    tensor = skip_reshapes(graph, tensor);
    if (!match_mean(graph, &tensor, &match->size, &height))
        return false;
    tensor = skip_reshapes(graph, tensor);
    if (match->size > 1 && !match_pad(graph, &tensor, channels, pixels, &match->before, &match->after))
        return false;
    const struct node *square = producer(graph, skip_reshapes(graph, tensor));
    return square && square->op == OP_MUL && square->inputs[0] == x->tensor &&
           square->inputs[1] == x->tensor && height == channels + match->size - 1 &&
           match->before + match->after == match->size - 1;
}

sned_status onnx_convert_division_by_power(struct importer *importer, const struct onnx_value *x,
                                           const struct onnx_value *power)
{
    struct lrn_match match = {0};
    struct node *node;
    if (x->shape.rank != 4 || !sned_shape_equal(&x->shape, &power->shape) ||
        !match_lrn(importer->graph, x, power->tensor, &match))
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                         "by a power that is no local response normalisation");
    if (match.before != (match.size - 1) / 2)
        return onnx_fail(
            importer, SNED_ERROR_UNSUPPORTED,
            "a local response normalisation over %lld channels before and %lld after; ONNX's LRN has %lld "
            "before",
            (long long)match.before, (long long)match.after, (long long)(match.size - 1) / 2);
    SNED_TRY(onnx_emit(importer, OP_LRN, &x->tensor, 1, &x->shape, &node));
    node->u.lrn.size = (int)match.size;
    node->u.lrn.alpha = match.alpha;
    node->u.lrn.beta = power->exponent;
    node->u.lrn.bias = match.bias;
    return SNED_OK;
}
