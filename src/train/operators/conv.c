/*
 * conv.c - Conv: groups, depthwise, strides, dilations, asymmetric padding.
 */
#include "train/operators/operators.h"
#include "train/operators/weighted.h"

struct geometry {
    dnnl_dims_t strides, dilations, before, after;
};

static struct geometry conv_geometry(const struct node *node)
{
    const struct window *window = &node->u.conv.window;
    struct geometry g;
    for (int i = 0; i < 2; i++) {
        g.strides[i] = window->stride[i];
        g.dilations[i] = window->dilation[i] - 1; /* oneDNN counts the gaps */
        g.before[i] = window->pad_begin[i];
        g.after[i] = window->pad_end[i];
    }
    return g;
}

/* [K][C/groups][R][S], or [groups][K/groups][C/groups][R][S]: the same numbers in the same order. */
static int weights_dims(const struct node *node, int64_t inputs, int64_t outputs, dnnl_dims_t dims)
{
    int rank = 0, groups = node->u.conv.groups;
    if (groups > 1)
        dims[rank++] = groups;
    dims[rank++] = outputs / groups;
    dims[rank++] = inputs / groups;
    dims[rank++] = node->u.conv.window.kernel[0];
    dims[rank++] = node->u.conv.window.kernel[1];
    return rank;
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    const struct node *node = work->node;
    dnnl_dims_t in, out, shape;
    SNED_TRY(layout_image(executor, node->inputs[0], in, error));
    SNED_TRY(layout_image(executor, node->outputs[0], out, error));
    int rank = weights_dims(node, in[1], out[1], shape);
    struct geometry g = conv_geometry(node);
    dnnl_memory_desc_t source = layout_for_conv(executor, in), weights = layout_any(rank, shape),
                       result = layout_for_conv(executor, out);
    dnnl_memory_desc_t bias = layout_plain(1, &out[1]);
    dnnl_convolution_desc_t operation;
    SNED_TRY(onednn_check(
        dnnl_dilated_convolution_forward_desc_init(
            &operation, executor->options.training ? dnnl_forward_training : dnnl_forward_inference,
            dnnl_convolution_direct, &source, &weights, plan_input(executor, work, 2) ? &bias : NULL, &result,
            g.strides, g.dilations, g.before, g.after),
        "a convolution of these shapes", error));
    return weighted_forward(executor, work, &operation, error);
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct weighted_layouts l = weighted_layouts(executor, work);
    l.source = layout_for_conv(executor, l.source.dims);
    l.result = layout_for_conv(executor, l.result.dims);
    struct geometry g = conv_geometry(work->node);
    dnnl_convolution_desc_t operation;
    SNED_TRY(
        onednn_check(dnnl_dilated_convolution_backward_weights_desc_init(
                         &operation, dnnl_convolution_direct, &l.source, &l.weights,
                         l.has_bias ? &l.bias : NULL, &l.result, g.strides, g.dilations, g.before, g.after),
                     "a convolution's weight gradient", error));
    SNED_TRY(weighted_backward_weights(executor, work, &operation, error));
    if (!plan_input(executor, work, 0)->wants_gradient)
        return SNED_OK;
    SNED_TRY(onednn_check(dnnl_dilated_convolution_backward_data_desc_init(
                              &operation, dnnl_convolution_direct, &l.source, &l.weights, &l.result,
                              g.strides, g.dilations, g.before, g.after),
                          "a convolution's input gradient", error));
    return weighted_backward_data(executor, work, &operation, error);
}

const struct operator_plan plan_conv = {.forward = forward, .backward = backward};
