/*
 * micro.h - micro-kernels: the inner loops of the runtime's kernels, once for each instruction set.
 *
 * A kernel (runtime/kernel.h) knows windows, groups and layouts, and goes through an image; what it does to
 * a row of numbers it leaves to a micro-kernel. These stand in a table with a column for each instruction
 * set. The first column is portable C: it says what each micro-kernel computes, and every other one gives
 * the same bits. A model takes one column when it is opened, the fastest that this machine runs.
 *
 *                    portable.c     avx2.c
 *     widen          C              = C
 *     add_taps       C              AVX2
 *     dense          C              ..
 *     ..
 *
 * To add an instruction set: a file with a struct micro_kernels, and a line in columns.c. Functions that it
 * does not have are those of portable.c. tests/runtime/checkkernels.c compares every column that the
 * machine runs with the first, and times it.
 *
 * Memory, for all of them:
 * - Pointers are aligned as their type is, no more.
 * - What is named `input` may be read up to MICRO_OVER_READ bytes behind its last element, whatever is there
 *   and to no effect. Who calls has that room: between the parts of a step's scratch nobody pays for it, and
 *   the plan gives it behind all that a run reads and makes (plan.h). Everything else, constants above all,
 *   is read to its last byte and not further.
 * - Nothing is written but the elements that are asked for.
 */
#ifndef SNED_RUNTIME_MICRO_MICRO_H
#define SNED_RUNTIME_MICRO_MICRO_H

#include "runtime/micro/number.h"
#include "graph/graph.h"

enum { MICRO_OVER_READ = 64, MICRO_TYPES = 3 /* of enum value_type */, MICRO_BYTES = 2 /* of 8 bits */ };

/* Two of a filter's weights that are not 0, each with the distance from a pixel to the one that it is for.
 * The last pair of a filter may have one: its second weight is 0, at the first one's offset. */
struct tap_pair {
    uint32_t offset[2];
    int16_t weight[2];
};

/* Sums of products of bytes, four at a time, for a few filters at once: a quad is four activations of a pixel
 * with four weights of each filter.
 *
 *     dense      the four activations of a pixel lie together, and quad q of pixel p is that of pixel
 *                offsets[q] + p of the input:
 *                    input    [pixel][4]          0 1 2 3 | 0 1 2 3 | 0 1 2 3 | ..
 *     sparse     they lie apart, in rows of bytes: byte j of quad q of pixel p is input[offsets[4q + j] + p]:
 *                    input    [byte]              0 0 0 0 ..  1 1 1 1 ..  2 2 2 2 ..  3 3 3 3 ..
 *     sliding    they are neighbours in a row of bytes, and a pixel's are `stride` bytes from the last one's:
 *                byte j of quad q of pixel p is input[offsets[q] + p * stride + j]:
 *                    input    [byte]              0 1 2 3 ..   stride 1: pixel 0 has 0 1 2 3, pixel 1 1 2 3 4
 *     shared     as sparse, but rows are lines, of 64 pixels, at multiples of LINE_UNIT: input[lines[4q + j]
 *                * LINE_UNIT + p]; and a quad is for some of the filters only, a set of them, a bit each; the
 *                quads of a set follow each other, so that it is said once for all of them
 *     filter lanes   lie as dense, pixel by pixel; but while there a vector is pixels, here it is filters:
 *                    weights  [quad][FILTER_LANES][4], those of absent filters 0
 *
 * So the first wants an input that is laid out for it and does all products of a layer but whole quads of
 * zeros; the second takes any four products that are to be done; the third has a kernel's row of taps at
 * once, for the few channels of a first layer; the fourth fetches four rows once for all filters that have
 * something there, and multiplies for no other; the last computes no pixel that is not asked for, and more
 * filters together, each of whose weights it reads once for a run of pixels. */
struct quad_list {
    size_t count;
    /* dense, sliding: 1 to micro->dense_filters; sparse: 1, 2 or 4; shared: 1 to 5; lanes: all */
    int filters;
    const uint32_t *offsets; /* [count]; sparse: [count][4] */
    const uint16_t *lines;   /* shared: [count][4] */
    /* [count][filters, or of the quad's set][4], -127 to 127; lanes: [count][FILTER_LANES][4] */
    const int8_t *weights;
    const int32_t *start; /* [filters]; shared: or NULL, where sums go on */
    /* shared: quads of each set; they sum up to count. Of the set of no filter, [0], or one that has others
     * than the list's, there are none. */
    const uint16_t *sets; /* [QUAD_SETS] */
};
enum { SET_FILTERS = 5, QUAD_SETS = 1 << SET_FILTERS };

/* Lines: 64 pixels of each tap of some channels, copied so that they lie together, one line of the cache
 * each. Pixel i of a tap of channel c is input[c * step + offset + order[i]]; where the input has no padding,
 * that is so if the tap's bit i says it is inside, and else it is 0. */
enum { LINE_PIXELS = 64, LINE_UNIT = 8, LINE_REACH = 128 };
struct line_tap {
    int32_t offset;
    uint32_t line; /* of a channel's; each has one */
};
struct line_bits {
    uint64_t inside, readable[LINE_REACH / 64]; /* pixels; and bytes, from the tap's offset on */
};
struct tap_lines {
    size_t channels, step;
    size_t tap_count;
    const struct line_tap *taps;  /* [tap_count], ascending */
    const struct line_bits *bits; /* [tap_count], or NULL: of an input with padding, all is inside */
    uint8_t order[LINE_PIXELS];   /* ascending, below LINE_REACH */
};

/* What quads of a line's pixels have come to, for a list's filters. A filter's stand in an order of the
 * column's own. */
struct line_sums {
    _Alignas(64) int32_t of[SET_FILTERS][LINE_PIXELS];
};

/* The most filters of a list whose lanes they are; and the most pixels that are done together, in pairs of
 * runs: longer rows are cut into runs of nearly one length. */
enum { FILTER_LANES = 32, LANE_RUN = 7 };

/* What sums of quads become. */
struct quad_ends {
    enum value_type type;
    const struct scaling *scalings; /* [filters] */
    const struct integer_rule *rule;
    bool are_small; /* none of the sums is larger than SMALL_SUM, or smaller than -SMALL_SUM */
    /* dense, lanes, of bytes and filters in fours: pixel p of filter f is byte f % 4 of to's quad
     * f / 4 * step + p. */
    bool in_quads;
};
enum { SMALL_SUM = 1 << 24 /* floats have all integers to there */ };

/* Rows of pixels that quads are summed for, and what they become lies together. */
struct quad_rows {
    size_t rows, count; /* of pixels a row */
    size_t stride;   /* bytes from a pixel's first quad to the next one's: of dense 4, of sparse 1, of sliding
                         * 1 to SLIDING_STRIDE, of filter lanes so many times 4 */
    size_t row_step; /* bytes from row to row, a multiple of the stride where it is dense's or sparse's: they
                         * do not overlap, and what lies between them may be read */
    /* Of several rows of dense or sparse, and of their pixels as if they were one row, with what lies between
     * them, a bit each: 1 for a row's own; behind them 64 that are 0. */
    const uint64_t *kept;
};
enum { SLIDING_STRIDE = 4 };

/* Channels that are convolved each by itself, where they lie. A channel's outputs come in pieces, which
 * follow each other; to each of its taps, in quads, belongs a byte of the channel or padding:
 *
 *     byte j of quad q of output i of piece p is input[gather.offset + order[i][j]],
 *     or 0 where order[i][j] is GATHER_NOTHING;    gather = gathers[p][q], order = orders[gather.order]
 *
 * So what a quad takes of a piece's pixels, at any stride, over the ends of rows and beside the image, is
 * one vector of bytes and a constant permutation, and the same for all channels. How many outputs a piece
 * has, and of how many bytes a quad is taken, depends on the column and is at most this. GATHER_NOTHING
 * makes nothing in permutations of x86-64, or is the first place behind 64 bytes. */
enum { PIECE_OUTPUTS = 32, PIECE_QUADS = 32, GATHER_BYTES = 64, GATHER_NOTHING = 0xC0 };

struct quad_gather {
    uint32_t offset, order;
};

typedef uint8_t gather_order[PIECE_OUTPUTS][4]; /* each below gather_bytes, or GATHER_NOTHING */

struct channel_pieces {
    size_t count, quads;               /* 1 at least; quads PIECE_QUADS at most */
    const uint32_t *first;             /* [count + 1]: the first output of each; and how many there are */
    const struct quad_gather *gathers; /* [count][quads] */
    const gather_order *orders;
    const int8_t *weights; /* [channels][quads][4] */
    const int32_t *start;  /* [channels] */
    uint8_t flip;          /* of all bytes, those of nothing too */
};

/* Some channels, and how far one is from the next: elements of the output, bytes of the input. */
struct channel_range {
    size_t first, count, to_step, step;
};

/* The windows of a row of outputs: tap (r, c) of output i is input[i * stride + r * row_step + c *
 * column_step]. */
struct window_row {
    int rows, columns; /* 1 at least */
    size_t row_step, column_step, stride;
};

/* Rows of windows, `count` of them each: row r is `step` numbers behind the one before, what comes of it
 * `to_step`. */
struct window_rows {
    struct window_row row;
    size_t rows, count, step, to_step;
};

/* Rows of a plane, `step` bytes apart, each made of one of an image's, `image_step` apart: of its pixels
 * every `stride`-th. */
struct plane_rows {
    size_t rows, count, step, image_step, stride;
    uint8_t flip;
};

/* Two numbers of 8 bits, each times its multiplier. A signed one has 128 added, a flip of its highest bit, so
 * that both are unsigned; `start` takes that back, and is the half that rounds. Sums stay below 2^30. */
struct byte_sum {
    uint8_t flip[2];
    uint16_t multiplier[2];
    int32_t start;
    int shift; /* 1 to 30 */
};

/* Pixels of an image through all its channels, which are `step` bytes apart, in what is read and in what is
 * written. The window of channel c are channels c - before to c + after, those that there are; its squares
 * sum to less than 2^28. */
struct lrn_strip {
    size_t pixels, step;
    int channels, before, after;
    const uint16_t *table; /* [LRN_TABLE_SIZE], and another 2 bytes */
    int shift;
};

/* to[i] = input[i]. */
typedef void micro_widen(int16_t *to, const void *input, size_t count);
/* sums[i] += the pairs' weight * input[i + offset], for both of each pair: in int32, where no sum overflows
 * (docs/arithmetic.md). `sums` does not meet `input`. */
typedef void micro_add_taps(int32_t *sums, size_t count, const int16_t *input, const struct tap_pair *pairs,
                            size_t pair_count);
/* sums[f * step + p] = start[f] + the sum over quads q and bytes j of weights[q][f][j] * byte j of quad q of
 * pixel p; modulo 2^32. `sums` does not meet `input`, and what lies between its rows stays as it is. */
typedef void micro_quads(int32_t *sums, size_t step, size_t count, const uint8_t *input,
                         const struct quad_list *list);
/* The same of sliding quads, for rows of pixels; a row's sums follow those of the one before. */
typedef void micro_sliding(int32_t *sums, size_t step, const struct quad_rows *pixels, const uint8_t *input,
                           const struct quad_list *list);
/* Those sums, of rows too, requantized: to[f * step + p], of type ends->type. */
typedef void micro_ended_rows(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,
                              const struct quad_list *list, const struct quad_ends *ends);
/* Shared quads' sums: begun, or gone on with. And they as outputs, of the first `count` pixels:
 * to[f * step + p], of type ends->type. */
typedef void micro_add_shared(struct line_sums *sums, const uint8_t *input, const struct quad_list *list);
typedef void micro_end_shared(void *to, size_t step, size_t count, const struct line_sums *sums, int filters,
                              const struct quad_ends *ends);
/* Channels of pieces, requantized, each by its own scaling: output o of the range's channel c is to[c *
 * range->to_step + o], of type ends->type; `to` and `input` are those of the range's first channel, all else
 * is of all channels. */
typedef void micro_depthwise(void *to, const uint8_t *input, const struct channel_range *range,
                             const struct channel_pieces *pieces, const struct quad_ends *ends);
/* to[r * step + 4 * i + j] = from[j][r * image_step + i * stride] ^ flip, of each row its `count`: the input
 * of dense, or a part of it. All four are inputs. */
typedef void micro_interleave(uint8_t *to, const uint8_t *const from[4], const struct plane_rows *rows);
/* to[r * step + i] = input[r * image_step + i * stride] ^ flip, of each row its `count`: the input of sparse,
 * or a part of it. */
typedef void micro_pick(uint8_t *to, const uint8_t *input, const struct plane_rows *rows);
/* to[(c * tap_count + line) * LINE_PIXELS + i] = pixel i of that line's tap. */
typedef void micro_lines(uint8_t *to, const uint8_t *input, const struct tap_lines *lines);
/* The sum of weights[i] * input[i]. */
typedef int32_t micro_dot(const int8_t *weights, const int16_t *input, size_t count);
/* to[i] = clamp(slope(scale(input[i]))): how every operator with a scaling ends. */
typedef void micro_requantize(void *to, const int32_t *input, size_t count, struct scaling scaling,
                              const struct integer_rule *rule);
/* The same of rows of weights, each of which has a sum, what that begins with, and a scaling: to[r], of that
 * type, of sums[r] + start[r] modulo 2^32. */
typedef void micro_finish_rows(void *to, enum value_type type, const int32_t *sums, size_t rows,
                               const int32_t *start, const struct scaling *scalings,
                               const struct integer_rule *rule);
/* to[r * to_step + i] = the largest number of window i of row r, of the input's type, within the rule's low
 * and high. */
typedef void micro_window_max(void *to, const void *input, const struct window_rows *windows,
                              const struct integer_rule *rule);
/* to[i] = the sum of window i. */
typedef void micro_window_sum(int32_t *to, const void *input, size_t count, const struct window_row *windows);
/* LRN: to[c][i] = clamp(slope(floor(input[c][i] * table[lrn_index(sum)] / 2^shift + 1/2))), of a type of 8
 * bits; sum: of the squares that the window of channel c has of pixel i. */
typedef void micro_lrn(uint8_t *to, const uint8_t *input, const struct lrn_strip *strip,
                       const struct integer_rule *rule);

/* to[i] = table[from[i]], of 256 entries. */
typedef void micro_look_up(uint8_t *to, const uint8_t *from, size_t count, const uint8_t *table);
/* Real numbers as integers of 8 bits: to[i] = clamp(floor(from[i] / scale + 0.5)), 0 for no number. */
typedef void micro_quantize(void *to, const float *from, size_t count, float scale);
/* Of inputs a and b, all of 8 bits: to[i] = clamp(slope(floor((a[i] * multiplier[0] + b[i] * multiplier[1]) /
 * 2^shift + 1/2))). */
typedef void micro_add(uint8_t *to, const uint8_t *a, const uint8_t *b, size_t count,
                       const struct byte_sum *sum, const struct integer_rule *rule);

/*
 * Rows of a fully connected layer: each sum is a row of weights times all of the input.
 *
 * In bytes, weights are dense or under masks, in chunks of 64 columns, of which the last is filled up with
 * zeros. Rows come in groups of four, the last group has what is left; of a group first chunk 0 of each row,
 * then chunk 1, and so on, so that the input is read once for four rows and the weights in one sequence:
 *
 *     | row 0 | row 1 | row 2 | row 3 | row 0 | row 1 | ..  | row 4 | row 5 | ..
 *     |          chunk 0              |    chunk 1    | ..  |  chunk 0 of the next group
 */
enum { ROW_GROUP = 4, ROW_CHUNK = 64 };

/* sums[r] = the sum of row r's weights times the input, modulo 2^32. `weights` has rows * chunks * 64, and
 * `input` bytes with or without a sign. */
typedef void micro_dense_rows(int32_t *sums, size_t rows, size_t chunks, const int8_t *weights,
                              const uint8_t *input);
/* The same of the weights that are not 0, one behind the other in `values`; bit i of a chunk's mask says that
 * there is one in its column i. Behind the last value MICRO_OVER_READ bytes may be read. */
typedef void micro_masked_rows(int32_t *sums, size_t rows, size_t chunks, const uint64_t *masks,
                               const int8_t *values, const uint8_t *input);
/*
 * Or in spans: 16 rows at once, each in a lane of its own, of which every step has up to four weights that
 * are not 0, those that come next in their row and lie within a span of 128 columns, or of as many as the
 * column has (span_columns). Rows come in groups of 16, the last is filled up with rows of zeros.
 *
 *     first column    places in the span           weights
 *          0          3 8 70 99 | 0 41 66 70 | ..  5 -1 9 2 | 1 1 -7 3 | ..
 *         12          90 91 0 0 | 60 99 100 127..  8 8 0 0  | ..
 *                       row 0       row 1
 */
enum { SPAN_ROWS = 16, SPAN_TAKES = 4, SPAN_COLUMNS = 128 /* at most */ };
struct span_step {
    uint8_t places[SPAN_ROWS][SPAN_TAKES]; /* columns less the first of the span: below span_columns */
    int8_t weights[SPAN_ROWS][SPAN_TAKES]; /* 0 where the row has no more within it */
};
struct span_list {
    const struct span_step *steps;
    const uint16_t *columns; /* of each step: the first of its span */
    const uint32_t *first;   /* [groups + 1]: steps where groups begin */
};
/* sums[r] = the sum of row r's weights times the input, modulo 2^32; of the last group for its `rows` alone.
 * Spans end MICRO_OVER_READ behind the input at the latest. */
typedef void micro_spanned_rows(int32_t *sums, size_t rows, const struct span_list *list,
                                const uint8_t *input);
/* sums[r] = the sum of values[i] * input[columns[i]], i from first[r] to first[r + 1]. */
typedef void micro_listed_rows(int32_t *sums, size_t rows, const uint32_t *first, const uint16_t *columns,
                               const int8_t *values, const int16_t *input);

/* What a column's micro-kernels cost, in nanoseconds of some machine: their ratios choose the form of a
 * convolution (runtime/conv/form.c) and of fully connected rows (runtime/rows/row_block.c). One that is 0 is
 * part of another. */
struct micro_costs {
    float taps;                        /* add_taps: a pair of taps, for 16 pixels */
    float dense_quad, dense_product;   /* dense, for 16 pixels: a quad; and its product with a filter */
    float sparse_quad, sparse_product; /* sparse, for 64 pixels: likewise */
    float sparse_pass;                 /* and a quad of a list that is gone through once more (conv/form.c) */
    float sparse_far;                  /* how many times a quad takes whose rows are far (conv/form.c) */
    float shared_quad, shared_product, shared_set; /* shared, for 64 pixels: and a set of a list */
    float shared_sums, line;      /* to go on with a list's sums; to copy a line (conv/lines.c) */
    float sliding_quad;           /* sliding, for 16 pixels; a product is dense's */
    float lane_product, lane_end; /* filter lanes, for 16 filters: a quad of a pixel; to end its sums */
    /* depthwise: a channel, a piece of it and its ends, a quad of a piece. */
    float depthwise_channel, depthwise_piece, depthwise_quad;
    float requantize;               /* 16 sums */
    float widen, pick, interleave;  /* to fill 16 bytes of an input: of taps, sparse, dense */
    float fill_row, fill_mixed_row; /* and each of its rows; of pixels of several phases */
    float call;                     /* of any of them */
    /* Weights that are in the cache: 64 columns of a row, by dense_rows (or dot, where not `byte_rows`) and
     * masked_rows; a weight that is not 0; a step of spanned_rows, where `span_rows`. */
    float row_dense, row_masked, row_masked_kept, row_step, row_listed_kept;
    float memory_byte; /* a byte of weights that is not in the cache */
};

/* A column. */
struct micro_kernels {
    const char *name; /* of the instruction set: what SNED_CPU says */
    /* VALUE_U8 or VALUE_S8: what it wants the inputs of dense, sparse and rows of bytes to be; the others are
     * turned into them by 128 more or less, which is a flip of the highest bit. */
    enum value_type bytes;
    /* Where it is not 0: of two weights that stand together in a quad, the first two or the last two, those
     * above 0 and those below 0 may each sum up to this much and no more. 127 at least. */
    int pair_limit;
    int dense_filters; /* at most, at once */
    bool is_narrow;    /* rows end in vectors of 8 pixels, of sparse 32, where else they are 16 and 64 */
    /* depthwise: outputs of a piece, and bytes of its image that a quad takes them from, at most. */
    int piece_outputs, gather_bytes;
    struct micro_costs costs;
    micro_widen *widen[MICRO_TYPES];
    micro_add_taps *add_taps;
    micro_quads *dense[MICRO_BYTES], *sparse[MICRO_BYTES];
    micro_sliding *sliding[MICRO_BYTES];
    micro_add_shared *add_shared[MICRO_BYTES];
    micro_end_shared *end_shared;
    micro_ended_rows *ended_dense[MICRO_BYTES], *ended_sparse[MICRO_BYTES], *ended_sliding[MICRO_BYTES],
        *ended_filter_lanes[MICRO_BYTES];
    bool joins_rows; /* ended_dense, but in quads, and ended_sparse take rows as if they were one */
    micro_depthwise *depthwise[MICRO_BYTES];
    micro_interleave *interleave;
    micro_pick *pick;
    micro_lines *lines;
    micro_dot *dot;
    micro_dense_rows *dense_rows[MICRO_BYTES];
    micro_masked_rows *masked_rows[MICRO_BYTES];
    micro_spanned_rows *spanned_rows[MICRO_BYTES];
    micro_listed_rows *listed_rows;
    bool byte_rows; /* dense_rows and masked_rows are worth more than `dot` on 16 bits */
    bool span_rows; /* and spanned_rows more than those, where few weights are not 0 */
    int span_columns;
    micro_requantize *requantize[MICRO_TYPES];
    micro_finish_rows *finish_rows;
    micro_window_max *window_max[MICRO_TYPES];
    micro_window_sum *window_sum[MICRO_TYPES];
    micro_lrn *lrn[MICRO_BYTES];
    micro_look_up *look_up;
    micro_quantize *quantize[MICRO_BYTES];
    micro_add *add;
};

/* Column `index`, the slowest first; NULL: there are no more in this build. */
const struct micro_kernels *sned_micro_column(int index);
/* Whether this machine has that instruction set. */
bool sned_micro_runs(int index);
/* The last column that runs here, and no later than the one called `most`; NULL or a name that no column
 * has: the last one. */
const struct micro_kernels *sned_micro_choose(const char *most);

#endif
