/*
 * text.c - costs as the text of a file, and back.
 */
#include "runtime/costs/costs.h"
#include "base/hash.h"
#include "sned.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { UNIT = 1000000 /* femtoseconds in a nanosecond */, MOST_DIGITS = 18 };

#define COST(field)                                                                                          \
    {                                                                                                        \
#field, offsetof(struct micro_costs, field)                                                          \
    }
static const struct {
    const char *name;
    size_t offset;
} rows[] = {
    COST(taps),
    COST(dense_quad),
    COST(dense_product),
    COST(sparse_quad),
    COST(sparse_product),
    COST(sparse_pass),
    COST(sparse_far),
    COST(shared_quad),
    COST(shared_product),
    COST(shared_set),
    COST(shared_sums),
    COST(line),
    COST(sliding_quad),
    COST(lane_product),
    COST(lane_end),
    COST(depthwise_channel),
    COST(depthwise_piece),
    COST(depthwise_quad),
    COST(requantize),
    COST(widen),
    COST(pick),
    COST(interleave),
    COST(fill_row),
    COST(fill_mixed_row),
    COST(call),
    COST(row_dense),
    COST(row_masked),
    COST(row_masked_kept),
    COST(row_step),
    COST(row_listed_kept),
    COST(memory_byte),
};
_Static_assert(sizeof rows / sizeof *rows == COST_COUNT, "each constant has a name");

const char *sned_cost_name(int index)
{
    return rows[index].name;
}

float *sned_cost(struct micro_costs *costs, int index)
{
    return (float *)(void *)((char *)costs + rows[index].offset);
}

static float built_in(const struct micro_kernels *column, int index)
{
    struct micro_costs costs = column->costs;
    return *sned_cost(&costs, index);
}

float sned_cost_bounded(const struct micro_kernels *column, int index, float cost)
{
    const float middle = built_in(column, index), low = middle / COSTS_APART, high = middle * COSTS_APART;
    return !(cost > low) ? low : cost > high ? high : cost;
}

/* ---- writing ---- */

/* What does not depend on the costs. */
static size_t write_head(char text[COSTS_TEXT], const struct micro_kernels *column)
{
    char processor[PROCESSOR_TEXT];
    sned_processor_name(processor);
    return (size_t)snprintf(text, COSTS_TEXT, "sned costs 1\nversion %s\ninstructions %s\nprocessor %s\n",
                            sned_version(), column->name, processor);
}

static size_t write_checksum(char text[COSTS_TEXT], size_t size)
{
    return (size_t)snprintf(text + size, COSTS_TEXT - size, "checksum %016" PRIx64 "\n",
                            sned_hash(text, size));
}

size_t sned_costs_write(char text[COSTS_TEXT], const struct micro_kernels *column,
                        const struct micro_costs *costs)
{
    struct micro_costs written = *costs;
    size_t size = write_head(text, column);
    for (int i = 0; i < COST_COUNT; i++)
        size += (size_t)snprintf(text + size, COSTS_TEXT - size, "%s %.0f\n", rows[i].name,
                                 (double)*sned_cost(&written, i) * UNIT);
    return size + write_checksum(text, size);
}

/* ---- reading ---- */

/* What is left of a text. */
struct rest {
    const char *at, *end;
};

static bool take_text(struct rest *rest, const char *text)
{
    const size_t length = strlen(text);
    if ((size_t)(rest->end - rest->at) < length || memcmp(rest->at, text, length) != 0)
        return false;
    rest->at += length;
    return true;
}

/* By hand: what strtod reads depends on the locale of the program. */
static bool take_number(struct rest *rest, double *number)
{
    int digits = 0;
    for (*number = 0; rest->at < rest->end && *rest->at >= '0' && *rest->at <= '9'; rest->at++, digits++)
        *number = *number * 10 + (*rest->at - '0');
    return digits > 0 && digits <= MOST_DIGITS;
}

static bool take_cost(struct rest *rest, int index, const struct micro_kernels *column,
                      struct micro_costs *costs)
{
    double number;
    if (!take_text(rest, rows[index].name) || !take_text(rest, " ") || !take_number(rest, &number) ||
        !take_text(rest, "\n"))
        return false;
    const double middle = (double)built_in(column, index) * UNIT;
    const double away = 1 + fmax(number, middle) * 1e-6; /* how far rounding moves one that is at its bound */
    *sned_cost(costs, index) = (float)(number / UNIT);
    return number <= middle * COSTS_APART + away && number + away >= middle / COSTS_APART &&
           (number > 0) == (middle > 0);
}

bool sned_costs_read(struct micro_costs *costs, const char *text, size_t size,
                     const struct micro_kernels *column)
{
    char expected[COSTS_TEXT];
    struct micro_costs read;
    struct rest rest = {text, text + size};
    if (size > COSTS_TEXT - 32)
        return false;
    write_head(expected, column);
    if (!take_text(&rest, expected))
        return false;
    for (int i = 0; i < COST_COUNT; i++)
        if (!take_cost(&rest, i, column, &read))
            return false;
    const size_t summed = (size_t)(rest.at - text);
    memcpy(expected, text, summed);
    write_checksum(expected, summed);
    if (!take_text(&rest, expected + summed) || rest.at != rest.end)
        return false;
    *costs = read;
    return true;
}
