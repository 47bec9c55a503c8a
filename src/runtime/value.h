/*
 * value.h - an activation as the runtime holds it: integers of 8 or 16 bits, the last axis fastest.
 */
#ifndef SNED_RUNTIME_VALUE_H
#define SNED_RUNTIME_VALUE_H

#include "graph/graph.h"

enum value_type { VALUE_U8, VALUE_S8, VALUE_S16 };

struct value {
    int tensor; /* the graph's */
    enum value_type type;
    struct extent extent;
    size_t elements;
};

static inline struct value sned_value(const struct graph *graph, int tensor)
{
    const struct tensor *of = &graph->tensors[tensor];
    const struct quantization *quantization = &of->quantization;
    return (struct value){
        .tensor = tensor,
        .type = quantization->bits == 16  ? VALUE_S16
                : quantization->is_signed ? VALUE_S8
                                          : VALUE_U8,
        .extent = sned_shape_extent(&of->shape),
        .elements = sned_shape_elements(&of->shape),
    };
}

static inline size_t value_size(enum value_type type)
{
    return type == VALUE_S16 ? 2 : 1;
}

static inline int32_t value_low(enum value_type type)
{
    return type == VALUE_U8 ? 0 : type == VALUE_S8 ? -128 : -32768;
}

static inline int32_t value_high(enum value_type type)
{
    return type == VALUE_U8 ? 255 : type == VALUE_S8 ? 127 : 32767;
}

static inline int32_t value_load(const void *data, enum value_type type, size_t index)
{
    switch (type) {
    case VALUE_U8:
        return ((const uint8_t *)data)[index];
    case VALUE_S8:
        return ((const int8_t *)data)[index];
    default:
        return ((const int16_t *)data)[index];
    }
}

static inline void value_store(void *data, enum value_type type, size_t index, int32_t value)
{
    switch (type) {
    case VALUE_U8:
        ((uint8_t *)data)[index] = (uint8_t)value;
        break;
    case VALUE_S8:
        ((int8_t *)data)[index] = (int8_t)value;
        break;
    default:
        ((int16_t *)data)[index] = (int16_t)value;
    }
}

#endif
