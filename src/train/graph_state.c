/*
 * graph_state.c - the float constants and masks of a graph as one blob (checkpoint.h): per tensor that has
 * them, in order: elements u64 | 1 with a mask, else 0, u8 | floats | mask.
 */
#include "base/bytes.h"
#include "base/hash.h"
#include "train/checkpoint.h"

#include <stdlib.h>
#include <string.h>

static bool is_state(const struct tensor *tensor)
{
    return tensor->data && tensor->type == TENSOR_F32;
}

/* Bytes that one tensor takes. */
static size_t state_size(const struct tensor *tensor)
{
    const size_t elements = sned_shape_elements(&tensor->shape);
    return sizeof(uint64_t) + 1 + elements * sizeof(float) + (tensor->mask ? elements : 0);
}

sned_status graph_state_save(const struct graph *graph, struct buffer *buffer, sned_error *error)
{
    size_t size = buffer->size;
    for (int t = 0; t < graph->tensor_count; t++)
        size += is_state(&graph->tensors[t]) ? state_size(&graph->tensors[t]) : 0;
    SNED_TRY(sned_buffer_reserve(buffer, size, error));
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct tensor *tensor = &graph->tensors[t];
        if (!is_state(tensor))
            continue;
        uint64_t elements = sned_shape_elements(&tensor->shape);
        uint8_t masked = tensor->mask != NULL;
        SNED_TRY(sned_buffer_append(buffer, &elements, sizeof elements, error));
        SNED_TRY(sned_buffer_append(buffer, &masked, sizeof masked, error));
        SNED_TRY(sned_buffer_append(buffer, tensor->data, elements * sizeof(float), error));
        if (masked)
            SNED_TRY(sned_buffer_append(buffer, tensor->mask, elements, error));
    }
    return SNED_OK;
}

static sned_status restore_mask(struct tensor *tensor, const uint8_t *mask, size_t elements,
                                sned_error *error)
{
    if (!mask) {
        free(tensor->mask);
        tensor->mask = NULL;
        return SNED_OK;
    }
    if (!tensor->mask)
        SNED_TRY(sned_alloc(&tensor->mask, elements, 1, error));
    memcpy(tensor->mask, mask, elements);
    return SNED_OK;
}

sned_status graph_state_restore(struct graph *graph, const void *data, size_t size, sned_error *error)
{
    struct reader reader;
    sned_reader_init(&reader, data, size);
    for (int t = 0; t < graph->tensor_count; t++) {
        struct tensor *tensor = &graph->tensors[t];
        if (!is_state(tensor))
            continue;
        size_t elements = sned_shape_elements(&tensor->shape);
        uint64_t stored = 0;
        const uint8_t *head = sned_read_bytes(&reader, sizeof stored);
        if (head)
            memcpy(&stored, head, sizeof stored);
        bool masked = sned_read_u8(&reader);
        const uint8_t *values =
            stored == elements ? sned_read_bytes(&reader, elements * sizeof(float)) : NULL;
        const uint8_t *mask = values && masked ? sned_read_bytes(&reader, elements) : NULL;
        if (!values || (masked && !mask))
            return sned_fail(error, SNED_ERROR_FORMAT, "saved parameters are not of this network (at %s)",
                             tensor->name);
        memcpy(tensor->data, values, elements * sizeof(float));
        SNED_TRY(restore_mask(tensor, mask, elements, error));
    }
    if (sned_reader_left(&reader))
        return sned_fail(error, SNED_ERROR_FORMAT, "saved parameters are not of this network");
    return SNED_OK;
}

uint64_t graph_state_hash(const struct graph *graph)
{
    uint64_t hash = 0;
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct tensor *tensor = &graph->tensors[t];
        if (!is_state(tensor))
            continue;
        size_t elements = sned_shape_elements(&tensor->shape);
        uint64_t parts[4] = {hash, elements, sned_hash(tensor->data, elements * sizeof(float)),
                             tensor->mask ? sned_hash(tensor->mask, elements) : 0};
        hash = sned_hash(parts, sizeof parts);
    }
    return hash;
}
