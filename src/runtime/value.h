/*
 * value.h - an activation as the runtime holds it: integers of 8 or 16 bits, the last axis fastest. An image
 * of bytes may lie in quads instead: four channels side by side, pixel by pixel.
 *
 *     channels    [C][plane]           0 0 0 ..  1 1 1 ..  2 2 2 ..  3 3 3 ..
 *     quads       [C / 4][plane][4]    0 1 2 3  0 1 2 3  0 1 2 3 ..
 */
#ifndef SNED_RUNTIME_VALUE_H
#define SNED_RUNTIME_VALUE_H

#include "runtime/micro/number.h"
#include "graph/graph.h"

struct value {
    int tensor; /* the graph's */
    enum value_type type;
    struct extent extent;
    size_t elements;
    size_t plane; /* elements from one channel's first to the next one's */
    size_t span;  /* from the first element to behind the last channel: the elements, and what lies between */
    bool in_quads;
    bool may_be_quads; /* as long as forms are chosen: they are as if it lay so */
};

static inline struct value sned_value(const struct graph *graph, int tensor)
{
    const struct tensor *of = &graph->tensors[tensor];
    const struct quantization *quantization = &of->quantization;
    const struct extent extent = sned_shape_extent(&of->shape);
    const size_t elements = sned_shape_elements(&of->shape);
    return (struct value){
        .tensor = tensor,
        .type = quantization->bits == 16  ? VALUE_S16
                : quantization->is_signed ? VALUE_S8
                                          : VALUE_U8,
        .extent = extent,
        .elements = elements,
        .plane = (size_t)extent.height * (size_t)extent.width,
        .span = elements,
    };
}

#endif
