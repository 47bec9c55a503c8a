/*
 * lines.c - what 64 outputs take of each tap, copied so that it is one line of the cache.
 *
 *     a plane, 5 pixels and one of padding a row        the lines of its taps, for outputs a to l
 *     0 0 0 0 0 0                                       0 0 0 0 0 0 a b c d 0 f ..
 *     0 a b c d e                                       0 0 0 0 0 a b c d e f g ..
 *     0 f g h i j                                       0 0 0 0 0 b c d e 0 g h ..
 *     0 k l ..                                          ..
 *
 * A load that crosses a line takes the time of two, and where kernels are more than 1x1 nearly all loads of
 * 64 pixels do. What is copied once for all filters is loaded for each few of them; and it lies together,
 * while a channel of an image is far from the next one. Outputs follow each other here without the columns
 * between rows, so that fewer pixels are computed for nothing.
 *
 * How far an output's pixel is from the first one's is the same for all taps: an order, in which one look-up
 * finds all 64 in two vectors.
 */
#include "runtime/conv/conv.h"
#include "base/memory.h"

bool sned_conv_can_share(const struct conv_layer *conv)
{
    const size_t width = (size_t)conv->output.extent.width, height = (size_t)conv->output.extent.height;
    const size_t ends = 1 + (LINE_PIXELS - 2) / width; /* of rows, between pixels of a line */
    const size_t gaps = (ends < height ? ends : height - 1) * (conv->planes.pitch - width);
    return conv->group_filters > 1 && LINE_PIXELS + gaps <= LINE_REACH;
}

sned_status sned_conv_find_taps(struct conv_layer *conv, sned_error *error)
{
    const int *kernel = conv->window.kernel;
    SNED_TRY(sned_alloc(&conv->taps, sned_conv_tap_count(conv), sizeof *conv->taps, error));
    for (int r = 0; r < kernel[0]; r++)
        for (int s = 0; s < kernel[1]; s++)
            conv->taps[r * kernel[1] + s] = sned_conv_tap_offset(conv, 0, r, s);
    return SNED_OK;
}

/* Pixels behind the last one are that one. */
static void find_order(const struct conv_layer *conv, size_t first, uint8_t order[LINE_PIXELS])
{
    const size_t width = (size_t)conv->output.extent.width, height = (size_t)conv->output.extent.height;
    size_t left = width * height - first, column = first % width, at = 0;
    for (size_t i = 0; i < LINE_PIXELS; i++) {
        order[i] = (uint8_t)at;
        if (left > 1) {
            left--;
            at++;
            if (++column == width) {
                column = 0;
                at += conv->planes.pitch - width;
            }
        }
    }
}

void sned_conv_copy_lines(const struct conv_layer *conv, const struct micro_kernels *micro, uint8_t *lines,
                          const uint8_t *planes, struct line_channels channels, size_t tile)
{
    const size_t width = (size_t)conv->output.extent.width, first = tile * LINE_PIXELS;
    struct tap_lines taps = {.channels = (size_t)channels.count,
                             .step = sned_conv_is_direct(conv) ? conv->input.plane
                                                               : sned_conv_tap_offset(conv, 1, 0, 0),
                             .tap_count = sned_conv_tap_count(conv),
                             .taps = conv->taps};
    find_order(conv, first, taps.order);
    planes += ((size_t)channels.group * (size_t)conv->group_channels + (size_t)channels.first) * taps.step;
    micro->lines(lines, planes + first / width * conv->planes.pitch + first % width, &taps);
}
