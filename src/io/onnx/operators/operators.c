/*
 * operators.c - the table of operators, and the rules of those that map to one node as they are.
 */
#include "io/onnx/operators/operators.h"

#include "io/onnx/node/attributes.h"
#include "io/onnx/node/emit.h"
#include "io/onnx/node/inputs.h"
#include "io/onnx/operators/fold.h"

#include <float.h>
#include <math.h>
#include <string.h>

static sned_status convert_elementwise(struct importer *importer, enum op op, struct node **node)
{
    struct onnx_value *x;
    SNED_TRY(onnx_input_view(importer, 0, &x));
    return onnx_emit_like(importer, op, &x->tensor, 1, x, node);
}

/* Bounds as attributes before opset 11, as inputs from then on. */
static sned_status clip_bounds(struct importer *importer, float *low, float *high)
{
    *low = -FLT_MAX;
    *high = FLT_MAX;
    if (importer->opset < 11) {
        SNED_TRY(onnx_attribute_float(importer, "min", *low, low));
        return onnx_attribute_float(importer, "max", *high, high);
    }
    double minimum, maximum;
    SNED_TRY(onnx_input_number(importer, 1, *low, &minimum));
    SNED_TRY(onnx_input_number(importer, 2, *high, &maximum));
    *low = (float)minimum;
    *high = (float)maximum;
    return SNED_OK;
}

static sned_status convert_clip(struct importer *importer)
{
    struct node *node;
    float low, high;
    SNED_TRY(clip_bounds(importer, &low, &high));
    if (isnan(low) || isnan(high))
        return onnx_fail(importer, SNED_ERROR_FORMAT, "bounds %g and %g", low, high);
    low = fminf(low, high); /* ONNX: min(max, max(x, min)) */
    SNED_TRY(convert_elementwise(importer, OP_CLIP, &node));
    node->activation.kind = ACTIVATION_CLIP;
    node->activation.low = fmaxf(low, -FLT_MAX);
    node->activation.high = fminf(high, FLT_MAX);
    return SNED_OK;
}

static sned_status convert_leaky_relu(struct importer *importer)
{
    struct node *node;
    float alpha;
    SNED_TRY(onnx_attribute_float(importer, "alpha", 0.01f, &alpha));
    if (!isfinite(alpha))
        return onnx_fail(importer, SNED_ERROR_FORMAT, "alpha %g", alpha);
    SNED_TRY(convert_elementwise(importer, OP_LEAKY_RELU, &node));
    node->activation.kind = ACTIVATION_LEAKY_RELU;
    node->activation.slope = alpha;
    return SNED_OK;
}

static sned_status convert_dropout(struct importer *importer)
{
    struct node *node;
    float ratio = 0.5f;
    double number, training;
    if (importer->opset < 12) {
        SNED_TRY(onnx_attribute_float(importer, "ratio", ratio, &ratio));
    } else {
        SNED_TRY(onnx_input_number(importer, 1, ratio, &number));
        SNED_TRY(onnx_input_number(importer, 2, 0, &training));
        if (training != 0)
            return onnx_fail(importer, SNED_ERROR_UNSUPPORTED,
                             "training_mode; export the model for inference");
        ratio = (float)number;
    }
    if (!(ratio >= 0 && ratio < 1))
        return onnx_fail(importer, SNED_ERROR_FORMAT, "ratio %g", ratio);
    SNED_TRY(convert_elementwise(importer, OP_DROPOUT, &node));
    node->u.dropout.ratio = ratio;
    return SNED_OK;
}

static sned_status convert_sigmoid(struct importer *importer)
{
    struct node *node;
    return convert_elementwise(importer, OP_SIGMOID, &node);
}

/* On an activation that is straightened already. */
static sned_status convert_softmax_node(struct importer *importer, enum op op, int axis)
{
    struct node *node;
    SNED_TRY(convert_elementwise(importer, op, &node));
    node->u.softmax.axis = axis;
    return SNED_OK;
}

/* Before opset 13, Softmax runs over all axes from `axis` on, taken as one: [1][everything]. */
static sned_status convert_flat_softmax(struct importer *importer, enum op op, const struct onnx_value *x)
{
    struct shape flat = {.rank = 2, .dim = {1, 1}};
    struct node *node;
    int flattened, softmax;
    for (int i = 1; i < x->shape.rank; i++)
        flat.dim[1] *= x->shape.dim[i];
    struct shape shape = x->shape;
    SNED_TRY(onnx_emit_reshape_step(importer, x->tensor, &flat, "/flat", &flattened));
    SNED_TRY(onnx_emit_step(importer, op, &flattened, 1, &flat, "/softmax", &softmax, &node));
    node->u.softmax.axis = 1;
    return onnx_emit_reshape(importer, softmax, &shape);
}

static sned_status convert_softmax_along(struct importer *importer, enum op op)
{
    struct onnx_value *x;
    int64_t attribute;
    int axis, last = 0, wide = 0;
    SNED_TRY(onnx_input_activation(importer, 0, &x));
    SNED_TRY(onnx_attribute_int(importer, "axis", importer->opset < 13 ? 1 : -1, &attribute));
    SNED_TRY(onnx_axis(importer, attribute, x->shape.rank, &axis));
    if (axis == 0)
        return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "over the batch");
    if (importer->opset >= 13)
        return convert_softmax_node(importer, op, axis);
    bool all = true; /* nothing but axes of size 1 before `axis` */
    for (int i = 1; i < x->shape.rank; i++) {
        if (x->shape.dim[i] == 1)
            continue;
        all &= i >= axis;
        wide += i >= axis;
        last = i >= axis ? i : last;
    }
    if (wide <= 1)
        return convert_softmax_node(importer, op, wide == 1 ? last : axis);
    if (all)
        return convert_flat_softmax(importer, op, x);
    return onnx_fail(importer, SNED_ERROR_UNSUPPORTED, "over several axes, of several vectors");
}

static sned_status convert_softmax(struct importer *importer)
{
    return convert_softmax_along(importer, OP_SOFTMAX);
}

static sned_status convert_log_softmax(struct importer *importer)
{
    return convert_softmax_along(importer, OP_LOG_SOFTMAX);
}

/* In the order of the alphabet. convert NULL: only on constants. */
static const struct operator_rule rules[] = {
    {"Add", 2, "", onnx_convert_add, onnx_fold_arithmetic},
    {"AveragePool", 1, " auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides ",
     onnx_convert_average_pool, NULL},
    {"BatchNormalization", 5, " epsilon momentum spatial training_mode ", onnx_convert_batch_normalization,
     NULL},
    {"Cast", 1, " round_mode saturate to ", onnx_convert_cast, onnx_fold_cast},
    {"Clip", 3, " max min ", convert_clip, NULL},
    {"Concat", ONNX_MAX_INPUTS, " axis ", onnx_convert_concat, onnx_fold_concat},
    {"Constant", 0, " value value_float value_floats value_int value_ints ", NULL, onnx_fold_constant},
    {"ConstantOfShape", 1, " value ", NULL, onnx_fold_constant_of_shape},
    {"Conv", 3, " auto_pad dilations group kernel_shape pads strides ", onnx_convert_conv, NULL},
    {"DepthToSpace", 1, NULL, onnx_convert_listed, NULL},
    {"Div", 2, "", onnx_convert_div, onnx_fold_arithmetic},
    {"Dropout", 3, " ratio seed ", convert_dropout, NULL},
    {"Equal", 2, "", NULL, onnx_fold_arithmetic},
    {"Flatten", 1, " axis ", onnx_convert_flatten, NULL},
    {"Gather", 2, " axis ", onnx_convert_gather, onnx_fold_gather},
    {"Gemm", 3, " alpha beta transA transB ", onnx_convert_gemm, NULL},
    {"GlobalAveragePool", 1, "", onnx_convert_global_average_pool, NULL},
    {"GlobalMaxPool", 1, "", onnx_convert_global_max_pool, NULL},
    {"HardSwish", 1, NULL, onnx_convert_listed, NULL},
    {"Identity", 1, NULL, onnx_convert_listed, onnx_fold_identity},
    {"If", 1, " else_branch then_branch ", NULL, NULL}, /* import/nodes.c takes one of them */
    {"LRN", 1, NULL, onnx_convert_listed, NULL},
    {"LeakyRelu", 1, " alpha ", convert_leaky_relu, NULL},
    {"LogSoftmax", 1, " axis ", convert_log_softmax, NULL},
    {"MatMul", 2, "", onnx_convert_matmul, NULL},
    {"MaxPool", 1, " auto_pad ceil_mode dilations kernel_shape pads storage_order strides ",
     onnx_convert_max_pool, NULL},
    {"Mul", 2, "", onnx_convert_mul, onnx_fold_arithmetic},
    {"PRelu", 2, "", onnx_convert_prelu, NULL},
    {"Pad", 4, " mode pads value ", onnx_convert_pad, NULL},
    {"Pow", 2, "", onnx_convert_pow, NULL},
    {"ReduceMax", 2, " axes keepdims noop_with_empty_axes ", onnx_convert_reduce_max, NULL},
    {"ReduceMean", 2, " axes keepdims noop_with_empty_axes ", onnx_convert_reduce_mean, NULL},
    {"ReduceSum", 2, " axes keepdims noop_with_empty_axes ", onnx_convert_reduce_sum, NULL},
    {"Relu", 1, NULL, onnx_convert_listed, NULL},
    {"Reshape", 2, " allowzero ", onnx_convert_reshape, onnx_fold_reshape},
    {"Shape", 1, " end start ", onnx_fold_shape, onnx_fold_shape},
    {"Sigmoid", 1, "", convert_sigmoid, NULL},
    {"Slice", 5, " axes ends starts ", onnx_convert_slice, onnx_fold_slice},
    {"Softmax", 1, " axis ", convert_softmax, NULL},
    {"Split", 2, " axis num_outputs split ", onnx_convert_split, NULL},
    {"Squeeze", 2, " axes ", onnx_convert_squeeze, onnx_fold_squeeze},
    {"Sub", 2, "", onnx_convert_sub, onnx_fold_arithmetic},
    {"Sum", ONNX_MAX_INPUTS, "", onnx_convert_sum, NULL},
    {"Transpose", 1, " perm ", onnx_convert_transpose, onnx_fold_transpose},
    {"Unsqueeze", 2, " axes ", onnx_convert_unsqueeze, onnx_fold_unsqueeze},
};

const struct operator_rule *onnx_operator(const char *name)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(rules[i].name, name) == 0)
            return &rules[i];
    return NULL;
}

bool onnx_reads(enum op op)
{
    const struct operator_rule *rule = onnx_operator(sned_op_name(op));
    return rule && rule->convert;
}

const char *onnx_read_reason(enum op op)
{
    return onnx_operator(sned_op_name(op)) && !onnx_reads(op) ? ONNX_ON_CONSTANTS : NULL;
}
