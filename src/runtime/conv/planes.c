/*
 * planes.c - the input of a convolution into its planes: padding, phases of the stride, and bytes or quads or
 * int16 as the form wants them.
 *
 * The zeros of the padding are what zeros of the input become: where its bytes are flipped, 0x80.
 */
#include "runtime/conv/conv.h"

#include <string.h>

/* A plane that is filled: what one byte of its pixels, or all of them, are made of. */
struct plane_source {
    const uint8_t *image; /* of a channel; NULL: nothing */
    int phase[2];
    size_t first[2], end[2]; /* rows and columns that lie in the image */
};

size_t sned_conv_fill_size(const struct conv_layer *conv)
{
    return conv->form == CONV_DENSE_PHASES ? 4 * conv->planes.pitch : 0;
}

static struct plane_source source_of(const struct conv_layer *conv, const uint8_t *input, int plane, int lane)
{
    const size_t size =
        (size_t)conv->input.extent.height * (size_t)conv->input.extent.width * value_size(conv->input.type);
    const int group = plane / conv->planes.count;
    struct plane_source source = {0};
    int channel;
    if (!sned_conv_source(conv, plane % conv->planes.count, lane, &channel, source.phase))
        return source;
    source.image = input + ((size_t)group * (size_t)conv->group_channels + (size_t)channel) * size;
    for (int axis = 0; axis < 2; axis++)
        sned_conv_inside(conv, axis, source.phase[axis], &source.first[axis], &source.end[axis]);
    return source;
}

/* The element of the image that is pixel (row, column) of the plane. */
static const uint8_t *pixel_of(const struct conv_layer *conv, const struct plane_source *source, size_t row,
                               size_t column)
{
    const struct window *window = &conv->window;
    const size_t y =
        row * (size_t)window->stride[0] + (size_t)source->phase[0] - (size_t)window->pad_begin[0];
    const size_t x =
        column * (size_t)window->stride[1] + (size_t)source->phase[1] - (size_t)window->pad_begin[1];
    return source->image + (y * (size_t)conv->input.extent.width + x) * value_size(conv->input.type);
}

/* Pixels of one row, from column `column` on; `lanes` are the sources of a quad. */
static void fill_pixels(const struct conv_layer *conv, const struct micro_kernels *micro,
                        const struct plane_source *lanes, size_t row, size_t column, size_t count,
                        uint8_t *to)
{
    const size_t stride = (size_t)conv->window.stride[1];
    const uint8_t *from = pixel_of(conv, &lanes[0], row, column);
    if (conv->form == CONV_DENSE) {
        const uint8_t *rows[4];
        for (int j = 0; j < 4; j++)
            rows[j] = lanes[j].image ? pixel_of(conv, &lanes[j], row, column) : from;
        micro->interleave(to, (const uint8_t *const *)rows, count, stride, conv->flip);
    } else if (conv->form == CONV_SPARSE) {
        micro->pick(to, from, count, stride, conv->flip);
    } else if (stride == 1) {
        micro->widen[conv->input.type]((int16_t *)(void *)to, from, count);
    } else {
        for (size_t i = 0; i < count; i++)
            ((int16_t *)(void *)to)[i] = (int16_t)value_load(from, conv->input.type, i * stride);
    }
}

/* Planes whose pixels have one phase. Where rows have no padding, all of them are one. */
static void fill_plane(const struct conv_layer *conv, const struct micro_kernels *micro,
                       const struct plane_source *lanes, uint8_t *plane)
{
    const struct conv_planes *planes = &conv->planes;
    const size_t size = sned_conv_pixel_size(conv), pitch = planes->pitch * size;
    const size_t top = lanes->first[0], bottom = lanes->end[0], left = lanes->first[1], right = lanes->end[1];
    const size_t behind = (planes->pixels - bottom * planes->pitch) * size;
    memset(plane, conv->flip, top * pitch);
    memset(plane + bottom * pitch, conv->flip, behind);
    if (top == bottom)
        return;
    if (left == 0 && right == planes->pitch && conv->window.stride[0] == 1 && conv->window.stride[1] == 1 &&
        planes->pitch == (size_t)conv->input.extent.width) {
        fill_pixels(conv, micro, lanes, top, 0, (bottom - top) * planes->pitch, plane + top * pitch);
        return;
    }
    for (size_t row = top; row < bottom; row++) {
        uint8_t *to = plane + row * pitch;
        memset(to, conv->flip, left * size);
        memset(to + right * size, conv->flip, pitch - right * size);
        if (left < right)
            fill_pixels(conv, micro, lanes, row, left, right - left, to + left * size);
    }
}

/* Planes whose bytes may have different phases: each byte's row by itself, then all four together. */
static void fill_mixed_plane(const struct conv_layer *conv, const struct micro_kernels *micro,
                             const struct plane_source *lanes, uint8_t *plane, uint8_t *own)
{
    const struct conv_planes *planes = &conv->planes;
    const size_t pitch = planes->pitch, height = planes->height;
    const uint8_t *rows[4] = {own, own + pitch, own + 2 * pitch, own + 3 * pitch};
    for (size_t row = 0; row < height; row++, plane += 4 * pitch) {
        memset(own, conv->flip, 4 * pitch);
        for (int j = 0; j < 4; j++) {
            const struct plane_source *lane = &lanes[j];
            const size_t left = lane->first[1], right = lane->end[1];
            if (lane->image && row >= lane->first[0] && row < lane->end[0] && left < right)
                micro->pick(own + (size_t)j * pitch + left, pixel_of(conv, lane, row, left), right - left,
                            (size_t)conv->window.stride[1], conv->flip);
        }
        micro->interleave(plane, (const uint8_t *const *)rows, pitch, 1, 0);
    }
    memset(plane, conv->flip, 4 * (planes->pixels - height * pitch));
}

void sned_conv_fill(const struct conv_layer *conv, const struct micro_kernels *micro, const uint8_t *input,
                    uint8_t *planes, uint8_t *own, int first, int end)
{
    const size_t size = conv->planes.pixels * sned_conv_pixel_size(conv);
    for (int p = first; p < end; p++) {
        struct plane_source lanes[4];
        for (int j = 0; j < 4; j++)
            lanes[j] = source_of(conv, input, p, j);
        if (conv->form == CONV_DENSE_PHASES)
            fill_mixed_plane(conv, micro, lanes, planes + (size_t)p * size, own);
        else
            fill_plane(conv, micro, lanes, planes + (size_t)p * size);
    }
}
