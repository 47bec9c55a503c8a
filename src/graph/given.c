/*
 * given.c - arrays as a network's ONNX file takes them, to the input that its graph has.
 */
#include "graph/graph.h"

#include <string.h>

void sned_given_turn(const struct given_input *given, struct extent input, const float *from, float *to)
{
    size_t channels = (size_t)input.channels, plane = (size_t)input.height * (size_t)input.width;
    if (!given->channels_last) {
        memcpy(to, from, channels * plane * sizeof *to);
        return;
    }
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < plane; i++)
            to[c * plane + i] = from[i * channels + c];
}
