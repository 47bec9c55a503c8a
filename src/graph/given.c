/*
 * given.c - arrays as a network's ONNX file takes them, to the input that its graph has.
 */
#include "graph/graph.h"

#include <string.h>

void sned_graph_turn_given(const struct graph *graph, const float *given, float *input)
{
    const struct shape *shape = &graph->tensors[graph->input].shape;
    if (!graph->given.channels_last) {
        memcpy(input, given, sned_shape_elements(shape) * sizeof *input);
        return;
    }
    size_t channels = (size_t)shape->dim[1], plane = (size_t)(shape->dim[2] * shape->dim[3]);
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < plane; i++)
            input[c * plane + i] = given[i * channels + c];
}
