/*
 * weights_model.c - the contexts of weights_model.h.
 *
 * Where a weight stands, in a kernel (or a picture, for a Gemm that reads one) of the row that is being
 * coded:
 *
 *     up_left  up  up_right        above, above2: the same place in the two rows before
 *        left  (it)                beside: the same place in the channel before
 *
 * Where kernels are 1 x 1, `left` and `up` are the same row's in the two channels before. Only rows and
 * channels that are not all zero count; the others are named first and cost a fraction of a bit.
 */
#include "codec/coder/weights_model.h"
#include "base/memory.h"
#include "codec/coder/mixer.h"

#include <stdlib.h>
#include <string.h>

/* ---- the tables ---- */

enum {
    INPUTS = 9,
    SIGN_INPUTS = 6,
    RELATIVE = INPUTS, /* three tables that take the place of inputs 2, 4 and 5 once the sign is known */
    TABLES = INPUTS + 3,
    NODES = 16, /* counters of a context: zero, 6 of the exponent, 6 of the first bit below it */
    EXPONENT_NODE = 1,
    MANTISSA_NODE = 10,
    MOST_EXPONENT = 6, /* 64 to 127 */
    RATIOS = 32
};
static const struct {
    int contexts;
    bool kept; /* from one layer to the next */
} tables[TABLES] = {{RATIOS * RATIOS, false},
                    {RATIOS * RATIOS, false},
                    {256, true},
                    {RATIOS * RATIOS, true},
                    {64, false},
                    {RATIOS, false},
                    {1024, false},
                    {64, true},
                    {1, true},
                    {256, false},
                    {256, false},
                    {128, true}};

/* Mixers: by what is coded, and for the first two by whether kernels are larger than 1 x 1. */
enum { MIX_ZERO, MIX_SIGN = 2, MIX_EXPONENT = 4, MIX_MANTISSA = MIX_EXPONENT + MOST_EXPONENT, MIXES = 16 };
/* Where their weights begin, in 1000 / 65536: near to where those of a LeNet-5 and of an MLP for the same
 * pictures came; where nothing was seen, all alike. */
static const int8_t first_weights[MIXES][INPUTS] = {
    [MIX_ZERO] = {10, 10, 8, 10, 8, 10, 10, 8, 4},
    [MIX_ZERO + 1] = {18, 20, 28, 6, 4, 10, 10, 6, -6},
    [MIX_SIGN] = {11, 4, 8, 10, 10, 10},
    [MIX_SIGN + 1] = {28, 5, 20, 13, 20, 18},
    [MIX_EXPONENT] = {3, 12, 22, 10, 8, 12, 10, 0, -5},
    [MIX_EXPONENT + 1] = {10, 8, 11, 10, 10, 10, 8, 4, 4},
    [MIX_MANTISSA] = {3, 5, 18, 8, 4, 18, 3, 4, 3},
};
enum { FIRST_WEIGHT_UNIT = 1000, FIRST_WEIGHT = 10 };

struct weights_model {
    uint32_t *tables[TABLES]; /* [contexts][NODES]; owned */
    int32_t mixers[MIXES][INPUTS + 1];
};

static void reset_tables(struct weights_model *model, bool all)
{
    for (int t = 0; t < TABLES; t++)
        if (all || !tables[t].kept)
            counters_reset(model->tables[t], (size_t)tables[t].contexts * NODES);
}

sned_status sned_weights_model_new(struct weights_model **out, sned_error *error)
{
    struct weights_model *model;
    *out = NULL;
    SNED_TRY(sned_alloc(&model, 1, sizeof *model, error));
    for (int t = 0; t < TABLES; t++) {
        sned_status status =
            sned_alloc(&model->tables[t], (size_t)tables[t].contexts * NODES, sizeof(uint32_t), error);
        if (status != SNED_OK) {
            sned_weights_model_free(model);
            return status;
        }
    }
    reset_tables(model, true);
    for (int m = 0; m < MIXES; m++)
        for (int i = 0; i < INPUTS; i++)
            model->mixers[m][i] =
                FIRST_WEIGHT_UNIT * (first_weights[m][0] ? first_weights[m][i] : FIRST_WEIGHT);
    *out = model;
    return SNED_OK;
}

void sned_weights_model_free(struct weights_model *model)
{
    if (!model)
        return;
    for (int t = 0; t < TABLES; t++)
        sned_free(model->tables[t]);
    sned_free(model);
}

/* ---- the state of a layer ---- */

/* Contexts of signs, each with one counter; of the last kind there is one for each column. */
enum { SIGN_AROUND = 81, SIGN_PAIR = 256, SIGN_BEFORE = 75, SIGN_SLOPE = 128, SIGN_CORNERS = 256 };
struct signs {
    uint32_t around[SIGN_AROUND], pair[SIGN_PAIR], before[SIGN_BEFORE], slope[SIGN_SLOPE],
        corners[SIGN_CORNERS];
    uint32_t *columns; /* [live channels * P]; owned */
};

struct layer_coding {
    struct coder *coder;
    struct weights_model *model;
    int8_t *weights; /* [rows][channels][places] */
    int rows, channels, places, width;
    size_t row_size;
    uint8_t *live_rows, *live_channels; /* [rows], [channels]: 1 where there is a weight that is not 0 */
    uint32_t *column_sums,
        *column_kept;       /* [live channels * places]: magnitudes, weights that are not 0; modulo 2^32 */
    uint32_t *channel_sums; /* [live channels] */
    uint64_t sum, count, rows_done;   /* of all that is coded */
    const int8_t *above, *above2;     /* NULL: there is none */
    uint64_t row_sum, row_count;      /* of this row */
    uint32_t recent;                  /* magnitudes of late, in 1/16 */
    int last, last2;                  /* channels before, -1: none */
    uint64_t kernel_sum, kernel_kept; /* of this kernel */
    struct signs signs;
    uint32_t low_bits[128]; /* of mantissas, below their first, by the bits above */
};

static void layer_free(struct layer_coding *layer)
{
    sned_free(layer->live_rows);
    sned_free(layer->live_channels);
    sned_free(layer->column_sums);
    sned_free(layer->column_kept);
    sned_free(layer->channel_sums);
    sned_free(layer->signs.columns);
}

static sned_status layer_start(struct layer_coding *layer, struct weights_model *model, struct coder *coder,
                               int8_t *weights, const int shape[4], sned_error *error)
{
    *layer = (struct layer_coding){.coder = coder, .model = model, .weights = weights};
    layer->rows = shape[0];
    layer->channels = shape[1];
    layer->places = shape[2] * shape[3];
    layer->width = shape[3];
    layer->row_size = (size_t)layer->channels * (size_t)layer->places;
    reset_tables(model, false);
    counters_reset((uint32_t *)&layer->signs, offsetof(struct signs, columns) / sizeof(uint32_t));
    counters_reset(layer->low_bits, sizeof layer->low_bits / sizeof *layer->low_bits);
    SNED_TRY(sned_alloc(&layer->live_rows, (size_t)layer->rows, 1, error));
    return sned_alloc(&layer->live_channels, (size_t)layer->channels, 1, error);
}

/* What is counted of live channels and their columns: no more of them than the stream can have decisions
 * for. */
static sned_status count_columns(struct layer_coding *layer, sned_error *error)
{
    const struct coder *coder = layer->coder;
    size_t rows = 0, channels = 0;
    for (int k = 0; k < layer->rows; k++)
        rows += layer->live_rows[k];
    for (int c = 0; c < layer->channels; c++)
        channels += layer->live_channels[c];
    const size_t columns = rows > 0 ? channels * (size_t)layer->places : 0;
    if (coder->decoding && (coder->failed || columns / DECISIONS_PER_BYTE > coder->size + 4))
        return sned_fail(error, SNED_ERROR_FORMAT, "the stream ends too early");
    SNED_TRY(sned_alloc(&layer->column_sums, columns, sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&layer->column_kept, columns, sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&layer->channel_sums, channels, sizeof(uint32_t), error));
    SNED_TRY(sned_alloc(&layer->signs.columns, columns, sizeof(uint32_t), error));
    counters_reset(layer->signs.columns, columns);
    return SNED_OK;
}

/* ---- numbers to contexts ---- */

static inline int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* 8 log2(n), the mantissa for its logarithm; n > 0. */
static inline int log8(uint64_t n)
{
    const int whole = 63 - __builtin_clzll(n);
    return whole * 8 + (int)((whole >= 3 ? n >> (whole - 3) : n << (3 - whole)) & 7);
}

/* In half powers of two; 14 is a ratio of 1. */
static inline int ratio(uint64_t numerator, uint64_t denominator)
{
    return clamp((log8(numerator) - log8(denominator) + 58) >> 2, 0, RATIOS - 1);
}

static inline int sign_of(int value)
{
    return value > 0 ? 2 : value < 0 ? 1 : 0;
}

/* 0 to 3 */
static inline int small(int value)
{
    return value < -3 || value > 3 ? 3 : abs(value);
}

/* 1 to 15, 8 for 0: the sign, and how many bits the magnitude has. */
static inline int signed_bits(int value)
{
    const int bits = value ? 32 - __builtin_clz((unsigned)abs(value)) : 0;
    return value < 0 ? 8 - bits : 8 + bits;
}

/* ---- one weight ---- */

struct around {
    int left, up, up_left, up_right, above, above2, beside;
};

static inline struct around look_around(const struct layer_coding *layer, const int8_t *row, int channel,
                                        int place, int x)
{
    const int width = layer->width;
    const size_t i = (size_t)channel * (size_t)layer->places + (size_t)place;
    struct around around = {.above = layer->above ? layer->above[i] : 0,
                            .above2 = layer->above2 ? layer->above2[i] : 0};
    const int beside =
        layer->last >= 0 ? row[(size_t)layer->last * (size_t)layer->places + (size_t)place] : 0;
    if (layer->places == 1) {
        around.left = beside;
        around.up = layer->last2 >= 0 ? row[layer->last2] : 0;
        return around;
    }
    around.beside = beside;
    if (x > 0)
        around.left = row[i - 1];
    if (place >= width) {
        around.up = row[i - (size_t)width];
        around.up_left = x > 0 ? row[i - (size_t)width - 1] : 0;
        around.up_right = x < width - 1 ? row[i - (size_t)width + 1] : 0;
    }
    return around;
}

/* Weights that are not 0 in this column and those around it in its kernel, of the rows before. */
static inline uint64_t kept_around(const struct layer_coding *layer, size_t column, int place, int x)
{
    const uint32_t *kept = layer->column_kept + column;
    const int width = layer->width;
    uint64_t sum = 0;
    if (layer->places == 1)
        return kept[0];
    for (int y = place >= width ? -1 : 0; y <= (place + width < layer->places); y++) {
        const uint32_t *line = kept + (ptrdiff_t)y * width;
        sum += (uint64_t)line[0] + (x > 0 ? line[-1] : 0) + (x < width - 1 ? line[1] : 0);
    }
    return sum;
}

/* The contexts that a weight's zero flag and magnitude have: pointers to their first counters. */
static inline void find_contexts(const struct layer_coding *layer, const struct around *a, int slot,
                                 int place, int x, uint32_t *counters[INPUTS])
{
    const size_t column = (size_t)slot * (size_t)layer->places + (size_t)place;
    const bool is_kernel = layer->places > 1;
    const uint64_t row_sum = layer->row_sum, row_count = layer->row_count,
                   column_sum = layer->column_sums[column];
    const uint64_t rows = layer->rows_done, here = row_count + 1;
    const int row = ratio(2 * row_sum + 1, here), of_column = ratio(2 * column_sum + 1, rows + 1);
    const int mean = log8(2 * layer->sum + 1) - log8(layer->count + 1);
    const int row_log = log8(2 * row_sum + 1) - log8(here);
    const int near = 2 * abs(a->left) + 2 * abs(a->up) + abs(a->up_left) + abs(a->up_right) + abs(a->above) +
                     abs(a->above2) + abs(a->beside);
    const uint64_t channel_sum = (uint64_t)layer->channel_sums[slot];
    int contexts[INPUTS];
    contexts[0] = row * RATIOS + of_column;
    contexts[1] = is_kernel ? ratio(2 * kept_around(layer, column, place, x) + 1, 9 * rows + 1) * RATIOS +
                                  (int)((int64_t)place * RATIOS / layer->places)
                            : 0;
    contexts[2] = small(a->left) | small(a->up) << 2 | small(a->up_left) << 4 | small(a->up_right) << 6;
    contexts[3] =
        ratio(8 * (row_sum + column_sum) + 1, row_count + rows + 1) * RATIOS + ratio(layer->recent + 1, 16);
    contexts[4] = small(a->above) | small(a->above2) << 2 | small(a->beside) << 4;
    contexts[5] = ratio(2 * (uint64_t)near + 1, 2);
    if (layer->channels > 1) {
        const int log = log8(2 * (row_sum + layer->kernel_sum) + 1) - log8(row_count + (uint64_t)place + 1) +
                        log8(2 * (channel_sum + layer->kernel_sum) + 1) -
                        log8(rows * (uint64_t)layer->places + (uint64_t)place + 1) - mean;
        contexts[6] =
            clamp((log + 80) >> 1, 0, 63) << 3 | (int)(layer->kernel_kept < 7 ? layer->kernel_kept : 7);
    } else {
        contexts[6] = layer->places <= 1024 ? place : (int)((int64_t)place * 1024 / layer->places);
    }
    contexts[7] = clamp((row_log + log8(2 * column_sum + 1) - log8(rows + 1) - mean + 80) >> 1, 0, 63);
    contexts[8] = 0;
    for (int i = 0; i < INPUTS; i++)
        counters[i] = &layer->model->tables[i][contexts[i] * NODES];
}

static inline int code_sign(struct layer_coding *layer, const struct around *a, size_t column,
                            int is_negative)
{
    struct signs *signs = &layer->signs;
    const int before = clamp(a->above + a->above2 + a->beside, -12, 12) + 12;
    uint32_t *const counters[SIGN_INPUTS] = {
        &signs->around[sign_of(a->left) + 3 * sign_of(a->up) + 9 * sign_of(a->up_left) +
                       27 * sign_of(a->up_right)],
        &signs->columns[column],
        &signs->pair[signed_bits(a->left) * 16 + signed_bits(a->up)],
        &signs->before[before + 25 * sign_of(a->left)],
        &signs->slope[clamp(a->left + a->up - a->up_left, -63, 63) + 63],
        &signs->corners[signed_bits(a->up_left) * 16 + signed_bits(a->up_right)],
    };
    layer->coder->spent_on = SPENT_SIGNS;
    return mixer_code(layer->coder, is_negative, counters, SIGN_INPUTS,
                      layer->model->mixers[MIX_SIGN + (layer->places > 1)]);
}

/* Of a weight that is not 0 and has this sign, to which its neighbours' are now compared. */
static inline int code_magnitude(struct layer_coding *layer, const struct around *a,
                                 uint32_t *counters[INPUTS], int sign, int magnitude)
{
    struct coder *coder = layer->coder;
    uint32_t *const *relative = layer->model->tables + RELATIVE;
    int32_t(*mixers)[INPUTS + 1] = layer->model->mixers;
    const int wanted = coder->decoding ? 0 : 31 - __builtin_clz((unsigned)magnitude);
    int exponent = 0, value = 1;
    counters[2] = relative[0] + (signed_bits(sign * a->left) * 16 + signed_bits(sign * a->up)) * NODES;
    counters[4] = relative[1] + (signed_bits(sign * a->above) * 16 + signed_bits(sign * a->above2)) * NODES;
    counters[5] = relative[2] + (clamp(sign * (a->left + a->up - a->up_left), -63, 63) + 63) * NODES;
    for (int i = 0; i < INPUTS; i++)
        counters[i] += EXPONENT_NODE;
    coder->spent_on = SPENT_MAGNITUDES;
    while (exponent < MOST_EXPONENT &&
           mixer_code(coder, exponent < wanted, counters, INPUTS, mixers[MIX_EXPONENT + exponent])) {
        exponent++;
        for (int i = 0; i < INPUTS; i++)
            counters[i]++;
    }
    if (exponent > 0) {
        for (int i = 0; i < INPUTS; i++)
            counters[i] += MANTISSA_NODE - EXPONENT_NODE - 1;
        value = 2 + mixer_code(coder, magnitude >> (exponent - 1) & 1, counters, INPUTS,
                               mixers[MIX_MANTISSA + exponent - 1]);
    }
    for (int bit = exponent - 2; bit >= 0; bit--)
        value =
            2 * value + counter_code(coder, magnitude >> bit & 1, &layer->low_bits[(1 << exponent) + value]);
    return value;
}

static void count_weight(struct layer_coding *layer, size_t column, int slot, uint32_t magnitude)
{
    layer->row_count++;
    layer->count++;
    layer->recent += 16 * magnitude - layer->recent / 8;
    if (!magnitude)
        return;
    layer->row_sum += magnitude;
    layer->sum += magnitude;
    layer->column_sums[column] += magnitude;
    layer->column_kept[column]++;
    layer->channel_sums[slot] += magnitude;
    layer->kernel_sum += magnitude;
    layer->kernel_kept++;
}

static void code_kernel(struct layer_coding *layer, int8_t *row, int channel, int slot)
{
    struct coder *coder = layer->coder;
    int x = 0;
    layer->kernel_sum = layer->kernel_kept = 0;
    for (int place = 0; place < layer->places; place++) {
        const size_t column = (size_t)slot * (size_t)layer->places + (size_t)place;
        int8_t *weight = &row[(size_t)channel * (size_t)layer->places + (size_t)place];
        const struct around around = look_around(layer, row, channel, place, x);
        uint32_t *counters[INPUTS];
        int value = coder->decoding ? 0 : *weight, magnitude = abs(value);
        find_contexts(layer, &around, slot, place, x, counters);
        coder->spent_on = SPENT_POSITIONS;
        if (mixer_code(coder, magnitude != 0, counters, INPUTS,
                       layer->model->mixers[MIX_ZERO + (layer->places > 1)])) {
            const int sign = code_sign(layer, &around, column, value < 0) ? -1 : 1;
            magnitude = code_magnitude(layer, &around, counters, sign, magnitude);
            value = sign * magnitude;
        }
        if (coder->decoding)
            *weight = (int8_t)value;
        count_weight(layer, column, slot, (uint32_t)magnitude);
        x = x + 1 < layer->width ? x + 1 : 0;
    }
}

/* ---- a layer ---- */

/* Which of `count` rows or channels are not all zero, each by what the one before was. */
static void code_live(struct coder *coder, uint8_t *live, int count)
{
    uint32_t counters[2] = {COUNTER_NEW, COUNTER_NEW};
    int before = 1;
    for (int i = 0; i < count; i++)
        before = live[i] = (uint8_t)counter_code(coder, live[i], &counters[before]);
}

static void find_live(struct layer_coding *layer)
{
    const int8_t *weight = layer->weights;
    for (int k = 0; k < layer->rows; k++)
        for (int c = 0; c < layer->channels; c++)
            for (int p = 0; p < layer->places; p++)
                if (*weight++)
                    layer->live_rows[k] = layer->live_channels[c] = 1;
}

static bool all_live(const uint8_t *live, int count)
{
    for (int i = 0; i < count; i++)
        if (!live[i])
            return false;
    return true;
}

static void code_live_rows_and_channels(struct layer_coding *layer)
{
    struct coder *coder = layer->coder;
    if (!coder->decoding)
        find_live(layer);
    const bool all =
        all_live(layer->live_rows, layer->rows) && all_live(layer->live_channels, layer->channels);
    coder->spent_on = SPENT_POSITIONS;
    if (coder_bit(coder, all, 1 << 15)) {
        for (int k = 0; k < layer->rows; k++)
            layer->live_rows[k] = 1;
        for (int c = 0; c < layer->channels; c++)
            layer->live_channels[c] = 1;
    } else {
        code_live(coder, layer->live_rows, layer->rows);
        code_live(coder, layer->live_channels, layer->channels);
    }
}

static void code_row(struct layer_coding *layer, int8_t *row)
{
    layer->row_sum = layer->row_count = 0;
    layer->recent = 0;
    layer->last = layer->last2 = -1;
    int slot = 0;
    for (int c = 0; c < layer->channels && !layer->coder->failed; c++) {
        if (!layer->live_channels[c])
            continue;
        code_kernel(layer, row, c, slot++);
        layer->last2 = layer->last;
        layer->last = c;
    }
    layer->rows_done++;
    layer->above2 = layer->above;
    layer->above = row;
}

sned_status sned_weights_model_code(struct weights_model *model, struct coder *coder, int8_t *weights,
                                    const int shape[4], sned_error *error)
{
    struct layer_coding layer;
    sned_status status = layer_start(&layer, model, coder, weights, shape, error);
    if (status == SNED_OK) {
        if (coder->decoding)
            memset(weights, 0, (size_t)layer.rows * layer.row_size);
        code_live_rows_and_channels(&layer);
        status = count_columns(&layer, error);
        for (int k = 0; k < layer.rows && status == SNED_OK && !coder->failed; k++)
            if (layer.live_rows[k])
                code_row(&layer, weights + (size_t)k * layer.row_size);
        if (status == SNED_OK && coder->failed)
            status = sned_fail(error, SNED_ERROR_FORMAT, "the stream ends too early");
    }
    layer_free(&layer);
    return status;
}
