/*
 * binary.c - Add and Mul: of two activations of one shape, or of one and a constant [1] or [C].
 *
 * A constant is a parameter like any other and has a gradient: a sum over images and pixels, in double and in
 * one order, so that it does not depend on threads.
 */
#include "base/memory.h"
#include "train/operators/operators.h"

enum { SAVED_FIRST, SAVED_SECOND };

/* The slot of the activation that leads, and of the other operand. */
struct binary_slots {
    int first, second;
    bool constant; /* the second */
};

static struct binary_slots binary_slots(const struct executor *executor, const struct work *work)
{
    const struct tensor *tensors = executor->graph->tensors;
    bool first_is_constant = tensors[work->node->inputs[0]].data != NULL;
    struct binary_slots o = {first_is_constant, !first_is_constant, false};
    o.constant = tensors[work->node->inputs[o.second]].data != NULL;
    return o;
}

static sned_status plan_operation(struct executor *executor, struct tape *tape, enum op op, dnnl_memory_t a,
                                  dnnl_memory_t b, dnnl_memory_t to, sned_error *error)
{
    dnnl_binary_desc_t operation;
    dnnl_primitive_desc_t description = NULL;
    sned_status status;
    SNED_TRY_DONE(
        onednn_check(dnnl_binary_desc_init(&operation, op == OP_ADD ? dnnl_binary_add : dnnl_binary_mul,
                                           layout_of(a), layout_of(b), layout_of(to)),
                     "an operation of these shapes", error));
    SNED_TRY_DONE(onednn_describe(executor->engine, &operation, NULL, NULL, &description, error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, b}, {DNNL_ARG_DST, to}};
    SNED_TRY_DONE(plan_run(executor, tape, description, arguments, 3, error));
done:
    dnnl_primitive_desc_destroy(description);
    return status;
}

/* The constant as [1][C][1][1] or all ones, as oneDNN broadcasts. */
static sned_status constant_layout(struct executor *executor, const struct work *work, int slot,
                                   const dnnl_memory_desc_t *like, dnnl_memory_desc_t *desc,
                                   sned_error *error)
{
    const struct tensor *tensor = &executor->graph->tensors[work->node->inputs[slot]];
    size_t elements = sned_shape_elements(&tensor->shape);
    dnnl_dims_t dims = {1, 1, 1, 1, 1, 1};
    if (elements != 1 && (like->ndims < 2 || elements != (size_t)like->dims[1]))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "constant %s must have one element, or one a channel",
                         tensor->name);
    dims[1] = (dnnl_dim_t)elements;
    *desc = layout_plain(like->ndims, dims);
    return SNED_OK;
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    struct binary_slots o = binary_slots(executor, work);
    struct edge *first = plan_input(executor, work, o.first), *second = plan_input(executor, work, o.second);
    const bool keep = executor->options.training;
    dnnl_memory_t output;
    if (executor->graph->tensors[work->node->inputs[o.first]].data)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "both operands are constants; fold them first");
    const dnnl_memory_desc_t desc = layout_for_activation(&first->desc, &work->activation);
    SNED_TRY(plan_convert(executor, &executor->forward, first->value, &desc, keep, &work->saved[SAVED_FIRST],
                          error));
    if (o.constant) {
        dnnl_memory_desc_t row;
        SNED_TRY(constant_layout(executor, work, o.second, &desc, &row, error));
        SNED_TRY(plan_constant(executor, work, o.second, &row, &work->saved[SAVED_SECOND], error));
    } else {
        SNED_TRY(plan_convert(executor, &executor->forward, second->value, &desc, keep,
                              &work->saved[SAVED_SECOND], error));
    }
    SNED_TRY(plan_output(executor, work, &desc, &output, error));
    return plan_operation(executor, &executor->forward, work->node->op, work->saved[SAVED_FIRST],
                          work->saved[SAVED_SECOND], output, error);
}

/* The constant's gradient: gradient [N][C][...] (times the activation, for Mul) summed over all but the
 * constant. */
static sned_status call_reduce(struct executor *executor, struct work *work, sned_error *error)
{
    dnnl_memory_t *saved = work->state;
    const dnnl_memory_desc_t *desc = layout_of(saved[0]);
    const float *gradient = layout_data(saved[0]), *values = saved[1] ? layout_data(saved[1]) : NULL;
    float *to = layout_data(saved[2]);
    const size_t images = (size_t)desc->dims[0], channels = (size_t)desc->dims[1];
    const size_t pixels = layout_elements(desc) / images / channels,
                 wanted = layout_elements(layout_of(saved[2]));
    double all = 0;
    for (size_t c = 0; c < channels; c++) {
        double sum = 0;
        for (size_t n = 0; n < images; n++)
            for (size_t i = (n * channels + c) * pixels, end = i + pixels; i < end; i++)
                sum += values ? (double)gradient[i] * values[i] : (double)gradient[i];
        all += sum;
        if (wanted > 1)
            to[c] = (float)sum;
    }
    if (wanted == 1)
        to[0] = (float)all;
    return SNED_OK;
}

static sned_status backward_constant(struct executor *executor, struct work *work, struct edge *edge,
                                     sned_error *error)
{
    dnnl_memory_desc_t plain = layout_plain_like(&plan_output_edge(executor, work)->desc);
    SNED_TRY(sned_alloc(&work->state, 3, sizeof(dnnl_memory_t), error));
    dnnl_memory_t *saved = work->state;
    SNED_TRY(plan_output_gradient(executor, work, &plain, &saved[0], error));
    if (work->node->op == OP_MUL)
        SNED_TRY(plan_convert(executor, &executor->backward, work->saved[SAVED_FIRST], &plain, false,
                              &saved[1], error));
    SNED_TRY(plan_gradient_target(executor, edge, &edge->desc, &saved[2], error));
    SNED_TRY(plan_call(executor, &executor->backward, work, call_reduce, error));
    return plan_gradient_done(executor, edge, saved[2], error);
}

static sned_status backward_operand(struct executor *executor, struct work *work, struct edge *edge,
                                    dnnl_memory_t other, sned_error *error)
{
    struct edge *output = plan_output_edge(executor, work);
    dnnl_memory_t to;
    if (work->node->op == OP_ADD)
        return plan_gradient_done(executor, edge, output->gradient, error);
    SNED_TRY(plan_gradient_target(executor, edge, &output->desc, &to, error));
    SNED_TRY(plan_operation(executor, &executor->backward, OP_MUL, output->gradient, other, to, error));
    return plan_gradient_done(executor, edge, to, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct binary_slots o = binary_slots(executor, work);
    struct edge *first = plan_input(executor, work, o.first), *second = plan_input(executor, work, o.second);
    if (first->wants_gradient)
        SNED_TRY(backward_operand(executor, work, first, work->saved[SAVED_SECOND], error));
    if (!second->wants_gradient)
        return SNED_OK;
    if (o.constant)
        return backward_constant(executor, work, second, error);
    return backward_operand(executor, work, second, work->saved[SAVED_FIRST], error);
}

const struct operator_plan plan_binary = {.forward = forward, .backward = backward};
