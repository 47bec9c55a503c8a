/*
 * frame.c - outputs of 1x1 and stride 1 that see nothing but padding: a frame around the others, and one
 * number a filter, which is its bias. They are not computed; who makes outputs brings them to their places
 * within the frame, and fills in what lies between.
 */
#include "runtime/conv/conv.h"
#include "runtime/micro/requantize.h"

#include <string.h>

bool sned_conv_can_be_flat(struct extent extent)
{
    return (int64_t)extent.height * extent.width <= INT32_MAX;
}

void sned_conv_take_frame(struct conv_layer *conv)
{
    struct window *window = &conv->window;
    struct conv_frame *frame = &conv->frame;
    for (int axis = 0; axis < 2; axis++)
        if (window->kernel[axis] != 1 || window->stride[axis] != 1)
            return;
    if (sned_conv_is_flat(conv) || conv->groups > 1 || !sned_conv_can_be_flat(conv->input.extent))
        return;
    frame->is_there = true;
    frame->width = (size_t)conv->input.extent.width;
    frame->framed_width = (size_t)conv->output.extent.width;
    for (int axis = 0; axis < 2; axis++) {
        frame->before[axis] = (size_t)window->pad_begin[axis];
        window->pad_begin[axis] = window->pad_end[axis] = 0;
    }
    conv->output.extent.height = conv->input.extent.height;
    conv->output.extent.width = conv->input.extent.width;
}

/* Where pixel `at` of the image lies within its frame. */
static size_t framed_place(const struct conv_layer *conv, size_t at)
{
    const struct conv_frame *frame = &conv->frame;
    return (at / frame->width + frame->before[0]) * frame->framed_width + at % frame->width +
           frame->before[1];
}

/* Pixels [first, first + count) of a channel of the image, which are `from`, to their places in `to`: what is
 * left of a row, whole rows, the beginning of one. */
static void move_framed(const struct conv_layer *conv, const struct micro_kernels *micro, uint8_t *to,
                        const uint8_t *from, size_t first, size_t count)
{
    const size_t size = value_size(conv->output.type), width = conv->frame.width;
    for (size_t end = first + count, moved; first < end; first += moved, from += moved * size) {
        const size_t left = end - first, in_row = width - first % width;
        const bool are_whole = in_row == width && left >= width;
        const size_t rows = are_whole ? left / width : 1;
        const size_t columns = are_whole ? width : in_row < left ? in_row : left;
        const struct plane_rows piece = {.rows = rows,
                                         .count = columns * size,
                                         .step = conv->frame.framed_width * size,
                                         .image_step = width * size,
                                         .stride = 1};
        micro->pick(to + framed_place(conv, first) * size, from, &piece);
        moved = rows * columns;
    }
}

void sned_conv_make_framed(const struct step *step, int filter, uint8_t *channel, const uint8_t *outputs,
                           size_t first, size_t count)
{
    const struct conv_layer *conv = step->state;
    const enum value_type type = conv->output.type;
    const int32_t bias = conv->bias ? conv->bias[filter] : 0;
    const int32_t number = finish_value(scale_value(bias, step->rule->scalings[filter]), step->rule);
    const bool is_last = first + count == (size_t)conv->output.extent.height;
    const size_t begin = first ? framed_place(conv, first) : 0;
    const size_t end = is_last ? conv->output.plane : framed_place(conv, first + count);
    if (value_size(type) == 1)
        memset(channel + begin, number, end - begin);
    for (size_t i = begin; i < end && value_size(type) > 1; i++)
        value_store(channel, type, i, number);
    move_framed(conv, step->micro, channel, outputs, first, count);
}
