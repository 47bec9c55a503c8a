/*
 * descriptor.h - what a unit of the accelerator is told: 64 bytes, the same in C and in rtl/sned_pkg.sv.
 *
 *     bit 511                                   64 63      40 39    24 23  16 15   8 7    0
 *        +----------------------------------------+----------+--------+------+------+------+
 *        | body: the fields below, the first in   | 0        | layer  | post | wait | unit |
 *        | the lowest bits                        |          |        |      |      |      |
 *        +----------------------------------------+----------+--------+------+------+------+
 *
 * Each unit has a queue of its own and does its descriptors in order. One begins when there is a token from
 * every unit of `wait` (a bit each), which it takes; when it is done it gives one to every unit of `post`.
 *
 * A place is a byte of the activation memory. An address is in units of 16 bytes from the program's base in
 * DDR.
 */
#ifndef SNED_ACCEL_PROGRAM_DESCRIPTOR_H
#define SNED_ACCEL_PROGRAM_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DESCRIPTOR_BYTES = 64, DESCRIPTOR_BODY_BITS = 448, DDR_WORD = 16 };

enum accel_unit_code { CODE_LOAD, CODE_CONV, CODE_VECTOR, CODE_FC, CODE_STORE, CODE_COUNT, CODE_END = 15 };

/* Where a load puts its words of 16 bytes. */
enum load_kind {
    LOAD_NOTHING,
    LOAD_ACTIVATIONS, /* to the activation memory from `place` on */
    LOAD_ROWS,        /* two rows of a feeder's table a word, from row `place` on: table.h */
    LOAD_PAIRS,   /* an entry of a collector's table in two words; it says its lane; from number `place` on */
    LOAD_STREAMS, /* `lane_words` for each lane, from word `place` on: `words` are so many for all lanes */
    LOAD_TABLE    /* eight entries of the LRN's table a word, from entry `place` on */
};

/* FIELDS(X): X(name, bits, is_signed), from the lowest bits of the body up. */
#define LOAD_FIELDS(X)                                                                                       \
    X(kind, 3, 0)                                                                                            \
    X(moves, 1, 0) /* the address goes on by the image step with each image */                               \
    X(address, 32, 0)                                                                                        \
    X(words, 24, 0)                                                                                          \
    X(place, 24, 0)                                                                                          \
    X(lane_words, 16, 0)

/* Words of the activation memory to DDR. */
#define STORE_FIELDS(X)                                                                                      \
    X(moves, 1, 0)                                                                                           \
    X(address, 32, 0)                                                                                        \
    X(words, 24, 0)                                                                                          \
    X(place, 24, 0)

/* One pass of a Conv over a run of its tiles; out_base and out_limit count from the first one on:
 * rtl/feeder/sned_feeder.sv, rtl/collector/sned_collector.sv. */
#define CONV_FIELDS(X)                                                                                       \
    X(is_signed, 1, 0)                                                                                       \
    X(base, 24, 0)                                                                                           \
    X(limit, 24, 0)                                                                                          \
    X(pitch, 12, 0)                                                                                          \
    X(width, 12, 0)                                                                                          \
    X(step, 12, 0)                                                                                           \
    X(tiles, 12, 0)                                                                                          \
    X(halves, 12, 0)                                                                                         \
    X(last_rows, 12, 0)                                                                                      \
    X(row_first, 16, 0)                                                                                      \
    X(pair_first, 8, 0)                                                                                      \
    X(stream_first, 16, 0)                                                                                   \
    X(out_base, 24, 0)                                                                                       \
    X(out_limit, 24, 0)                                                                                      \
    X(low, 17, 1)                                                                                            \
    X(high, 17, 1)                                                                                           \
    X(active, 32, 0) /* a bit for each lane that has pairs */                                                \
    X(first, 24, 0)  /* the first tile's place in the raster, and its column */                              \
    X(first_column, 12, 0)

enum vector_operation { VECTOR_MAX, VECTOR_AVERAGE, VECTOR_ADD, VECTOR_LRN, VECTOR_REDUCE };

/* Pools, copies, sums, LRN: rtl/vector/sned_vector.sv. */
#define VECTOR_FIELDS(X)                                                                                     \
    X(operation, 3, 0)                                                                                       \
    X(is_signed, 1, 0)                                                                                       \
    X(second_signed, 1, 0)                                                                                   \
    X(base, 24, 0)                                                                                           \
    X(second, 24, 0)                                                                                         \
    X(plane, 24, 0)                                                                                          \
    X(out_base, 24, 0)                                                                                       \
    X(out_plane, 24, 0)                                                                                      \
    X(height, 12, 0)                                                                                         \
    X(width, 12, 0)                                                                                          \
    X(pitch, 12, 0)                                                                                          \
    X(row_step, 24, 0)                                                                                       \
    X(stride_down, 4, 0)                                                                                     \
    X(stride_right, 4, 0)                                                                                    \
    X(segment_step, 12, 0)                                                                                   \
    X(kernel_height, 8, 0)                                                                                   \
    X(kernel_width, 8, 0)                                                                                    \
    X(pad_top, 8, 0)                                                                                         \
    X(pad_left, 8, 0)                                                                                        \
    X(out_height, 12, 0)                                                                                     \
    X(out_width, 12, 0)                                                                                      \
    X(out_pitch, 12, 0)                                                                                      \
    X(channels, 16, 0)                                                                                       \
    X(length, 24, 0)                                                                                         \
    X(multiplier, 16, 0)                                                                                     \
    X(second_multiplier, 16, 0)                                                                              \
    X(shift, 6, 0)                                                                                           \
    X(low, 17, 1)                                                                                            \
    X(high, 17, 1)                                                                                           \
    X(lrn_after, 4, 0)                                                                                       \
    X(lrn_size, 4, 0)                                                                                        \
    X(wide, 1, 0)

/* A Gemm: rtl/fc/sned_fc.sv. port: where each port's part of the stream begins (fc_stream.h). */
#define FC_FIELDS(X)                                                                                         \
    X(is_signed, 1, 0)                                                                                       \
    X(base, 24, 0)                                                                                           \
    X(plane, 24, 0)                                                                                          \
    X(out_base, 24, 0)                                                                                       \
    X(second, 24, 0)                                                                                         \
    X(pitch, 12, 0)                                                                                          \
    X(width, 12, 0)                                                                                          \
    X(height, 12, 0)                                                                                         \
    X(inputs, 16, 0)                                                                                         \
    X(outputs, 16, 0)                                                                                        \
    X(low, 17, 1)                                                                                            \
    X(high, 17, 1)                                                                                           \
    X(wide, 1, 0)                                                                                            \
    X(port0, 32, 0)                                                                                          \
    X(port1, 32, 0)                                                                                          \
    X(port2, 32, 0)                                                                                          \
    X(port3, 32, 0)

#define DESCRIPTOR_MEMBER(name, bits, is_signed) int64_t name;
struct load_work {
    LOAD_FIELDS(DESCRIPTOR_MEMBER)
};
struct store_work {
    STORE_FIELDS(DESCRIPTOR_MEMBER)
};
struct conv_work {
    CONV_FIELDS(DESCRIPTOR_MEMBER)
};
struct vector_work {
    VECTOR_FIELDS(DESCRIPTOR_MEMBER)
};

struct fc_work {
    FC_FIELDS(DESCRIPTOR_MEMBER)
};

struct descriptor {
    enum accel_unit_code unit;
    unsigned wait, post; /* bits of units */
    int layer;
    union {
        struct load_work load;
        struct store_work store;
        struct conv_work conv;
        struct vector_work vector;
        struct fc_work fc;
    } u;
};

/* False where a number does not fit its field; *field names it. */
bool descriptor_pack(uint8_t bytes[DESCRIPTOR_BYTES], const struct descriptor *descriptor,
                     const char **field);
/* False for a unit that there is not. */
bool descriptor_unpack(struct descriptor *descriptor, const uint8_t bytes[DESCRIPTOR_BYTES]);

#endif
