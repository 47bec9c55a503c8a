/*
 * attributes.c - what each operator has besides its inputs, as bytes (docs/format.md, "node").
 *
 * An operator's code, and the minor version that introduced it, stand in one table, and with them the
 * functions for attributes that are more than single values. Single values are listed in the operator's row
 * (graph/operator.h), and written and read in that order by functions that all operators have in common.
 */
#include "codec/sections.h"
#include "graph/operator.h"

#include <limits.h>

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

/* ---- axes ---- */

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

/* ---- attributes of a single value, from the operator's row ---- */

static void write_listed(struct writer *writer, const struct node *node)
{
    const struct operator_attribute *attribute = sned_operator(node->op)->attributes;
    for (; attribute->name; attribute++) {
        if (attribute->kind == ATTRIBUTE_FLOAT)
            sned_write_f32(writer, sned_attribute_float(node, attribute));
        else if (attribute->kind == ATTRIBUTE_AXIS)
            sned_write_zigzag(writer, sned_attribute_int(node, attribute));
        else
            sned_write_varint(writer, (uint64_t)sned_attribute_int(node, attribute));
    }
}

static void read_listed(struct reader *reader, struct node *node)
{
    const struct operator_attribute *attribute = sned_operator(node->op)->attributes;
    for (; attribute->name; attribute++) {
        if (attribute->kind == ATTRIBUTE_FLOAT)
            sned_attribute_set_float(node, attribute, sned_read_finite(reader));
        else if (attribute->kind == ATTRIBUTE_AXIS)
            sned_attribute_set_int(node, attribute,
                                   (int)sned_read_zigzag(reader, -GRAPH_MAX_RANK, GRAPH_MAX_RANK));
        else
            sned_attribute_set_int(node, attribute,
                                   (int)sned_read_integer(reader, attribute->least, attribute->most));
    }
}

/* ---- attributes that are more ---- */

static void write_filters(struct writer *writer, const struct shape *weights)
{
    sned_write_varint(writer, (uint64_t)weights->dim[0]);
    sned_write_varint(writer, (uint64_t)weights->dim[1]);
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

static void write_conv(struct writer *writer, const struct node *node, int rank, const struct shape *weights)
{
    write_window(writer, &node->u.conv.window);
    sned_write_varint(writer, (uint64_t)node->u.conv.groups);
    write_filters(writer, weights);
}

static sned_status read_conv(struct reader *reader, struct node *node, struct shape *weights,
                             sned_error *error)
{
    read_window(reader, &node->u.conv.window);
    node->u.conv.groups = (int)sned_read_integer(reader, 1, GRAPH_MAX_DIM);
    read_filters(reader, weights, 4, node->u.conv.window.kernel);
    return SNED_OK;
}

static void write_gemm(struct writer *writer, const struct node *node, int rank, const struct shape *weights)
{
    write_filters(writer, weights);
}

static sned_status read_gemm(struct reader *reader, struct node *node, struct shape *weights,
                             sned_error *error)
{
    read_filters(reader, weights, 2, NULL);
    return SNED_OK;
}

static void write_pool(struct writer *writer, const struct node *node, int rank, const struct shape *weights)
{
    write_window(writer, &node->u.pool.window);
}

static sned_status read_pool(struct reader *reader, struct node *node, struct shape *weights,
                             sned_error *error)
{
    read_window(reader, &node->u.pool.window);
    return SNED_OK;
}

/* The number of its sizes is that of its outputs, which is told before. */
static void write_split(struct writer *writer, const struct node *node, int rank, const struct shape *weights)
{
    for (int k = 0; k < node->output_count; k++)
        sned_write_varint(writer, (uint64_t)node->u.split.sizes[k]);
}

static sned_status read_split(struct reader *reader, struct node *node, struct shape *weights,
                              sned_error *error)
{
    node->u.split.sizes = NULL;
    if (node->output_count < 1 || (size_t)node->output_count > sned_reader_left(reader)) {
        reader->failed = true;
        return SNED_OK;
    }
    SNED_TRY(
        sned_alloc(&node->u.split.sizes, (size_t)node->output_count, sizeof *node->u.split.sizes, error));
    for (int k = 0; k < node->output_count; k++)
        node->u.split.sizes[k] = sned_read_integer(reader, 1, GRAPH_MAX_DIM);
    return SNED_OK;
}

static void write_slice(struct writer *writer, const struct node *node, int rank, const struct shape *weights)
{
    write_axes(writer, rank, node->u.slice.start, node->u.slice.end, node->u.slice.step);
}

static sned_status read_slice(struct reader *reader, struct node *node, struct shape *weights,
                              sned_error *error)
{
    read_axes(reader, node->u.slice.start, node->u.slice.end, node->u.slice.step);
    return SNED_OK;
}

static void write_pad(struct writer *writer, const struct node *node, int rank, const struct shape *weights)
{
    write_axes(writer, rank, node->u.pad.before, node->u.pad.after, NULL);
}

static sned_status read_pad(struct reader *reader, struct node *node, struct shape *weights,
                            sned_error *error)
{
    read_axes(reader, node->u.pad.before, node->u.pad.after, NULL);
    return SNED_OK;
}

static void write_reshape(struct writer *writer, const struct node *node, int rank,
                          const struct shape *weights)
{
    write_axes(writer, node->u.reshape.shape.rank, node->u.reshape.shape.dim, NULL, NULL);
}

static sned_status read_reshape(struct reader *reader, struct node *node, struct shape *weights,
                                sned_error *error)
{
    node->u.reshape.shape.rank = read_axes(reader, node->u.reshape.shape.dim, NULL, NULL);
    return SNED_OK;
}

static void write_transpose(struct writer *writer, const struct node *node, int rank,
                            const struct shape *weights)
{
    sned_write_u8(writer, (uint8_t)rank);
    for (int i = 0; i < rank; i++)
        sned_write_varint(writer, (uint64_t)node->u.transpose.order[i]);
}

static sned_status read_transpose(struct reader *reader, struct node *node, struct shape *weights,
                                  sned_error *error)
{
    for (int i = 0, rank = read_rank(reader); i < rank; i++)
        node->u.transpose.order[i] = (int)sned_read_integer(reader, 0, GRAPH_MAX_RANK - 1);
    return SNED_OK;
}

/* ---- the table ---- */

/* Codes are never renumbered. An operator without one does not occur in an integer network, for the reason in
 * its row. Functions come behind the listed attributes; NULL: there is nothing more. */
static const struct operator_record {
    uint8_t code, minor;
    void (*write)(struct writer *writer, const struct node *node, int rank, const struct shape *weights);
    sned_status (*read)(struct reader *reader, struct node *node, struct shape *weights, sned_error *error);
} records[OP_COUNT] = {
    [OP_CONV] = {1, 0, write_conv, read_conv},
    [OP_GEMM] = {2, 0, write_gemm, read_gemm},
    [OP_RELU] = {3, 0, NULL, NULL},
    [OP_CLIP] = {4, 0, NULL, NULL},
    [OP_LEAKY_RELU] = {5, 0, NULL, NULL},
    [OP_MAX_POOL] = {6, 0, write_pool, read_pool},
    [OP_AVERAGE_POOL] = {7, 0, write_pool, read_pool},
    [OP_GLOBAL_AVERAGE_POOL] = {8, 0, NULL, NULL},
    [OP_LRN] = {9, 0, NULL, NULL},
    [OP_ADD] = {10, 0, NULL, NULL},
    [OP_MUL] = {11, 0, NULL, NULL},
    [OP_CONCAT] = {12, 0, NULL, NULL},
    [OP_SLICE] = {13, 0, write_slice, read_slice},
    [OP_PAD] = {14, 0, write_pad, read_pad},
    [OP_FLATTEN] = {15, 0, NULL, NULL},
    [OP_RESHAPE] = {16, 0, write_reshape, read_reshape},
    [OP_TRANSPOSE] = {17, 0, write_transpose, read_transpose},
    [OP_SOFTMAX] = {18, 0, NULL, NULL},
    [OP_SIGMOID] = {19, 1, NULL, NULL},
    [OP_LOG_SOFTMAX] = {20, 1, NULL, NULL},
    [OP_SPLIT] = {21, 2, write_split, read_split},
    [OP_DEPTH_TO_SPACE] = {22, 2, NULL, NULL},
    [OP_HARD_SWISH] = {23, 2, NULL, NULL},
};

static const struct operator_record *record_of(enum op op)
{
    static const struct operator_record none;
    return (unsigned)op < OP_COUNT ? &records[op] : &none;
}

uint8_t sned_operator_code(enum op op)
{
    return record_of(op)->code;
}

uint8_t sned_operator_minor(enum op op)
{
    return record_of(op)->minor;
}

bool sned_operator_from_code(uint8_t code, enum op *op)
{
    for (int i = 0; code != 0 && i < OP_COUNT; i++) {
        if (records[i].code == code) {
            *op = (enum op)i;
            return true;
        }
    }
    return false;
}

void sned_write_attributes(struct writer *writer, const struct node *node, int rank,
                           const struct shape *weights)
{
    write_listed(writer, node);
    if (record_of(node->op)->write)
        record_of(node->op)->write(writer, node, rank, weights);
}

sned_status sned_read_attributes(struct reader *reader, struct node *node, struct shape *weights,
                                 sned_error *error)
{
    read_listed(reader, node);
    return record_of(node->op)->read ? record_of(node->op)->read(reader, node, weights, error) : SNED_OK;
}
