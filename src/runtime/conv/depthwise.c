/*
 * depthwise.c - a convolution whose groups are single channels, which are read where they lie: no planes.
 *
 * A channel's outputs are cut into pieces that follow each other (micro.h, struct channel_pieces), each as
 * long as what each quad of taps takes of the image for it lies within so many bytes as the column permutes.
 * Pieces go over the ends of rows: of an image 14 pixels wide one of 32 outputs has parts of three or four
 * rows,
 *
 *         . . . . . . . . . . . . . .
 *         . . a a a a a a a a a a a a      which 34 neighbouring bytes of the image make for each row of a
 *         a a a a a a a a a a a a a a      kernel 3x3; what these have beside the image, the order leaves out
 *         a a a a a a . . . . . . . .
 *
 * so that neither padding nor a stride costs anything. Most pieces of an image take their bytes in the same
 * few orders.
 *
 * Taps are numbered row by row. A quad has four that follow each other, of one row of the kernel or wherever
 * they are: in narrow images the latter are fewer quads, in wide ones they are too far from each other. Of
 * three taps the outer ones stand together, since that in the middle of a kernel is most often the largest:
 * where products are added in pairs that saturate, fewer channels have to take care of that.
 */
#include "runtime/conv/conv.h"
#include "base/memory.h"

#include <string.h>

/* Where a tap is, in pixels from where the window's output begins in the image. */
struct tap_place {
    int row, column;
};

struct tap_quad {
    int first, taps; /* the number of its first tap, and how many they are */
    struct tap_place places[4];
};

struct tap_quads {
    size_t count;
    struct tap_quad quads[PIECE_QUADS];
};

/* Bytes of an image, from the first to behind the last; none, where the end is 0. */
struct byte_span {
    int64_t first, end;
};

/* Outputs, and what each quad takes of the image for them. */
struct piece {
    size_t first, count;
    struct byte_span spans[PIECE_QUADS];
};

static struct tap_place place_of(const struct window *window, int tap)
{
    return (struct tap_place){tap / window->kernel[1] * window->dilation[0] - window->pad_begin[0],
                              tap % window->kernel[1] * window->dilation[1] - window->pad_begin[1]};
}

/* The number of one of its taps. */
static int tap_of(const struct tap_quad *quad, int j)
{
    return quad->first + (quad->taps == 3 && j > 0 ? 3 - j : j);
}

/* False: too many. */
static bool find_quads(const struct window *window, bool by_rows, struct tap_quads *quads)
{
    const int taps = window->kernel[0] * window->kernel[1], run = by_rows ? window->kernel[1] : taps;
    quads->count = 0;
    for (int first = 0, left; first < taps; first += left < 4 ? left : 4) {
        left = run - first % run;
        if (quads->count == PIECE_QUADS)
            return false;
        struct tap_quad *quad = &quads->quads[quads->count++];
        *quad = (struct tap_quad){.first = first, .taps = left < 4 ? left : 4};
        for (int j = 0; j < quad->taps; j++)
            quad->places[j] = place_of(window, tap_of(quad, j));
    }
    return true;
}

/* The byte of the image that lies there from an output's window; -1: it is padding. */
static int64_t byte_at(const struct conv_layer *conv, size_t output, struct tap_place place)
{
    const size_t width = (size_t)conv->output.extent.width;
    const int64_t y = (int64_t)(output / width) * conv->window.stride[0] + place.row;
    const int64_t x = (int64_t)(output % width) * conv->window.stride[1] + place.column;
    const bool is_inside = y >= 0 && y < conv->input.extent.height && x >= 0 && x < conv->input.extent.width;
    return is_inside ? y * conv->input.extent.width + x : -1;
}

/* The span with what a quad takes for one more output. */
static struct byte_span widened(struct byte_span span, const struct conv_layer *conv,
                                const struct tap_quad *quad, size_t output)
{
    for (int j = 0; j < quad->taps; j++) {
        const int64_t at = byte_at(conv, output, quad->places[j]);
        if (at < 0)
            continue;
        if (span.end == 0 || at < span.first)
            span.first = at;
        if (at >= span.end)
            span.end = at + 1;
    }
    return span;
}

/* One output more, where what its quads take is not too far from what they have. */
static bool add_output(struct piece *piece, const struct conv_layer *conv, const struct tap_quads *quads,
                       const struct micro_kernels *micro)
{
    struct byte_span spans[PIECE_QUADS];
    for (size_t q = 0; q < quads->count; q++) {
        spans[q] = widened(piece->spans[q], conv, &quads->quads[q], piece->first + piece->count);
        if (spans[q].end - spans[q].first > micro->gather_bytes)
            return false;
    }
    memcpy(piece->spans, spans, quads->count * sizeof *spans);
    piece->count++;
    return true;
}

static size_t count_outputs(const struct conv_layer *conv)
{
    return (size_t)conv->output.extent.height * (size_t)conv->output.extent.width;
}

/* The piece that begins with an output; empty where not even that one fits. */
static void cut_piece(struct piece *piece, const struct conv_layer *conv, const struct tap_quads *quads,
                      const struct micro_kernels *micro, size_t first)
{
    const size_t left = count_outputs(conv) - first, most = (size_t)micro->piece_outputs;
    *piece = (struct piece){.first = first};
    while (piece->count < most && piece->count < left && add_output(piece, conv, quads, micro))
        ;
}

/* 0: the layer cannot be cut so. */
static size_t count_pieces(const struct conv_layer *conv, const struct tap_quads *quads,
                           const struct micro_kernels *micro)
{
    const size_t outputs = count_outputs(conv);
    size_t count = 0;
    for (size_t done = 0; done < outputs; count++) {
        struct piece piece;
        cut_piece(&piece, conv, quads, micro, done);
        if (piece.count == 0)
            return 0;
        done += piece.count;
    }
    return count;
}

bool sned_conv_cut(struct conv_layer *conv, const struct micro_kernels *micro)
{
    conv->pieces = (struct channel_pieces){0};
    if (conv->group_channels != 1 || conv->group_filters != 1 || conv->input.plane > INT32_MAX ||
        conv->output.plane > INT32_MAX)
        return false;
    for (int by_rows = 1; by_rows >= 0; by_rows--) {
        struct tap_quads quads;
        if (!find_quads(&conv->window, by_rows, &quads) || quads.count == conv->pieces.quads)
            continue;
        const size_t count = count_pieces(conv, &quads, micro);
        if (count == 0 ||
            (conv->pieces.count && count * quads.count >= conv->pieces.count * conv->pieces.quads))
            continue;
        conv->pieces.count = count;
        conv->pieces.quads = quads.count;
        conv->has_quads_by_rows = by_rows;
    }
    return conv->pieces.count > 0;
}

/* ---- lists ---- */

/* Where in a piece's span of a quad its bytes are. */
static void find_order(gather_order order, const struct conv_layer *conv, const struct tap_quad *quad,
                       const struct piece *piece, const struct byte_span *span)
{
    memset(order, GATHER_NOTHING, sizeof(gather_order));
    for (size_t i = 0; i < piece->count; i++)
        for (int j = 0; j < quad->taps; j++) {
            const int64_t at = byte_at(conv, piece->first + i, quad->places[j]);
            if (at >= 0)
                order[i][j] = (uint8_t)(at - span->first);
        }
}

/* Its index among all, of which it may be one more. */
static sned_status keep_order(struct buffer *orders, const gather_order order, uint32_t *index,
                              sned_error *error)
{
    const size_t size = sizeof(gather_order);
    size_t at = 0;
    while (at < orders->size && memcmp(orders->data + at, order, size) != 0)
        at += size;
    *index = (uint32_t)(at / size);
    return at < orders->size ? SNED_OK : sned_buffer_append(orders, order, size, error);
}

static sned_status list_piece(struct conv_layer *conv, const struct tap_quads *quads,
                              const struct piece *piece, struct quad_gather *gathers, struct buffer *orders,
                              sned_error *error)
{
    for (size_t q = 0; q < quads->count; q++) {
        gather_order order;
        find_order(order, conv, &quads->quads[q], piece, &piece->spans[q]);
        gathers[q].offset = (uint32_t)piece->spans[q].first;
        SNED_TRY(keep_order(orders, order, &gathers[q].order, error));
    }
    return SNED_OK;
}

static void list_weights(const struct conv_layer *conv, const struct tap_quads *quads)
{
    const int8_t *weights = conv->weights;
    int8_t *to = conv->quads;
    const int taps = conv->window.kernel[0] * conv->window.kernel[1];
    for (int c = 0; c < conv->groups; c++, weights += taps)
        for (size_t q = 0; q < quads->count; q++, to += 4)
            for (int j = 0; j < quads->quads[q].taps; j++)
                to[j] = weights[tap_of(&quads->quads[q], j)];
}

/* Where pieces begin, what they take, and in which orders. */
static sned_status list_pieces(struct conv_layer *conv, const struct tap_quads *quads,
                               const struct micro_kernels *micro, struct buffer *orders, sned_error *error)
{
    const size_t count = conv->pieces.count;
    struct piece piece = {0};
    SNED_TRY(sned_alloc(&conv->piece_firsts, count + 1, sizeof *conv->piece_firsts, error));
    SNED_TRY(sned_alloc(&conv->gathers, count * quads->count, sizeof *conv->gathers, error));
    for (size_t p = 0; p < count; p++) {
        cut_piece(&piece, conv, quads, micro, piece.first + piece.count);
        conv->piece_firsts[p + 1] = (uint32_t)(piece.first + piece.count);
        SNED_TRY(list_piece(conv, quads, &piece, conv->gathers + p * quads->count, orders, error));
    }
    return SNED_OK;
}

sned_status sned_conv_list_pieces(struct conv_layer *conv, const struct micro_kernels *micro,
                                  sned_error *error)
{
    struct buffer orders = {0};
    struct tap_quads quads;
    sned_status status;
    find_quads(&conv->window, conv->has_quads_by_rows, &quads);
    SNED_TRY_DONE(list_pieces(conv, &quads, micro, &orders, error));
    SNED_TRY_DONE(sned_alloc(&conv->orders, orders.size, 1, error)); /* aligned, as a buffer is not */
    memcpy(conv->orders, orders.data, orders.size);
    SNED_TRY_DONE(sned_alloc(&conv->quads, (size_t)conv->groups * quads.count, 4, error));
    list_weights(conv, &quads);
    SNED_TRY_DONE(sned_conv_start(conv, micro, error));
    conv->has_small_sums = sned_conv_has_small_sums(conv, 0, conv->groups);
    conv->pieces = (struct channel_pieces){.count = conv->pieces.count,
                                           .quads = quads.count,
                                           .first = conv->piece_firsts,
                                           .gathers = conv->gathers,
                                           .orders = (const gather_order *)conv->orders,
                                           .weights = conv->quads,
                                           .start = conv->start,
                                           .flip = conv->flip};
done:
    sned_buffer_free(&orders);
    return status;
}
