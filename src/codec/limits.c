/*
 * limits.c - what a network will cost, told from its GRAPH section alone, against what the caller allows
 * (sned_limits).
 *
 * The section gives the shapes of all constants, and with the input's those of all activations follow. So a
 * file that asks for too much is refused before a byte of its weights is read.
 */
#include "codec/sections.h"

static uint64_t largest_activation(const struct graph *graph)
{
    uint64_t largest = 0;
    for (int i = 0; i < graph->tensor_count; i++) {
        const struct tensor *tensor = &graph->tensors[i];
        if (tensor->type != TENSOR_F32 || tensor->quantization.scale == 0)
            continue; /* a constant; made by an ending, and handed out as it is made */
        const uint64_t bytes = sned_shape_elements(&tensor->shape) * (tensor->quantization.bits / 8);
        largest = bytes > largest ? bytes : largest;
    }
    return largest;
}

static sned_status check(const struct graph *graph, const char *what, uint64_t claimed, uint64_t limit,
                         sned_error *error)
{
    if (limit == 0 || claimed <= limit)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_LIMIT, "network '%.80s' takes %llu %s, the limit is %llu", graph->name,
                     (unsigned long long)claimed, what, (unsigned long long)limit);
}

sned_status sned_check_limits(struct graph *graph, const sned_limits *limits, sned_error *error)
{
    if (!limits || !(limits->memory || limits->macs || limits->operations))
        return SNED_OK;
    SNED_TRY(sned_graph_infer(graph, error));
    SNED_TRY(check(graph, "bytes of memory or more",
                   sned_graph_constant_bytes(graph) + largest_activation(graph), limits->memory, error));
    SNED_TRY(check(graph, "multiply-accumulates", sned_graph_macs(graph), limits->macs, error));
    return check(graph, "operations", sned_graph_operations(graph), limits->operations, error);
}
