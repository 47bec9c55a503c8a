/*
 * rans_classes.c - which rows are alike, which columns, and which of their cells share a table.
 *
 * What is alike is told by lengths of code. A row is a histogram of magnitudes; a class, the sum of its
 * rows', has a cost in bits for each magnitude; each row goes to the class in which it is cheapest, and so
 * on for a few rounds (Lloyd's algorithm, with code lengths for distances). Of 1, 2, 4 and 8 classes those
 * are taken that cost least, the rows' class numbers included: weights without structure stay in one. Tables
 * are then joined two by two as long as that saves bytes.
 *
 * Costs are integers, in 1/256 bit: what is chosen must not depend on a machine's rounding.
 */
#include "codec/coder/rans.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 16, ROUNDS = 6, MOST_CLASSES = 8, BIT = 256, TABLE_BITS = 400 * BIT };

/* How often each magnitude occurs: 0, 1, 2, 3, 4-5, 6-7, 8-11, ..., 96-127. */
struct magnitudes {
    uint64_t bucket[BUCKETS];
};

static int bucket_of(int value)
{
    const int magnitude = value < 0 ? -value : value;
    if (magnitude < 4)
        return magnitude;
    const int octave = 31 - __builtin_clz((unsigned)magnitude);
    return 2 * octave + (magnitude >> (octave - 1) & 1);
}

static void add_histogram(struct magnitudes *sum, const struct magnitudes *more)
{
    for (int b = 0; b < BUCKETS; b++)
        sum->bucket[b] += more->bucket[b];
}

/* log2 of value >= 1 in 1/256, by squaring the mantissa once for each bit. */
static uint64_t log2_of(uint64_t value)
{
    const int exponent = 63 - __builtin_clzll(value);
    uint64_t mantissa = exponent > 31 ? value >> (exponent - 31) : value << (31 - exponent);
    uint64_t fraction = 0;
    for (int i = 0; i < 8; i++) {
        mantissa = mantissa * mantissa >> 31;
        fraction = fraction << 1 | mantissa >> 32;
        mantissa >>= mantissa >> 32;
    }
    return (uint64_t)exponent << 8 | fraction;
}

/* The bits of all that a histogram counts, coded with its own frequencies. */
static uint64_t cost_of(const struct magnitudes *histogram)
{
    uint64_t total = 0, cost = 0;
    for (int b = 0; b < BUCKETS; b++)
        total += histogram->bucket[b];
    for (int b = 0; b < BUCKETS; b++)
        if (histogram->bucket[b])
            cost += histogram->bucket[b] * (log2_of(total) - log2_of(histogram->bucket[b]));
    return cost;
}

/* ---- classes of rows, or of columns ---- */

struct grouping {
    const struct magnitudes *items;
    size_t count;
    int classes;
    uint8_t *number; /* [count]: the class of each */
};

struct scored {
    uint64_t score;
    size_t item;
};

static int by_score(const void *left, const void *right)
{
    const struct scored *a = left, *b = right;
    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

/* To begin with: equally many in each class, from the lightest to the heaviest. */
static sned_status rank_items(struct grouping *grouping, sned_error *error)
{
    struct scored *ranked;
    SNED_TRY(sned_alloc(&ranked, grouping->count, sizeof *ranked, error));
    for (size_t i = 0; i < grouping->count; i++) {
        ranked[i].item = i;
        for (int b = 1; b < BUCKETS; b++)
            ranked[i].score += (uint64_t)(b + 1) * grouping->items[i].bucket[b];
    }
    qsort(ranked, grouping->count, sizeof *ranked, by_score);
    for (size_t i = 0; i < grouping->count; i++)
        grouping->number[ranked[i].item] = (uint8_t)(i * (size_t)grouping->classes / grouping->count);
    sned_free(ranked);
    return SNED_OK;
}

static void sum_classes(const struct grouping *grouping, struct magnitudes sums[MOST_CLASSES])
{
    memset(sums, 0, MOST_CLASSES * sizeof *sums);
    for (size_t i = 0; i < grouping->count; i++)
        add_histogram(&sums[grouping->number[i]], &grouping->items[i]);
}

/* Each item to the class whose code is shortest for it. */
static void assign_items(struct grouping *grouping)
{
    struct magnitudes sums[MOST_CLASSES];
    uint64_t price[MOST_CLASSES][BUCKETS];
    sum_classes(grouping, sums);
    for (int k = 0; k < grouping->classes; k++) {
        uint64_t total = BUCKETS;
        for (int b = 0; b < BUCKETS; b++)
            total += sums[k].bucket[b];
        for (int b = 0; b < BUCKETS; b++)
            price[k][b] = log2_of(total) - log2_of(sums[k].bucket[b] + 1);
    }
    for (size_t i = 0; i < grouping->count; i++) {
        uint64_t least = UINT64_MAX;
        for (int k = 0; k < grouping->classes; k++) {
            uint64_t cost = 0;
            for (int b = 0; b < BUCKETS; b++)
                cost += grouping->items[i].bucket[b] * price[k][b];
            if (cost < least) {
                least = cost;
                grouping->number[i] = (uint8_t)k;
            }
        }
    }
}

static uint64_t grouping_cost(const struct grouping *grouping)
{
    struct magnitudes sums[MOST_CLASSES];
    uint64_t cost = 0;
    int bits = 0;
    sum_classes(grouping, sums);
    for (int k = 0; k < grouping->classes; k++)
        cost += cost_of(&sums[k]) + TABLE_BITS;
    while (1 << bits < grouping->classes)
        bits++;
    return cost + grouping->count * (size_t)bits * BIT;
}

/* The cheapest of 1, 2, 4, 8 classes of the items, into numbers[count]. */
static sned_status group_items(const struct magnitudes *items, size_t count, uint8_t *numbers, int *classes,
                               sned_error *error)
{
    struct grouping grouping = {.items = items, .count = count};
    uint64_t least = UINT64_MAX;
    sned_status status;
    *classes = 1;
    SNED_TRY(sned_alloc(&grouping.number, count, 1, error));
    for (int tried = 1; tried <= MOST_CLASSES && (size_t)tried <= (count ? count : 1); tried *= 2) {
        grouping.classes = tried;
        SNED_TRY_DONE(rank_items(&grouping, error));
        for (int round = 0; round < ROUNDS && tried > 1; round++)
            assign_items(&grouping);
        const uint64_t cost = grouping_cost(&grouping);
        if (cost >= least)
            continue;
        least = cost;
        *classes = tried;
        memcpy(numbers, grouping.number, count);
    }
    status = SNED_OK;
done:
    sned_free(grouping.number);
    return status;
}

/* ---- cells and tables ---- */

struct joining {
    struct magnitudes tables[MOST_CLASSES * MOST_CLASSES];
    uint64_t costs[MOST_CLASSES * MOST_CLASSES];
    int count;
};

/* Table b becomes a, the last one b. */
static void join(struct joining *joining, struct rans_layer *layer, int a, int b)
{
    const int last = --joining->count;
    add_histogram(&joining->tables[a], &joining->tables[b]);
    joining->costs[a] = cost_of(&joining->tables[a]);
    joining->tables[b] = joining->tables[last];
    joining->costs[b] = joining->costs[last];
    for (int i = 0; i < layer->row_classes; i++)
        for (int j = 0; j < layer->column_classes; j++) {
            uint8_t *table = &layer->map[i][j];
            *table = (uint8_t)(*table == b ? a : *table == last ? b : *table);
        }
}

/* Joins the two whose joint table costs least more, or saves most; false: none saves. a < b always, and the
 * last table is b or behind it. */
static bool join_best(struct joining *joining, struct rans_layer *layer)
{
    int64_t best = 0;
    int best_a = -1, best_b = -1;
    for (int a = 0; a < joining->count; a++)
        for (int b = a + 1; b < joining->count; b++) {
            struct magnitudes both = joining->tables[a];
            add_histogram(&both, &joining->tables[b]);
            const int64_t more =
                (int64_t)(cost_of(&both) - joining->costs[a] - joining->costs[b]) - TABLE_BITS;
            if (more < best)
                best = more, best_a = a, best_b = b;
        }
    if (best_a >= 0)
        join(joining, layer, best_a, best_b);
    return best_a >= 0;
}

static bool same_tables(const struct rans_layer *layer, int a, int b)
{
    bool same = true;
    for (int i = 0; i < layer->row_classes; i++)
        same = same && layer->map[i][a] == layer->map[i][b];
    return same;
}

/* Classes of columns that use the same tables become one: the first of them. */
static void drop_column_classes(struct rans_layer *layer)
{
    uint8_t now[RANS_CLASSES];
    int left = 0;
    for (int j = 0; j < layer->column_classes; j++) {
        int first = 0;
        while (first < left && !same_tables(layer, first, j))
            first++;
        now[j] = (uint8_t)first;
        for (int i = 0; i < layer->row_classes; i++)
            layer->map[i][first] = layer->map[i][j];
        left += first == left;
    }
    layer->column_classes = left;
    for (size_t c = 0; c < layer->columns; c++)
        layer->column_class[c] = now[layer->column_class[c]];
}

/* The same of rows. */
static void drop_row_classes(struct rans_layer *layer)
{
    uint8_t now[RANS_CLASSES];
    int left = 0;
    for (int i = 0; i < layer->row_classes; i++) {
        int first = 0;
        while (first < left && memcmp(layer->map[first], layer->map[i], (size_t)layer->column_classes) != 0)
            first++;
        now[i] = (uint8_t)first;
        memmove(layer->map[first], layer->map[i], (size_t)layer->column_classes);
        left += first == left;
    }
    layer->row_classes = left;
    for (size_t r = 0; r < layer->rows; r++)
        layer->row_class[r] = now[layer->row_class[r]];
}

/* How a table codes: by the share of weights that are not zero. */
static void choose_kind(struct rans_table *table, const struct magnitudes *histogram)
{
    uint64_t kept = 0;
    for (int b = 1; b < BUCKETS; b++)
        kept += histogram->bucket[b];
    const uint64_t all = kept + histogram->bucket[0];
    if (kept == 0)
        table->kind = RANS_EMPTY;
    else if (2 * kept > all)
        table->kind = RANS_DIRECT; /* with runs, it would be more symbols */
    else {
        /* Longer runs are so rare that "goes on" costs nothing; a list of few weights had better be short. */
        const uint64_t long_run = 11 * all / (2 * kept), worth = 4 + kept / 64;
        table->kind = RANS_RUN;
        table->runs = (int)(long_run < worth ? long_run : worth);
        table->runs = table->runs < RANS_RUNS ? table->runs : RANS_RUNS;
    }
}

static sned_status make_tables(struct rans_layer *layer, const int8_t *weights, sned_error *error)
{
    struct joining *joining;
    SNED_TRY(sned_alloc(&joining, 1, sizeof *joining, error));
    joining->count = layer->row_classes * layer->column_classes;
    for (int i = 0; i < layer->row_classes; i++)
        for (int j = 0; j < layer->column_classes; j++)
            layer->map[i][j] = (uint8_t)(i * layer->column_classes + j);
    for (size_t r = 0; r < layer->rows; r++) {
        const uint8_t *map = layer->map[layer->row_class[r]];
        for (size_t c = 0; c < layer->columns; c++)
            joining->tables[map[layer->column_class[c]]].bucket[bucket_of(*weights++)]++;
    }
    for (int t = 0; t < joining->count; t++)
        joining->costs[t] = cost_of(&joining->tables[t]);
    while (join_best(joining, layer))
        continue;
    drop_row_classes(layer);
    drop_column_classes(layer);
    layer->table_count = joining->count;
    sned_status status = sned_alloc(&layer->tables, (size_t)joining->count, sizeof *layer->tables, error);
    for (int t = 0; t < joining->count && status == SNED_OK; t++)
        choose_kind(&layer->tables[t], &joining->tables[t]);
    sned_free(joining);
    return status;
}

sned_status sned_rans_classify(struct rans_layer *layer, const int8_t *weights, sned_error *error)
{
    struct magnitudes *rows = NULL, *columns = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&rows, layer->rows, sizeof *rows, error));
    SNED_TRY_DONE(sned_alloc(&columns, layer->columns, sizeof *columns, error));
    SNED_TRY_DONE(sned_alloc(&layer->row_class, layer->rows, 1, error));
    SNED_TRY_DONE(sned_alloc(&layer->column_class, layer->columns, 1, error));
    const int8_t *weight = weights;
    for (size_t r = 0; r < layer->rows; r++)
        for (size_t c = 0; c < layer->columns; c++) {
            const int bucket = bucket_of(*weight++);
            rows[r].bucket[bucket]++;
            columns[c].bucket[bucket]++;
        }
    SNED_TRY_DONE(group_items(rows, layer->rows, layer->row_class, &layer->row_classes, error));
    SNED_TRY_DONE(group_items(columns, layer->columns, layer->column_class, &layer->column_classes, error));
    SNED_TRY_DONE(make_tables(layer, weights, error));
done:
    sned_free(rows);
    sned_free(columns);
    return status;
}
