/*
 * dispatch.c - which kernel runs which operator. A faster kernel is asked for here first, by layer.
 */
#include "runtime/kernel.h"

static const struct kernel *const plain[OP_COUNT] = {
    [OP_CONV] = &sned_kernel_conv,
    [OP_GEMM] = &sned_kernel_gemm,
    [OP_RELU] = &sned_kernel_activation,
    [OP_CLIP] = &sned_kernel_activation,
    [OP_LEAKY_RELU] = &sned_kernel_activation,
    [OP_MAX_POOL] = &sned_kernel_max_pool,
    [OP_AVERAGE_POOL] = &sned_kernel_average_pool,
    [OP_GLOBAL_AVERAGE_POOL] = &sned_kernel_average_pool,
    [OP_LRN] = &sned_kernel_lrn,
    [OP_ADD] = &sned_kernel_add,
    [OP_MUL] = &sned_kernel_mul,
    [OP_CONCAT] = &sned_kernel_concat,
    [OP_SLICE] = &sned_kernel_slice,
    [OP_PAD] = &sned_kernel_pad,
    [OP_FLATTEN] = &sned_kernel_copy,
    [OP_RESHAPE] = &sned_kernel_copy,
    [OP_TRANSPOSE] = &sned_kernel_transpose,
};

const struct kernel *sned_kernel_choose(const struct graph *graph, const struct node *node)
{
    return (unsigned)node->op < OP_COUNT ? plain[node->op] : NULL;
}

struct value sned_value(const struct graph *graph, int tensor)
{
    const struct tensor *of = &graph->tensors[tensor];
    const struct quantization *quantization = &of->quantization;
    struct value value = {.extent = sned_shape_extent(&of->shape),
                          .elements = sned_shape_elements(&of->shape)};
    value.type = quantization->bits == 16 ? VALUE_S16 : quantization->is_signed ? VALUE_S8 : VALUE_U8;
    return value;
}
