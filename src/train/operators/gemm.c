/*
 * gemm.c - Gemm: every output from every input, oneDNN's inner product.
 *
 * Weights and their gradient stay row-major, as the graph has them: left to itself oneDNN turns them around
 * for the forward pass and back for each backward one, which for AlexNet's first Gemm costs a twentieth of a
 * step and 300 MB.
 */
#include "train/operators/operators.h"
#include "train/operators/weighted.h"

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    dnnl_dims_t in, out;
    int in_rank, out_rank;
    SNED_TRY(layout_dims(executor, work->node->inputs[0], &in_rank, in, error));
    SNED_TRY(layout_dims(executor, work->node->outputs[0], &out_rank, out, error));
    if (in_rank != 2 || out_rank != 2)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "only inputs of rank 2 are supported");
    dnnl_dims_t shape = {out[1], in[1]};
    dnnl_memory_desc_t source = layout_any(2, in), weights = layout_plain(2, shape),
                       result = layout_any(2, out);
    dnnl_memory_desc_t bias = layout_plain(1, &out[1]);
    dnnl_inner_product_desc_t operation;
    SNED_TRY(onednn_check(dnnl_inner_product_forward_desc_init(
                              &operation,
                              executor->options.training ? dnnl_forward_training : dnnl_forward_inference,
                              &source, &weights, plan_input(executor, work, 2) ? &bias : NULL, &result),
                          "a Gemm of these shapes", error));
    return weighted_forward(executor, work, &operation, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct weighted_layouts l = weighted_layouts(executor, work);
    l.weights = layout_plain_like(&l.weights);
    dnnl_inner_product_desc_t operation;
    SNED_TRY(onednn_check(dnnl_inner_product_backward_weights_desc_init(
                              &operation, &l.source, &l.weights, l.has_bias ? &l.bias : NULL, &l.result),
                          "a Gemm's weight gradient", error));
    SNED_TRY(weighted_backward_weights(executor, work, &operation, error));
    if (!plan_input(executor, work, 0)->wants_gradient)
        return SNED_OK;
    SNED_TRY(
        onednn_check(dnnl_inner_product_backward_data_desc_init(&operation, &l.source, &l.weights, &l.result),
                     "a Gemm's input gradient", error));
    return weighted_backward_data(executor, work, &operation, error);
}

const struct operator_plan plan_gemm = {.forward = forward, .backward = backward};
