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
 * finds all 64 in two vectors. Where the output is as wide as the image, pixels that follow each other there
 * do so here: then there are no planes, and a mask says where a tap meets padding.
 */
#include "runtime/conv/conv.h"
#include "base/memory.h"

#include <stdlib.h>

bool sned_conv_can_share(const struct conv_layer *conv)
{
    const size_t width = (size_t)conv->output.extent.width, height = (size_t)conv->output.extent.height;
    const size_t ends = 1 + (LINE_PIXELS - 2) / width; /* of rows, between pixels of a line */
    const size_t gaps = (ends < height ? ends : height - 1) * (conv->planes.pitch - width);
    return conv->group_filters > 1 &&
           (sned_conv_has_lines_in_image(conv) || LINE_PIXELS + gaps <= LINE_REACH);
}

/* How far a tap's pixel is from the output's place, along an axis of the image. */
static int tap_distance(const struct conv_layer *conv, int axis, int tap)
{
    return tap * conv->window.dilation[axis] - conv->window.pad_begin[axis];
}

static int by_offset(const void *a, const void *b)
{
    const struct line_tap *left = a, *right = b;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

sned_status sned_conv_find_taps(struct conv_layer *conv, sned_error *error)
{
    const int *kernel = conv->window.kernel, width = conv->input.extent.width;
    const bool are_in_image = sned_conv_has_lines_in_image(conv);
    const size_t count = sned_conv_tap_count(conv);
    SNED_TRY(sned_alloc(&conv->taps, count, sizeof *conv->taps, error));
    for (int r = 0; r < kernel[0]; r++)
        for (int s = 0; s < kernel[1]; s++) {
            const int t = r * kernel[1] + s;
            conv->taps[t].line = (uint32_t)t;
            conv->taps[t].offset = are_in_image ? tap_distance(conv, 0, r) * width + tap_distance(conv, 1, s)
                                                : (int32_t)sned_conv_tap_offset(conv, 0, r, s);
        }
    qsort(conv->taps, count, sizeof *conv->taps, by_offset);
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

/* The bits of pixels [begin, end) among the 64 from `first` on. */
static uint64_t pixels_between(int64_t begin, int64_t end, int64_t first)
{
    uint64_t bits = 0;
    if (begin < first)
        begin = first;
    if (end > first + LINE_PIXELS)
        end = first + LINE_PIXELS;
    if (begin < end)
        bits = UINT64_MAX >> (LINE_PIXELS - (end - begin)) << (begin - first);
    return bits;
}

/* Of 64 outputs from `first` on, those with a row `distance` further in the image; or a column. */
static uint64_t rows_inside(const struct conv_layer *conv, int64_t first, int distance)
{
    const int64_t width = conv->input.extent.width, height = conv->output.extent.height;
    const int64_t end = conv->input.extent.height - distance;
    return pixels_between(distance < 0 ? -distance * width : 0, (end < height ? end : height) * width, first);
}

static uint64_t columns_inside(const struct conv_layer *conv, int64_t first, int distance)
{
    const int64_t width = conv->input.extent.width;
    const int64_t begin = distance < 0 ? -distance : 0, end = distance > 0 ? width - distance : width;
    uint64_t bits = 0;
    for (int64_t row = first / width * width; row < first + LINE_PIXELS && begin < end; row += width)
        bits |= pixels_between(row + begin, row + end, first);
    return bits;
}

/* What may be read is what lies in the channel. */
static void find_bits(const struct conv_layer *conv, size_t first, struct line_bits bits[MOST_INSIDE])
{
    const int64_t pixels = (int64_t)conv->input.extent.height * conv->input.extent.width;
    const int rows = conv->window.kernel[0], columns = conv->window.kernel[1];
    uint64_t of_column[MOST_INSIDE], of_tap[MOST_INSIDE];
    for (int s = 0; s < columns; s++)
        of_column[s] = columns_inside(conv, (int64_t)first, tap_distance(conv, 1, s));
    for (int r = 0; r < rows; r++) {
        const uint64_t row = rows_inside(conv, (int64_t)first, tap_distance(conv, 0, r));
        for (int s = 0; s < columns; s++)
            of_tap[r * columns + s] = row & of_column[s];
    }
    for (int t = 0; t < rows * columns; t++) {
        const int64_t from = (int64_t)first + conv->taps[t].offset;
        bits[t] = (struct line_bits){
            of_tap[conv->taps[t].line],
            {pixels_between(0, pixels, from), pixels_between(0, pixels, from + LINE_PIXELS)}};
    }
}

/* Where a channel of all groups begins in what lines are copied from. */
static size_t channel_step(const struct conv_layer *conv)
{
    return sned_conv_is_direct(conv) ? conv->input.plane : sned_conv_tap_offset(conv, 1, 0, 0);
}

void sned_conv_find_lines(struct line_source *source, const struct conv_layer *conv, const uint8_t *planes,
                          int group, size_t tile)
{
    const size_t width = (size_t)conv->output.extent.width, first = tile * LINE_PIXELS;
    struct tap_lines *lines = &source->lines;
    *lines = (struct tap_lines){
        .step = channel_step(conv), .tap_count = sned_conv_tap_count(conv), .taps = conv->taps};
    source->first = planes + (size_t)group * (size_t)conv->group_channels * lines->step;
    if (sned_conv_has_lines_in_image(conv)) {
        find_bits(conv, first, source->bits);
        lines->bits = source->bits;
        for (int i = 0; i < LINE_PIXELS; i++)
            lines->order[i] = (uint8_t)i;
        source->first += first;
    } else {
        find_order(conv, first, lines->order);
        source->first += first / width * conv->planes.pitch + first % width;
    }
}
