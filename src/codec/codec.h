/*
 * codec.h - weights as bytes, and the .sned file around them (docs/format.md).
 */
#ifndef SNED_CODEC_CODEC_H
#define SNED_CODEC_CODEC_H

#include "base/memory.h"
#include "graph/graph.h"

/* Stored in the file: never renumbered. */
enum weight_format {
    FORMAT_DENSE8 = 0, /* every weight, one byte */
    FORMAT_CCOO16 = 1, /* non-zero: value 8 | row 4 | column 4 in its kernel, up to 16 x 16 */
    FORMAT_GAP16 = 2,  /* non-zero: value 8 | zeros before it 8; a zero where the gap overflows */
    FORMAT_MIXED = 3,  /* in one adaptive stream with all else that the file holds */
    FORMAT_RANS = 4,   /* static rANS by classes of rows and columns: coder/rans.h */
    FORMAT_COUNT
};
const char *sned_format_name(enum weight_format format); /* "dense8", "ccoo16", "gap16", "mixed" */

/*
 * int8 weights [K][C][R][S] (a Gemm's R = S = 1; K may be 0) to bytes, appended to `out`, and back.
 * Decoding writes all K*C*R*S elements and consumes `size` bytes exactly; the bytes are not trusted.
 * sned_weights_encode fails with SNED_ERROR_UNSUPPORTED where the format cannot hold the shape, and for
 * mixed. A weight of -128 is refused both ways.
 */
sned_status sned_weights_encode(enum weight_format format, const int8_t *weights, const int shape[4],
                                struct buffer *out, sned_error *error);
/* Whether a format can hold the shape. */
bool sned_weights_fit(enum weight_format format, const int shape[4]);
sned_status sned_weights_decode(enum weight_format format, const uint8_t *data, size_t size,
                                const int shape[4], int8_t *weights, sned_error *error);

/* What a layer's bytes say: which weights are not 0, and of these the sign and the size. */
enum byte_part { PART_POSITIONS, PART_SIGNS, PART_MAGNITUDES, PART_BIASES, PART_SCALES, PART_COUNT };

/* How one Conv or Gemm lies in the file. */
struct layer_storage {
    int node;
    enum weight_format format;
    uint64_t bytes;           /* weights, indices, biases, scalings */
    double parts[PART_COUNT]; /* of those bytes; what a format does not tell apart is in none */
    uint64_t decisions;       /* mixed: how many bits were coded, which is the time that it takes */
};

struct pack_options {
    const int *force; /* [node_count]: a layer's format; negative: the smallest. NULL: all the smallest */
    double open_ms;   /* how long opening may take, by nominal costs and not by a clock; 0: the usual 300 */
};
/* The integer graph as a .sned file, appended to `out`; options may be NULL. storage (may be NULL): filled
 * for each Conv and Gemm in node order; the caller frees *storage. */
sned_status sned_pack(const struct graph *graph, const struct pack_options *options, struct buffer *out,
                      struct layer_storage **storage, int *storage_count, sned_error *error);
/* The reverse: *graph is a checked integer graph that owns all its memory. */
sned_status sned_unpack(struct graph **graph, const void *data, size_t size, struct layer_storage **storage,
                        int *storage_count, sned_error *error);
/* A layer's weights as they lie in a file: found there, not decoded (packed.h reads them). */
struct packed_weights {
    enum weight_format format;
    const uint8_t *data; /* borrowed from the file; NULL: they are in the graph */
    size_t size;
    const uint8_t *live; /* a bit for each filter, the others are all zero; NULL: there are none of those */
    int filters;         /* that `data` has */
};
/* A file that is unpacked but for those weights: the graph has all else, and has passed
 * sned_graph_check_apart. `data` must outlive the reading of the weights.
 * A file that claims more than `limits` (NULL: whatever it claims) is refused with SNED_ERROR_LIMIT before
 * anything of that size is allocated; limits->memory is held against the constants, as if all were there, and
 * the largest activation. */
struct packed_file {
    struct graph *graph;
    struct packed_weights *weights; /* [tensor_count] */
    struct layer_storage *storage;  /* [storage_count]: of each Conv and Gemm */
    int storage_count;
};
sned_status sned_unpack_apart(struct packed_file *packed, const void *data, size_t size,
                              const sned_limits *limits, sned_error *error);
void sned_packed_free(struct packed_file *packed);

#endif
