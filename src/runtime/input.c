/*
 * input.c - the way into a network: pixels, or values after preprocessing, as the integers of its input.
 */
#include "runtime/context.h"
#include "runtime/micro/requantize.h"

#include <math.h>

void sned_input_from_pixels(const struct graph *graph, const uint8_t *pixels, void *input, size_t first,
                            size_t end)
{
    const struct value value = sned_value(graph, graph->input);
    const size_t plane = (size_t)value.extent.height * value.extent.width;
    const int32_t low = value_low(value.type), high = value_high(value.type);
    for (size_t c = first / plane; first < end; c++) {
        const int64_t multiplier = graph->rule.integer[c].multiplier, offset = graph->rule.integer[c].offset;
        const int shift = graph->rule.integer[c].shift;
        for (; first < end && first < (c + 1) * plane; first++)
            value_store(input, value.type, first,
                        clamp_value(round_shift(pixels[first] * multiplier + offset, shift), low, high));
    }
}

void sned_input_from_values(const struct graph *graph, const float *values, void *input, size_t first,
                            size_t end)
{
    const enum value_type type = sned_value(graph, graph->input).type;
    const float scale = graph->tensors[graph->input].quantization.scale;
    const float low = (float)value_low(type), high = (float)value_high(type);
    for (size_t i = first; i < end; i++) {
        float q = floorf(values[i] / scale + 0.5f);
        q = isnan(q) ? 0 : q < low ? low : q > high ? high : q;
        value_store(input, type, i, (int32_t)q);
    }
}
