/*
 * input.c - the way into a network: pixels, or values after preprocessing, as the integers of its input,
 * which has 8 bits.
 *
 * A pixel has 256 values, so that what a channel makes of them is a table, filled when a model is opened.
 */
#include "runtime/context.h"
#include "runtime/micro/requantize.h"

void sned_input_list_pixels(sned_model *model)
{
    const struct graph *graph = model->graph;
    const struct value input = sned_value(graph, graph->input);
    const int32_t low = value_low(input.type), high = value_high(input.type);
    for (int c = 0; graph->rule.is_image && c < input.extent.channels; c++) {
        const int64_t multiplier = graph->rule.integer[c].multiplier, offset = graph->rule.integer[c].offset;
        const int shift = graph->rule.integer[c].shift;
        for (int pixel = 0; pixel < PIXEL_VALUES; pixel++)
            model->pixels[c][pixel] =
                (uint8_t)clamp_value(round_shift(pixel * multiplier + offset, shift), low, high);
    }
}

void sned_input_from_pixels(const sned_model *model, const uint8_t *pixels, void *input, size_t first,
                            size_t end)
{
    const struct extent extent = sned_value(model->graph, model->graph->input).extent;
    const size_t plane = (size_t)extent.height * extent.width;
    while (first < end) {
        const size_t channel = first / plane,
                     next = (channel + 1) * plane < end ? (channel + 1) * plane : end;
        model->plan.micro->look_up((uint8_t *)input + first, pixels + first, next - first,
                                   model->pixels[channel]);
        first = next;
    }
}

void sned_input_from_values(const sned_model *model, const float *values, void *input, size_t first,
                            size_t end)
{
    const struct value to = sned_value(model->graph, model->graph->input);
    model->plan.micro->quantize[to.type]((uint8_t *)input + first, values + first, end - first,
                                         model->graph->tensors[to.tensor].quantization.scale);
}
