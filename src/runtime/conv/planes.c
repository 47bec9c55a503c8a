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
    int channel, phase[2];
    size_t first[2], end[2]; /* rows and columns that lie in the image */
};

/* Rows of fewer quads are moved together. Padding between rows is set in pieces of so many bytes, which may
 * reach into what is written later. */
enum { NARROW = 48, PIECE = 16 };

static bool is_narrow(const struct conv_layer *conv)
{
    const int width = conv->input.extent.width;
    return sned_conv_is_channels(conv) && width < NARROW && width % PIECE && conv->window.stride[0] == 1 &&
           conv->window.stride[1] == 1;
}

size_t sned_conv_fill_size(const struct conv_layer *conv)
{
    if (conv->form == CONV_DENSE_PHASES)
        return 4 * conv->planes.pitch;
    return is_narrow(conv) ? (size_t)conv->input.extent.height * (size_t)conv->input.extent.width * 4 : 0;
}

static struct plane_source source_of(const struct conv_layer *conv, const uint8_t *input, int plane, int lane)
{
    const size_t size = conv->input.plane * value_size(conv->input.type);
    const int group = plane / conv->planes.count;
    struct plane_source source = {0};
    if (!sned_conv_source(conv, plane % conv->planes.count, lane, &source.channel, source.phase))
        return source;
    source.image = input + ((size_t)group * (size_t)conv->group_channels + (size_t)source.channel) * size;
    for (int axis = 0; axis < 2; axis++) {
        const struct axis_span inside = sned_conv_inside(conv, axis, source.phase[axis]);
        source.first[axis] = inside.first;
        source.end[axis] = inside.end;
    }
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

static const uint8_t *first_pixel(const struct conv_layer *conv, const struct plane_source *source)
{
    return pixel_of(conv, source, source->first[0], source->first[1]);
}

/* Rows of pixels; from[0], and of quads all four, are what the first one is made of. */
static void fill_pixels(const struct conv_layer *conv, const struct micro_kernels *micro,
                        const uint8_t *const from[4], const struct plane_rows *rows, uint8_t *to)
{
    if (sned_conv_is_channels(conv)) {
        micro->interleave(to, from, rows);
        return;
    }
    const uint8_t *row = from[0];
    for (size_t r = 0; r < rows->rows; r++, row += rows->image_step, to += rows->step)
        if (rows->stride == 1)
            micro->widen[conv->input.type]((int16_t *)(void *)to, row, rows->count);
        else
            for (size_t i = 0; i < rows->count; i++)
                ((int16_t *)(void *)to)[i] = (int16_t)value_load(row, conv->input.type, i * rows->stride);
}

/* `count` bytes, in whole pieces where there is `room` for them. */
static void set_bytes(uint8_t *to, size_t count, size_t room, uint8_t value)
{
    size_t done = 0;
    for (; done < count && done + PIECE <= room; done += PIECE)
        memset(to + done, value, PIECE);
    for (; done < count; done++)
        to[done] = value;
}

/* The part of a plane that lies in the image: `rows` rows of `columns` pixels, the first one at `to`, and the
 * padding between them. Where it ends. */
static uint8_t *fill_rows(const struct conv_layer *conv, const struct micro_kernels *micro,
                          const uint8_t *const from[4], size_t rows, size_t columns, uint8_t *to,
                          uint8_t *end, uint8_t *own)
{
    const size_t size = sned_conv_pixel_size(conv), pitch = conv->planes.pitch * size, moved = columns * size;
    const size_t width = (size_t)conv->input.extent.width;
    const size_t image_step = (size_t)conv->window.stride[0] * width * value_size(conv->input.type);
    struct plane_rows all = {rows, columns, pitch, image_step, (size_t)conv->window.stride[1], conv->flip};
    uint8_t *const last = to + (rows - 1) * pitch;
    for (uint8_t *between = to + moved; between < last; between += pitch)
        set_bytes(between, pitch - moved, (size_t)(end - between), conv->flip);
    if (is_narrow(conv)) { /* all of it as one row, then its rows into place */
        const struct plane_rows one = {
            .rows = 1, .count = (rows - 1) * width + columns, .stride = 1, .flip = conv->flip};
        fill_pixels(conv, micro, from, &one, own);
        all = (struct plane_rows){rows, moved, pitch, width * size, 1, 0};
        micro->pick(to, own, &all);
    } else {
        fill_pixels(conv, micro, from, &all, to);
    }
    return last + moved;
}

/* Of a plane of bytes what lies in the image; the padding is there. */
static void pick_plane(const struct conv_layer *conv, const struct micro_kernels *micro,
                       const struct plane_source *source, uint8_t *plane)
{
    const size_t pitch = conv->planes.pitch;
    struct plane_rows rows = {.rows = source->end[0] - source->first[0],
                              .count = source->end[1] - source->first[1],
                              .step = pitch,
                              .image_step = (size_t)conv->window.stride[0] * (size_t)conv->input.extent.width,
                              .stride = (size_t)conv->window.stride[1],
                              .flip = conv->flip};
    if (!rows.rows || !rows.count)
        return;
    if (sned_conv_is_flat(conv)) {
        rows.count = rows.rows;
        rows.rows = 1;
    }
    micro->pick(plane + source->first[0] * pitch + source->first[1], first_pixel(conv, source), &rows);
}

/* Planes of quads or words whose pixels have one phase. */
static void fill_plane(const struct conv_layer *conv, const struct micro_kernels *micro,
                       const struct plane_source *lanes, uint8_t *plane, uint8_t *own)
{
    const struct conv_planes *planes = &conv->planes;
    const size_t size = sned_conv_pixel_size(conv), rows = lanes->end[0] - lanes->first[0],
                 columns = lanes->end[1] - lanes->first[1];
    uint8_t *const end = plane + planes->pixels * size;
    uint8_t *to = plane;
    if (rows && columns) {
        const uint8_t *from[4];
        for (int j = 0; j < 4; j++)
            from[j] = sned_conv_is_channels(conv) && lanes[j].image ? first_pixel(conv, &lanes[j])
                                                                    : first_pixel(conv, &lanes[0]);
        to += (lanes->first[0] * planes->pitch + lanes->first[1]) * size;
        memset(plane, conv->flip, (size_t)(to - plane));
        if (sned_conv_is_flat(conv)) {
            fill_pixels(conv, micro, from,
                        &(struct plane_rows){.rows = 1, .count = rows, .stride = 1, .flip = conv->flip}, to);
            to += rows * size;
        } else {
            to = fill_rows(conv, micro, from, rows, columns, to, end, own);
        }
    }
    memset(to, conv->flip, (size_t)(end - to));
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
                micro->pick(own + (size_t)j * pitch + left, pixel_of(conv, lane, row, left),
                            &(struct plane_rows){.rows = 1,
                                                 .count = right - left,
                                                 .stride = (size_t)conv->window.stride[1],
                                                 .flip = conv->flip});
        }
        micro->interleave(plane, rows, &(struct plane_rows){.rows = 1, .count = pitch, .stride = 1});
    }
    memset(plane, conv->flip, 4 * (planes->pixels - height * pitch));
}

/* All bytes of a plane's pixels. Those of four channels have one phase. */
static void find_sources(const struct conv_layer *conv, const uint8_t *input, int plane,
                         struct plane_source lanes[4])
{
    const size_t image = conv->input.plane;
    lanes[0] = source_of(conv, input, plane, 0);
    for (int j = 1; j < 4 && conv->form == CONV_DENSE_PHASES; j++)
        lanes[j] = source_of(conv, input, plane, j);
    for (int j = 1; j < 4 && sned_conv_is_channels(conv); j++) {
        lanes[j] = lanes[0];
        lanes[j].channel += j;
        lanes[j].image = lanes[j].channel < conv->group_channels ? lanes[0].image + (size_t)j * image : NULL;
    }
}

/* From the sources of a plane to those of the one behind it: of planes that are not split, the same of other
 * channels. To find them anew takes as long as to fill a small plane. */
static void next_sources(const struct conv_layer *conv, const uint8_t *input, int plane,
                         struct plane_source lanes[4])
{
    const int channels = sned_conv_is_channels(conv) ? 4 : 1;
    const bool is_split = conv->planes.phases[0] * conv->planes.phases[1] > 1;
    if (is_split || conv->form == CONV_DENSE_PHASES || lanes->channel + channels >= conv->group_channels) {
        find_sources(conv, input, plane, lanes);
        return;
    }
    for (int j = 0; j < channels; j++) {
        struct plane_source *lane = &lanes[j];
        lane->channel += channels;
        lane->image = lane->channel < conv->group_channels
                          ? lane->image + (size_t)channels * conv->input.plane * value_size(conv->input.type)
                          : NULL;
    }
}

/* Whether planes are pixels as they lie in the image: bytes of a channel, or quads of four. */
static bool is_plain(const struct conv_layer *conv)
{
    return sned_conv_is_flat(conv) && (sned_conv_is_channels(conv) || sned_conv_is_bytes(conv));
}

/* Of quads short of a channel the first one is there again, with weights of 0. */
static void fill_plain_planes(const struct conv_layer *conv, const struct micro_kernels *micro,
                              const uint8_t *input, uint8_t *planes, int first, int end)
{
    const size_t image = conv->input.plane, pixels = conv->input.extent.height,
                 size = sned_conv_pixel_size(conv);
    const struct plane_rows row = {.rows = 1, .count = pixels, .stride = 1, .flip = conv->flip};
    const int channels = conv->group_channels, count = conv->planes.count, lanes = (int)size;
    for (int p = first; p < end; p++) {
        const int channel = p % count * lanes;
        const uint8_t *rows[4];
        for (int j = 0; j < lanes; j++)
            rows[j] =
                input + (size_t)(p / count * channels + channel + (channel + j < channels ? j : 0)) * image;
        uint8_t *plane = planes + (size_t)p * conv->planes.pixels * size;
        if (lanes == 4)
            micro->interleave(plane, rows, &row);
        else
            micro->pick(plane, rows[0], &row);
    }
}

void sned_conv_fill(const struct conv_layer *conv, const struct micro_kernels *micro, const uint8_t *input,
                    uint8_t *planes, uint8_t *own, int first, int end)
{
    const size_t size = conv->planes.pixels * sned_conv_pixel_size(conv);
    if (is_plain(conv)) {
        fill_plain_planes(conv, micro, input, planes, first, end);
        return;
    }
    struct plane_source lanes[4];
    find_sources(conv, input, first, lanes);
    for (int p = first; p < end; p++) {
        uint8_t *plane = planes + (size_t)p * size;
        if (p > first)
            next_sources(conv, input, p, lanes);
        switch (conv->form) {
        case CONV_DENSE_PHASES:
            fill_mixed_plane(conv, micro, lanes, plane, own);
            break;
        case CONV_SPARSE:
        case CONV_SHARED:
        case CONV_SLIDING:
            memset(plane, conv->flip, size);
            pick_plane(conv, micro, lanes, plane);
            break;
        default:
            fill_plane(conv, micro, lanes, plane, own);
        }
    }
}

void sned_conv_pad(const struct conv_layer *conv, uint8_t *planes)
{
    memset(planes, conv->flip, sned_conv_group_size(conv));
}

void sned_conv_pick(const struct conv_layer *conv, const struct micro_kernels *micro, const uint8_t *input,
                    uint8_t *planes, int group)
{
    for (int p = 0; p < conv->planes.count; p++) {
        const struct plane_source source = source_of(conv, input, group * conv->planes.count + p, 0);
        pick_plane(conv, micro, &source, planes + (size_t)p * conv->planes.pixels);
    }
}
