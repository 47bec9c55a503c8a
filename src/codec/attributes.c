/*
 * attributes.c - what each operator has besides its inputs, as bytes (docs/format.md, "node").
 */
#include "codec/sections.h"

#include <limits.h>

/* ---- operators ---- */

static const uint8_t operator_codes[OP_COUNT] = {
    [OP_CONV] = 1,       [OP_GEMM] = 2,     [OP_RELU] = 3,         [OP_CLIP] = 4,
    [OP_LEAKY_RELU] = 5, [OP_MAX_POOL] = 6, [OP_AVERAGE_POOL] = 7, [OP_GLOBAL_AVERAGE_POOL] = 8,
    [OP_LRN] = 9,        [OP_ADD] = 10,     [OP_MUL] = 11,         [OP_CONCAT] = 12,
    [OP_SLICE] = 13,     [OP_PAD] = 14,     [OP_FLATTEN] = 15,     [OP_RESHAPE] = 16,
    [OP_TRANSPOSE] = 17, [OP_SOFTMAX] = 18, [OP_SIGMOID] = 19,     [OP_LOG_SOFTMAX] = 20,
};

uint8_t sned_operator_code(enum op op)
{
    return (unsigned)op < OP_COUNT ? operator_codes[op] : 0;
}

uint8_t sned_operator_minor(enum op op)
{
    return op == OP_SIGMOID || op == OP_LOG_SOFTMAX;
}

bool sned_operator_from_code(uint8_t code, enum op *op)
{
    for (int i = 0; code != 0 && i < OP_COUNT; i++) {
        if (operator_codes[i] == code) {
            *op = (enum op)i;
            return true;
        }
    }
    return false;
}

/* ---- windows ----
 *
 *      7   5    4       3       2         1        0
 *     +-----+--------+------+----------+--------+--------+
 *     |  0  |one pad |4 pads|dilations |strides |kernel  |
 *     |     |        |      |          |        |h and w |
 *     +-----+--------+------+----------+--------+--------+
 */
enum { TWO_KERNEL = 1, STRIDES = 2, DILATIONS = 4, FOUR_PADS = 8, ONE_PAD = 16, WINDOW_BITS = 31 };

static void write_pair(struct writer *writer, const int pair[2])
{
    sned_write_varint(writer, (uint64_t)pair[0]);
    sned_write_varint(writer, (uint64_t)pair[1]);
}

static void write_window(struct writer *writer, const struct window *window)
{
    bool same_pads = window->pad_begin[0] == window->pad_begin[1] &&
                     window->pad_begin[0] == window->pad_end[0] && window->pad_begin[0] == window->pad_end[1];
    int bits = (window->kernel[0] != window->kernel[1] ? TWO_KERNEL : 0) |
               (window->stride[0] != 1 || window->stride[1] != 1 ? STRIDES : 0) |
               (window->dilation[0] != 1 || window->dilation[1] != 1 ? DILATIONS : 0) |
               (!same_pads                  ? FOUR_PADS
                : window->pad_begin[0] != 0 ? ONE_PAD
                                            : 0);
    sned_write_u8(writer, (uint8_t)bits);
    if (bits & TWO_KERNEL)
        write_pair(writer, window->kernel);
    else
        sned_write_varint(writer, (uint64_t)window->kernel[0]);
    if (bits & STRIDES)
        write_pair(writer, window->stride);
    if (bits & DILATIONS)
        write_pair(writer, window->dilation);
    if (bits & FOUR_PADS) {
        write_pair(writer, window->pad_begin);
        write_pair(writer, window->pad_end);
    } else if (bits & ONE_PAD) {
        sned_write_varint(writer, (uint64_t)window->pad_begin[0]);
    }
}

static int read_size(struct reader *reader)
{
    return (int)sned_read_integer(reader, 0, GRAPH_MAX_DIM);
}

static void read_pair(struct reader *reader, int pair[2])
{
    pair[0] = read_size(reader);
    pair[1] = read_size(reader);
}

static void read_window(struct reader *reader, struct window *window)
{
    int bits = sned_read_u8(reader);
    *window = (struct window){.stride = {1, 1}, .dilation = {1, 1}};
    if (bits & ~WINDOW_BITS || (bits & FOUR_PADS && bits & ONE_PAD))
        reader->failed = true;
    if (bits & TWO_KERNEL)
        read_pair(reader, window->kernel);
    else
        window->kernel[0] = window->kernel[1] = read_size(reader);
    if (bits & STRIDES)
        read_pair(reader, window->stride);
    if (bits & DILATIONS)
        read_pair(reader, window->dilation);
    if (bits & FOUR_PADS) {
        read_pair(reader, window->pad_begin);
        read_pair(reader, window->pad_end);
    } else if (bits & ONE_PAD) {
        window->pad_begin[0] = window->pad_begin[1] = read_size(reader);
        window->pad_end[0] = window->pad_end[1] = window->pad_begin[0];
    }
}

/* ---- writing ---- */

/* rank, then rank times the elements of up to three arrays, axis by axis. */
static void write_axes(struct writer *writer, int rank, const int64_t *a, const int64_t *b, const int64_t *c)
{
    sned_write_u8(writer, (uint8_t)rank);
    for (int i = 0; i < rank; i++) {
        sned_write_varint(writer, (uint64_t)a[i]);
        if (b)
            sned_write_varint(writer, (uint64_t)b[i]);
        if (c)
            sned_write_varint(writer, (uint64_t)c[i]);
    }
}

static void write_filters(struct writer *writer, const struct shape *weights)
{
    sned_write_varint(writer, (uint64_t)weights->dim[0]);
    sned_write_varint(writer, (uint64_t)weights->dim[1]);
}

void sned_write_attributes(struct writer *writer, const struct node *node, int rank,
                           const struct shape *weights)
{
    switch (node->op) {
    case OP_CONV:
        write_window(writer, &node->u.conv.window);
        sned_write_varint(writer, (uint64_t)node->u.conv.groups);
        write_filters(writer, weights);
        break;
    case OP_GEMM:
        write_filters(writer, weights);
        break;
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        write_window(writer, &node->u.pool.window);
        break;
    case OP_LRN:
        sned_write_varint(writer, (uint64_t)node->u.lrn.size);
        sned_write_f32(writer, node->u.lrn.alpha);
        sned_write_f32(writer, node->u.lrn.beta);
        sned_write_f32(writer, node->u.lrn.bias);
        break;
    case OP_CONCAT:
        sned_write_zigzag(writer, node->u.concat.axis);
        break;
    case OP_FLATTEN:
        sned_write_zigzag(writer, node->u.flatten.axis);
        break;
    case OP_SOFTMAX:
    case OP_LOG_SOFTMAX:
        sned_write_zigzag(writer, node->u.softmax.axis);
        break;
    case OP_SLICE:
        write_axes(writer, rank, node->u.slice.start, node->u.slice.end, node->u.slice.step);
        break;
    case OP_PAD:
        write_axes(writer, rank, node->u.pad.before, node->u.pad.after, NULL);
        break;
    case OP_RESHAPE:
        write_axes(writer, node->u.reshape.shape.rank, node->u.reshape.shape.dim, NULL, NULL);
        break;
    case OP_TRANSPOSE:
        sned_write_u8(writer, (uint8_t)rank);
        for (int i = 0; i < rank; i++)
            sned_write_varint(writer, (uint64_t)node->u.transpose.order[i]);
        break;
    default: /* no attributes */
        break;
    }
}

/* ---- reading ---- */

static int read_rank(struct reader *reader)
{
    int rank = sned_read_u8(reader);
    if (rank >= 1 && rank <= GRAPH_MAX_RANK)
        return rank;
    reader->failed = true;
    return 0;
}

/* Axes from `rank` on, which no operator looks at, stay 0. */
static int read_axes(struct reader *reader, int64_t *a, int64_t *b, int64_t *c)
{
    int rank = read_rank(reader);
    for (int i = 0; i < rank; i++) {
        a[i] = read_size(reader);
        if (b)
            b[i] = read_size(reader);
        if (c)
            c[i] = sned_read_integer(reader, 1, INT_MAX);
    }
    return rank;
}

static void read_filters(struct reader *reader, struct shape *weights, int rank, const int kernel[2])
{
    *weights = (struct shape){.rank = rank};
    for (int i = 0; i < 2; i++)
        weights->dim[i] = sned_read_integer(reader, 1, GRAPH_MAX_DIM);
    for (int i = 2; i < rank; i++) {
        weights->dim[i] = kernel[i - 2];
        if (kernel[i - 2] < 1)
            reader->failed = true;
    }
}

static int read_axis(struct reader *reader)
{
    return (int)sned_read_zigzag(reader, -GRAPH_MAX_RANK, GRAPH_MAX_RANK);
}

void sned_read_attributes(struct reader *reader, struct node *node, struct shape *weights)
{
    switch (node->op) {
    case OP_CONV:
        read_window(reader, &node->u.conv.window);
        node->u.conv.groups = (int)sned_read_integer(reader, 1, GRAPH_MAX_DIM);
        read_filters(reader, weights, 4, node->u.conv.window.kernel);
        break;
    case OP_GEMM:
        read_filters(reader, weights, 2, NULL);
        break;
    case OP_MAX_POOL:
    case OP_AVERAGE_POOL:
        read_window(reader, &node->u.pool.window);
        break;
    case OP_LRN:
        node->u.lrn.size = read_size(reader);
        node->u.lrn.alpha = sned_read_finite(reader);
        node->u.lrn.beta = sned_read_finite(reader);
        node->u.lrn.bias = sned_read_finite(reader);
        break;
    case OP_CONCAT:
        node->u.concat.axis = read_axis(reader);
        break;
    case OP_FLATTEN:
        node->u.flatten.axis = read_axis(reader);
        break;
    case OP_SOFTMAX:
    case OP_LOG_SOFTMAX:
        node->u.softmax.axis = read_axis(reader);
        break;
    case OP_SLICE:
        read_axes(reader, node->u.slice.start, node->u.slice.end, node->u.slice.step);
        break;
    case OP_PAD:
        read_axes(reader, node->u.pad.before, node->u.pad.after, NULL);
        break;
    case OP_RESHAPE:
        node->u.reshape.shape.rank = read_axes(reader, node->u.reshape.shape.dim, NULL, NULL);
        break;
    case OP_TRANSPOSE:
        for (int i = 0, rank = read_rank(reader); i < rank; i++)
            node->u.transpose.order[i] = (int)sned_read_integer(reader, 0, GRAPH_MAX_RANK - 1);
        break;
    default:
        break;
    }
}
