/*
 * portable.c - the micro-kernels in plain C: what each computes. Loops over adjacent numbers, which
 * compilers turn into whatever vector instructions the machine they build for is sure to have.
 */
#include "runtime/micro/columns.h"

#define WIDEN(name, type)                                                                                    \
    void name(int16_t *restrict to, const void *restrict input, size_t count)                                \
    {                                                                                                        \
        const type *from = input;                                                                            \
        for (size_t i = 0; i < count; i++)                                                                   \
            to[i] = from[i];                                                                                 \
    }
WIDEN(sned_widen_u8, uint8_t)
WIDEN(sned_widen_s8, int8_t)
WIDEN(sned_widen_s16, int16_t)

/* Four taps at a time, so that the sums are loaded once for four. */
void sned_add_taps(int32_t *restrict sums, size_t count, const int16_t *restrict input,
                   const struct tap_pair *pairs, size_t pair_count)
{
    for (; pair_count >= 2; pair_count -= 2, pairs += 2) {
        const int16_t *a = input + pairs[0].offset[0], *b = input + pairs[0].offset[1];
        const int16_t *c = input + pairs[1].offset[0], *d = input + pairs[1].offset[1];
        const int16_t wa = pairs[0].weight[0], wb = pairs[0].weight[1];
        const int16_t wc = pairs[1].weight[0], wd = pairs[1].weight[1];
        for (size_t i = 0; i < count; i++)
            sums[i] += a[i] * wa + b[i] * wb + c[i] * wc + d[i] * wd;
    }
    for (int tap = 0; pair_count && tap < 2; tap++) {
        const int16_t *a = input + pairs->offset[tap], wa = pairs->weight[tap];
        for (size_t i = 0; wa && i < count; i++)
            sums[i] += a[i] * wa;
    }
}

int32_t sned_dot(const int8_t *weights, const int16_t *input, size_t count)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i] * input[i];
    return sum;
}

/* ---- rows ---- */

static size_t group_size(size_t rows)
{
    return rows < ROW_GROUP ? rows : ROW_GROUP;
}

#define ROWS(bytes, type)                                                                                    \
    static uint32_t chunk_dot_##bytes(const int8_t *weights, const type *input)                              \
    {                                                                                                        \
        int32_t sum = 0;                                                                                     \
        for (int i = 0; i < ROW_CHUNK; i++)                                                                  \
            sum += weights[i] * input[i];                                                                    \
        return (uint32_t)sum;                                                                                \
    }                                                                                                        \
    void sned_dense_rows_##bytes(int32_t *sums, size_t rows, size_t chunks, const int8_t *weights,           \
                                 const uint8_t *input)                                                       \
    {                                                                                                        \
        for (size_t group; rows > 0; rows -= group, sums += group) {                                         \
            uint32_t total[ROW_GROUP] = {0};                                                                 \
            group = group_size(rows);                                                                        \
            for (size_t c = 0; c < chunks; c++)                                                              \
                for (size_t r = 0; r < group; r++, weights += ROW_CHUNK)                                     \
                    total[r] += chunk_dot_##bytes(weights, (const type *)input + c * ROW_CHUNK);             \
            for (size_t r = 0; r < group; r++)                                                               \
                sums[r] = (int32_t)total[r];                                                                 \
        }                                                                                                    \
    }                                                                                                        \
    void sned_masked_rows_##bytes(int32_t *sums, size_t rows, size_t chunks, const uint64_t *masks,          \
                                  const int8_t *values, const uint8_t *input)                                \
    {                                                                                                        \
        for (size_t group; rows > 0; rows -= group, sums += group) {                                         \
            uint32_t total[ROW_GROUP] = {0};                                                                 \
            group = group_size(rows);                                                                        \
            for (size_t c = 0; c < chunks; c++)                                                              \
                for (size_t r = 0; r < group; r++)                                                           \
                    for (uint64_t mask = *masks++; mask; mask &= mask - 1) {                                 \
                        const size_t column = c * ROW_CHUNK + (size_t)__builtin_ctzll(mask);                 \
                        total[r] += (uint32_t)(*values++ * ((const type *)input)[column]);                   \
                    }                                                                                        \
            for (size_t r = 0; r < group; r++)                                                               \
                sums[r] = (int32_t)total[r];                                                                 \
        }                                                                                                    \
    }                                                                                                        \
    static uint32_t add_taken_##bytes(const uint8_t *places, const int8_t *weights, const type *input)       \
    {                                                                                                        \
        int32_t sum = 0;                                                                                     \
        for (int i = 0; i < SPAN_TAKES; i++)                                                                 \
            sum += weights[i] * input[places[i]];                                                            \
        return (uint32_t)sum;                                                                                \
    }                                                                                                        \
    void sned_spanned_rows_##bytes(int32_t *sums, size_t rows, const struct span_list *list,                 \
                                   const uint8_t *input)                                                     \
    {                                                                                                        \
        for (size_t r = 0; r < rows; r++) {                                                                  \
            const size_t group = r / SPAN_ROWS, lane = r % SPAN_ROWS;                                        \
            uint32_t total = 0;                                                                              \
            for (uint32_t s = list->first[group]; s < list->first[group + 1]; s++)                           \
                total += add_taken_##bytes(list->steps[s].places[lane], list->steps[s].weights[lane],        \
                                           (const type *)input + list->columns[s]);                          \
            sums[r] = (int32_t)total;                                                                        \
        }                                                                                                    \
    }
ROWS(u8, uint8_t)
ROWS(s8, int8_t)

/* Four at a time: compilers leave such a loop as it is. */
void sned_listed_rows(int32_t *sums, size_t rows, const uint32_t *first, const uint16_t *columns,
                      const int8_t *values, const int16_t *input)
{
    for (size_t r = 0; r < rows; r++) {
        const uint16_t *column = columns + first[r];
        const int8_t *value = values + first[r];
        uint32_t left = first[r + 1] - first[r];
        int32_t sum = 0, other = 0;
        for (; left >= 4; left -= 4, column += 4, value += 4) {
            sum += value[0] * input[column[0]] + value[1] * input[column[1]];
            other += value[2] * input[column[2]] + value[3] * input[column[3]];
        }
        for (; left > 0; left--)
            sum += *value++ * input[*column++];
        sums[r] = sum + other;
    }
}

/* ---- windows: a tap at a time over the whole row ---- */

/* Strides of 1 and 2 are loops of their own, for compilers to see. */
#define BY_STRIDE(function, to, from, count, stride)                                                         \
    do {                                                                                                     \
        if ((stride) == 1)                                                                                   \
            function(to, from, count, 1);                                                                    \
        else if ((stride) == 2)                                                                              \
            function(to, from, count, 2);                                                                    \
        else                                                                                                 \
            function(to, from, count, stride);                                                               \
    } while (0)

#define WINDOW_MAX(name, type)                                                                               \
    static inline __attribute__((always_inline)) void name##_tap(                                            \
        type *restrict to, const type *restrict from, size_t count, size_t stride)                           \
    {                                                                                                        \
        for (size_t i = 0; i < count; i++)                                                                   \
            to[i] = from[i * stride] > to[i] ? from[i * stride] : to[i];                                     \
    }                                                                                                        \
    static void name##_row(type *restrict out, const type *restrict row, size_t count,                       \
                           const struct window_row *windows, const struct integer_rule *rule)                \
    {                                                                                                        \
        const type low = (type)rule->low, high = (type)rule->high;                                           \
        for (size_t i = 0; i < count; i++)                                                                   \
            out[i] = low;                                                                                    \
        for (int r = 0; r < windows->rows; r++, row += windows->row_step)                                    \
            for (int c = 0; c < windows->columns; c++)                                                       \
                BY_STRIDE(name##_tap, out, row + c * windows->column_step, count, windows->stride);          \
        for (size_t i = 0; i < count; i++)                                                                   \
            out[i] = out[i] < high ? out[i] : high;                                                          \
    }                                                                                                        \
    void name(void *to, const void *input, const struct window_rows *windows,                                \
              const struct integer_rule *rule)                                                               \
    {                                                                                                        \
        for (size_t r = 0; r < windows->rows; r++)                                                           \
            name##_row((type *)to + r * windows->to_step, (const type *)input + r * windows->step,           \
                       windows->count, &windows->row, rule);                                                 \
    }
WINDOW_MAX(sned_window_max_u8, uint8_t)
WINDOW_MAX(sned_window_max_s8, int8_t)
WINDOW_MAX(sned_window_max_s16, int16_t)

/* The one window of a global pool goes along its rows instead. */
#define WINDOW_SUM(name, type)                                                                               \
    static inline __attribute__((always_inline)) void name##_tap(                                            \
        int32_t *restrict to, const type *restrict from, size_t count, size_t stride)                        \
    {                                                                                                        \
        for (size_t i = 0; i < count; i++)                                                                   \
            to[i] += from[i * stride];                                                                       \
    }                                                                                                        \
    void name(int32_t *restrict to, const void *restrict input, size_t count,                                \
              const struct window_row *windows)                                                              \
    {                                                                                                        \
        const type *row = input;                                                                             \
        for (size_t i = 0; i < count; i++)                                                                   \
            to[i] = 0;                                                                                       \
        for (int r = 0; r < windows->rows; r++, row += windows->row_step) {                                  \
            for (int c = 0; count == 1 && c < windows->columns; c++)                                         \
                to[0] += row[c * windows->column_step];                                                      \
            for (int c = 0; count > 1 && c < windows->columns; c++)                                          \
                BY_STRIDE(name##_tap, to, row + c * windows->column_step, count, windows->stride);           \
        }                                                                                                    \
    }
WINDOW_SUM(sned_window_sum_u8, uint8_t)
WINDOW_SUM(sned_window_sum_s8, int8_t)
WINDOW_SUM(sned_window_sum_s16, int16_t)

const struct micro_kernels sned_micro_portable = {
    .name = "portable",
    .bytes = VALUE_U8,
    .dense_filters = 4,
    .piece_outputs = PIECE_OUTPUTS,
    .gather_bytes = GATHER_BYTES,
    .span_columns = SPAN_COLUMNS,
    .costs = {.taps = 1.73f,
              .dense_product = 6.9f,
              .lane_product = 19,
              .lane_end = 124,
              .sparse_product = 19.5f,
              .sparse_far = 1,
              .depthwise_channel = 1,
              .depthwise_piece = 38,
              .depthwise_quad = 55,
              .shared_product = 20,
              .line = 30,
              .requantize = 11.5f,
              .widen = 0.33f,
              .pick = 0.53f,
              .interleave = 3.85f,
              .fill_row = 1.9f,
              .fill_mixed_row = 30,
              .call = 11,
              .row_dense = 3.25f,
              .row_listed_kept = 0.47f,
              .memory_byte = 0.025f},
    .widen = {[VALUE_U8] = sned_widen_u8, [VALUE_S8] = sned_widen_s8, [VALUE_S16] = sned_widen_s16},
    .add_taps = sned_add_taps,
    .dense = {[VALUE_U8] = sned_dense_u8, [VALUE_S8] = sned_dense_s8},
    .sparse = {[VALUE_U8] = sned_sparse_u8, [VALUE_S8] = sned_sparse_s8},
    .sliding = {[VALUE_U8] = sned_sliding_u8, [VALUE_S8] = sned_sliding_s8},
    .ended_dense = {[VALUE_U8] = sned_ended_dense_u8, [VALUE_S8] = sned_ended_dense_s8},
    .ended_sparse = {[VALUE_U8] = sned_ended_sparse_u8, [VALUE_S8] = sned_ended_sparse_s8},
    .add_shared = {[VALUE_U8] = sned_add_shared_u8, [VALUE_S8] = sned_add_shared_s8},
    .end_shared = sned_end_shared,
    .ended_sliding = {[VALUE_U8] = sned_ended_sliding_u8, [VALUE_S8] = sned_ended_sliding_s8},
    .ended_filter_lanes = {[VALUE_U8] = sned_ended_filter_lanes_u8, [VALUE_S8] = sned_ended_filter_lanes_s8},
    .depthwise = {[VALUE_U8] = sned_depthwise_u8, [VALUE_S8] = sned_depthwise_s8},
    .interleave = sned_interleave,
    .pick = sned_pick,
    .lines = sned_lines,
    .dot = sned_dot,
    .dense_rows = {[VALUE_U8] = sned_dense_rows_u8, [VALUE_S8] = sned_dense_rows_s8},
    .masked_rows = {[VALUE_U8] = sned_masked_rows_u8, [VALUE_S8] = sned_masked_rows_s8},
    .spanned_rows = {[VALUE_U8] = sned_spanned_rows_u8, [VALUE_S8] = sned_spanned_rows_s8},
    .listed_rows = sned_listed_rows,
    .requantize =
        {[VALUE_U8] = sned_requantize_u8, [VALUE_S8] = sned_requantize_s8, [VALUE_S16] = sned_requantize_s16},
    .finish_rows = sned_finish_rows,
    .window_max =
        {[VALUE_U8] = sned_window_max_u8, [VALUE_S8] = sned_window_max_s8, [VALUE_S16] = sned_window_max_s16},
    .window_sum =
        {[VALUE_U8] = sned_window_sum_u8, [VALUE_S8] = sned_window_sum_s8, [VALUE_S16] = sned_window_sum_s16},
    .lrn = {[VALUE_U8] = sned_lrn_u8, [VALUE_S8] = sned_lrn_s8},
    .look_up = sned_look_up,
    .quantize = {[VALUE_U8] = sned_quantize_u8, [VALUE_S8] = sned_quantize_s8},
    .add = sned_add_bytes,
};
