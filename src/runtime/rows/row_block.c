/*
 * row_block.c - which form rows of weights take, and how they are brought into it.
 *
 * First a bit for each weight says whether it is not 0: they are counted by it, and every sparse form is made
 * of it.
 */
#include "runtime/rows/row_block.h"
#include "runtime/rows/spans.h"
#include "base/clock.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { MOST_LISTED = 1 << 16 /* columns that a list can tell */ };

/* ---- the forms ---- */

/* Of the columns of chunk `chunk`. */
static size_t chunk_size(size_t columns, size_t chunk)
{
    const size_t left = columns - chunk * ROW_CHUNK;
    return left < ROW_CHUNK ? left : ROW_CHUNK;
}

/* Calls visit(row, chunk) as groups have them: micro.h. */
#define FOR_GROUPS(row, chunk, rows, chunks)                                                                 \
    for (size_t group_ = 0; group_ < (rows); group_ += ROW_GROUP)                                            \
        for (size_t chunk = 0; chunk < (chunks); chunk++)                                                    \
            for (size_t row = group_; row < group_ + ROW_GROUP && row < (rows); row++)

static sned_status make_dense(struct row_block *block, const struct marked_rows *of, sned_error *error)
{
    int8_t *values;
    SNED_TRY(sned_alloc_unset(&values, of->rows, of->columns, error));
    memcpy(values, of->weights, of->rows * of->columns);
    block->values = block->memory = values;
    return SNED_OK;
}

static sned_status make_bytes(struct row_block *block, const struct marked_rows *of, sned_error *error)
{
    const size_t chunks = of->chunks;
    int8_t *values;
    SNED_TRY(sned_alloc(&values, of->rows * chunks, ROW_CHUNK, error));
    block->values = block->memory = values;
    FOR_GROUPS(r, c, of->rows, chunks)
    {
        memcpy(values, of->weights + r * of->columns + c * ROW_CHUNK, chunk_size(of->columns, c));
        values += ROW_CHUNK;
    }
    return SNED_OK;
}

static int8_t *take_marked(int8_t *to, const int8_t *weights, uint64_t marks)
{
    for (; marks; marks &= marks - 1)
        *to++ = weights[__builtin_ctzll(marks)];
    return to;
}

static sned_status make_masked(struct row_block *block, const struct marked_rows *of, sned_error *error)
{
    const size_t chunks = of->chunks, size = of->rows * chunks * sizeof(uint64_t);
    uint64_t *masks;
    SNED_TRY(sned_alloc_unset(&masks, size + of->kept + MICRO_OVER_READ, 1, error));
    int8_t *values = (int8_t *)masks + size;
    block->memory = masks;
    block->masks = masks;
    block->values = values;
    FOR_GROUPS(r, c, of->rows, chunks)
    {
        *masks = of->marks[r * chunks + c];
        values = take_marked(values, of->weights + r * of->columns + c * ROW_CHUNK, *masks++);
    }
    return SNED_OK;
}

static sned_status make_listed(struct row_block *block, const struct marked_rows *of, sned_error *error)
{
    const size_t chunks = of->chunks;
    uint32_t *first, at = 0;
    SNED_TRY(sned_alloc_unset(&first, (of->rows + 1) * sizeof *first + of->kept * 3, 1, error));
    uint16_t *column = (uint16_t *)(first + of->rows + 1);
    int8_t *values = (int8_t *)(column + of->kept);
    block->memory = first;
    block->first = first;
    block->columns = column;
    block->values = values;
    for (size_t r = 0; r < of->rows; r++) {
        *first++ = at;
        for (size_t c = 0; c < chunks; c++)
            for (uint64_t mask = of->marks[r * chunks + c]; mask; mask &= mask - 1, at++)
                column[at] = (uint16_t)(c * ROW_CHUNK + (size_t)__builtin_ctzll(mask));
    }
    *first = at;
    for (size_t r = 0, i = 0; r < of->rows; r++)
        for (; i < block->first[r + 1]; i++)
            values[i] = of->weights[r * of->columns + column[i]];
    return SNED_OK;
}

static sned_status make_spans(struct row_block *block, struct marked_rows *of, size_t width,
                              sned_error *error)
{
    SNED_TRY(sned_spans_count(of, width, error));
    return sned_spans_make(&block->spans, &block->memory, of, width, error);
}

/* Columns of a span. */
static size_t span_width(const struct row_plan *plan)
{
    return (size_t)plan->micro->span_columns;
}

static sned_status make_form(struct row_block *block, enum row_form form, const struct row_plan *plan,
                             struct marked_rows *weights, sned_error *error)
{
    *block = (struct row_block){.form = form, .rows = weights->rows};
    switch (form) {
    case ROWS_DENSE:
        return make_dense(block, weights, error);
    case ROWS_BYTES:
        return make_bytes(block, weights, error);
    case ROWS_MASKED:
        return make_masked(block, weights, error);
    case ROWS_SPANS:
        return make_spans(block, weights, span_width(plan), error);
    case ROWS_LISTED:
    default:
        return make_listed(block, weights, error);
    }
}

/* ---- the choice ---- */

/* Spans of more than half of the weights would have more bytes than all of them. */
static bool has_form(const struct row_plan *plan, enum row_form form, const struct marked_rows *weights)
{
    switch (form) {
    case ROWS_DENSE:
        return !plan->bytes || !plan->micro->byte_rows;
    case ROWS_BYTES:
    case ROWS_MASKED:
        return plan->bytes && plan->micro->byte_rows;
    case ROWS_SPANS:
        return plan->bytes && plan->micro->span_rows && sned_spans_fit(plan->columns, span_width(plan)) &&
               weights->kept <= weights->rows * weights->columns / 2;
    case ROWS_LISTED:
    default:
        return plan->columns <= MOST_LISTED;
    }
}

/* What it takes where all weights are in the cache. */
static double work_of(enum row_form form, const struct marked_rows *weights, const struct micro_costs *costs)
{
    const double chunks = (double)weights->rows * (double)weights->chunks;
    const double kept = (double)weights->kept;
    switch (form) {
    case ROWS_DENSE:
    case ROWS_BYTES:
        return chunks * costs->row_dense;
    case ROWS_MASKED:
        return chunks * costs->row_masked + kept * costs->row_masked_kept;
    case ROWS_SPANS:
        return (double)weights->steps * costs->row_step;
    case ROWS_LISTED:
    default:
        return kept * costs->row_listed_kept;
    }
}

/* Bytes that go through memory. */
static double bytes_of(enum row_form form, const struct marked_rows *weights)
{
    const double chunks = (double)weights->rows * (double)weights->chunks;
    const double kept = (double)weights->kept;
    switch (form) {
    case ROWS_DENSE:
    case ROWS_BYTES:
        return chunks * ROW_CHUNK;
    case ROWS_MASKED:
        return chunks * sizeof(uint64_t) + kept;
    case ROWS_SPANS:
        return (double)weights->steps * (sizeof(struct span_step) + sizeof(uint16_t));
    case ROWS_LISTED:
    default:
        return 3 * kept;
    }
}

struct row_trial {
    const struct row_plan *plan;
    struct row_block block;
    void *input; /* bytes, or wide */
    int32_t *sums;
};

static void run_trial(void *argument)
{
    const struct row_trial *trial = argument;
    sned_row_block_run(&trial->block, trial->plan, trial->input, trial->input, trial->sums);
}

/* Nanoseconds of work, by the clock. */
static sned_status time_form(double *work, enum row_form form, const struct row_plan *plan,
                             struct marked_rows *weights, sned_error *error)
{
    enum { TIMES = 20 };
    struct row_trial trial = {.plan = plan};
    sned_status status;
    SNED_TRY_DONE(
        sned_alloc(&trial.input, plan->columns + ROW_CHUNK + MICRO_OVER_READ, sizeof(int16_t), error));
    SNED_TRY_DONE(sned_alloc(&trial.sums, weights->rows, sizeof *trial.sums, error));
    SNED_TRY_DONE(make_form(&trial.block, form, plan, weights, error));
    *work = 1e9 * sned_clock_least(run_trial, &trial, TIMES, 0.001);
done:
    sned_row_block_free(&trial.block);
    sned_free(trial.input);
    sned_free(trial.sums);
    return status;
}

/* Memory brings more while work goes on, and yet the times add up: where AlexNet's fc8 is in no cache, masks
 * take 75 us and spans 80, of which work is 40 and 17. */
static sned_status cost_of(double *cost, enum row_form form, const struct row_plan *plan,
                           struct marked_rows *weights, sned_error *error)
{
    if (form == ROWS_SPANS)
        SNED_TRY(sned_spans_count(weights, span_width(plan), error));
    double work = work_of(form, weights, &plan->micro->costs);
    const double memory = plan->streamed ? bytes_of(form, weights) * plan->micro->costs.memory_byte : 0;
    if (plan->tries_forms)
        SNED_TRY(time_form(&work, form, plan, weights, error));
    *cost = work + memory;
    return SNED_OK;
}

static sned_status choose_form(enum row_form *best, double *least, const struct row_plan *plan,
                               struct marked_rows *weights, sned_error *error)
{
    *least = INFINITY;
    for (enum row_form form = 0; form < ROW_FORMS; form++) {
        double cost;
        if (!has_form(plan, form, weights))
            continue;
        SNED_TRY(cost_of(&cost, form, plan, weights, error));
        if (cost < *least) {
            *best = form;
            *least = cost;
        }
    }
    return SNED_OK;
}

/* ---- */

sned_status sned_row_block_make_as(struct row_block *block, const struct row_plan *plan, enum row_form form,
                                   const int8_t *weights, size_t rows, sned_error *error)
{
    struct marked_rows marked;
    sned_status status;
    double cost = 0;
    SNED_TRY_DONE(sned_mark_rows(&marked, weights, rows, plan->columns, error));
    if (form == ROW_FORMS)
        SNED_TRY_DONE(choose_form(&form, &cost, plan, &marked, error));
    SNED_TRY_DONE(make_form(block, form, plan, &marked, error));
    block->cost = cost;
done:
    sned_marked_rows_free(&marked);
    return status;
}

sned_status sned_row_block_make(struct row_block *block, const struct row_plan *plan, const int8_t *weights,
                                size_t rows, sned_error *error)
{
    return sned_row_block_make_as(block, plan, ROW_FORMS, weights, rows, error);
}

void sned_row_block_free(struct row_block *block)
{
    sned_free(block->memory);
    *block = (struct row_block){0};
}

void sned_row_block_run(const struct row_block *block, const struct row_plan *plan, const uint8_t *bytes,
                        const int16_t *wide, int32_t *sums)
{
    const struct micro_kernels *micro = plan->micro;
    const size_t chunks = (plan->columns + ROW_CHUNK - 1) / ROW_CHUNK;
    switch (block->form) {
    case ROWS_DENSE:
        for (size_t r = 0; r < block->rows; r++)
            sums[r] = micro->dot(block->values + r * plan->columns, wide, plan->columns);
        break;
    case ROWS_BYTES:
        micro->dense_rows[micro->bytes](sums, block->rows, chunks, block->values, bytes);
        break;
    case ROWS_MASKED:
        micro->masked_rows[micro->bytes](sums, block->rows, chunks, block->masks, block->values, bytes);
        break;
    case ROWS_SPANS:
        micro->spanned_rows[micro->bytes](sums, block->rows, &block->spans, bytes);
        break;
    case ROWS_LISTED:
    default:
        micro->listed_rows(sums, block->rows, block->first, block->columns, block->values, wide);
        break;
    }
}
