/*
 * row_block.c - which form rows of weights take, and how they are brought into it.
 *
 * First a bit for each weight says whether it is not 0: they are counted by it, and every sparse form is made
 * of it.
 */
#include "runtime/row_block.h"
#include "base/memory.h"

#include <string.h>

enum { MOST_LISTED = 1 << 16 /* columns that a list can tell */ };

/* ---- marks ---- */

/* Which of eight weights are not zero: bit k for weight k. */
static uint64_t mark_eight(const int8_t *weights)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;
    uint64_t eight;
    memcpy(&eight, weights, sizeof eight);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    const uint64_t tops = (((eight & low) + low) | eight) & ~low; /* the top bit of each byte that is not 0 */
    return (tops >> 7) * 0x0102040810204080 >> 56;                /* side by side, the first lowest */
}

/* Which of `count` weights, up to 64, are not zero. */
static uint64_t mark_weights(const int8_t *weights, size_t count)
{
    uint64_t marks = 0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        marks |= mark_eight(weights + i) << i;
    for (; i < count; i++)
        marks |= (uint64_t)(weights[i] != 0) << i;
    return marks;
}

static size_t chunk_count(size_t columns)
{
    return (columns + ROW_CHUNK - 1) / ROW_CHUNK;
}

/* Of the columns of chunk `chunk`. */
static size_t chunk_size(size_t columns, size_t chunk)
{
    const size_t left = columns - chunk * ROW_CHUNK;
    return left < ROW_CHUNK ? left : ROW_CHUNK;
}

/* marks [rows][chunks]; how many are set. */
static size_t mark_rows(uint64_t *marks, const int8_t *weights, size_t rows, size_t columns)
{
    size_t kept = 0;
    for (size_t r = 0; r < rows; r++, weights += columns)
        for (size_t c = 0; c < chunk_count(columns); c++) {
            *marks = mark_weights(weights + c * ROW_CHUNK, chunk_size(columns, c));
            kept += (size_t)__builtin_popcountll(*marks++);
        }
    return kept;
}

/* ---- the choice ---- */

/* What work costs that goes through memory: one waits for the other. */
static double cost_of(const struct row_plan *plan, double work, double bytes)
{
    const double memory = plan->streamed ? bytes * plan->micro->costs.memory_byte : 0;
    return work > memory ? work : memory;
}

/* Whether rows of so many weights that are not 0 can have a form, and what they cost in it. */
static bool form_cost(double *cost, enum row_form form, const struct row_plan *plan, size_t rows, size_t kept)
{
    const struct micro_costs *costs = &plan->micro->costs;
    const double chunks = (double)rows * (double)chunk_count(plan->columns), weights = (double)kept;
    switch (form) {
    case ROWS_DENSE:
    case ROWS_BYTES:
        *cost = cost_of(plan, chunks * costs->row_dense, chunks * ROW_CHUNK);
        return plan->bytes == (form == ROWS_BYTES);
    case ROWS_MASKED:
        *cost = cost_of(plan, chunks * costs->row_masked + weights * costs->row_masked_kept,
                        chunks * sizeof(uint64_t) + weights);
        return plan->bytes;
    case ROWS_LISTED:
    default:
        *cost = cost_of(plan, weights * costs->row_listed_kept, 3 * weights);
        return plan->columns <= MOST_LISTED;
    }
}

static enum row_form choose_form(const struct row_plan *plan, size_t rows, size_t kept)
{
    enum row_form best = ROW_FORMS;
    double least = 0, cost;
    for (enum row_form form = 0; form < ROW_FORMS; form++)
        if (form_cost(&cost, form, plan, rows, kept) && (best == ROW_FORMS || cost < least)) {
            best = form;
            least = cost;
        }
    return best;
}

/* ---- the forms ---- */

/* Calls visit(row, chunk) as groups have them: micro.h. */
#define FOR_GROUPS(row, chunk, rows, chunks)                                                                 \
    for (size_t group_ = 0; group_ < (rows); group_ += ROW_GROUP)                                            \
        for (size_t chunk = 0; chunk < (chunks); chunk++)                                                    \
            for (size_t row = group_; row < group_ + ROW_GROUP && row < (rows); row++)

static sned_status make_dense(struct row_block *block, const int8_t *weights, size_t columns,
                              sned_error *error)
{
    int8_t *values;
    SNED_TRY(sned_alloc_unset(&values, block->rows, columns, error));
    memcpy(values, weights, block->rows * columns);
    block->values = block->memory = values;
    return SNED_OK;
}

static sned_status make_bytes(struct row_block *block, const int8_t *weights, size_t columns,
                              sned_error *error)
{
    const size_t chunks = chunk_count(columns);
    int8_t *values;
    SNED_TRY(sned_alloc(&values, block->rows * chunks, ROW_CHUNK, error));
    block->values = block->memory = values;
    FOR_GROUPS(r, c, block->rows, chunks)
    {
        memcpy(values, weights + r * columns + c * ROW_CHUNK, chunk_size(columns, c));
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

static sned_status make_masked(struct row_block *block, const int8_t *weights, const uint64_t *marks,
                               size_t columns, size_t kept, sned_error *error)
{
    const size_t chunks = chunk_count(columns);
    uint64_t *masks;
    SNED_TRY(
        sned_alloc_unset(&masks, block->rows * chunks * sizeof *masks + kept + MICRO_OVER_READ, 1, error));
    int8_t *values = (int8_t *)(masks + block->rows * chunks);
    block->memory = masks;
    block->masks = masks;
    block->values = values;
    FOR_GROUPS(r, c, block->rows, chunks)
    {
        *masks = marks[r * chunks + c];
        values = take_marked(values, weights + r * columns + c * ROW_CHUNK, *masks++);
    }
    return SNED_OK;
}

static sned_status make_listed(struct row_block *block, const int8_t *weights, const uint64_t *marks,
                               size_t columns, size_t kept, sned_error *error)
{
    const size_t chunks = chunk_count(columns);
    uint32_t *first, at = 0;
    SNED_TRY(sned_alloc_unset(&first, (block->rows + 1) * sizeof *first + kept * 3, 1, error));
    uint16_t *column = (uint16_t *)(first + block->rows + 1);
    int8_t *values = (int8_t *)(column + kept);
    block->memory = first;
    block->first = first;
    block->columns = column;
    block->values = values;
    for (size_t r = 0; r < block->rows; r++) {
        *first++ = at;
        for (size_t c = 0; c < chunks; c++)
            for (uint64_t mask = marks[r * chunks + c]; mask; mask &= mask - 1, at++)
                column[at] = (uint16_t)(c * ROW_CHUNK + (size_t)__builtin_ctzll(mask));
    }
    *first = at;
    for (size_t r = 0, i = 0; r < block->rows; r++)
        for (; i < block->first[r + 1]; i++)
            values[i] = weights[r * columns + column[i]];
    return SNED_OK;
}

/* ---- */

sned_status sned_row_block_make(struct row_block *block, const struct row_plan *plan, const int8_t *weights,
                                size_t rows, sned_error *error)
{
    uint64_t *marks;
    sned_status status = SNED_OK;
    SNED_TRY(sned_alloc_unset(&marks, rows * chunk_count(plan->columns), sizeof *marks, error));
    const size_t kept = mark_rows(marks, weights, rows, plan->columns);
    *block = (struct row_block){.form = choose_form(plan, rows, kept), .rows = rows};
    switch (block->form) {
    case ROWS_DENSE:
        status = make_dense(block, weights, plan->columns, error);
        break;
    case ROWS_BYTES:
        status = make_bytes(block, weights, plan->columns, error);
        break;
    case ROWS_MASKED:
        status = make_masked(block, weights, marks, plan->columns, kept, error);
        break;
    case ROWS_LISTED:
    default:
        status = make_listed(block, weights, marks, plan->columns, kept, error);
        break;
    }
    sned_free(marks);
    return status;
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
    const size_t chunks = chunk_count(plan->columns);
    switch (block->form) {
    case ROWS_DENSE:
        for (size_t r = 0; r < block->rows; r++)
            sums[r] = micro->dot(block->values + r * plan->columns, wide, plan->columns);
        break;
    case ROWS_BYTES:
        micro->dense_rows(sums, block->rows, chunks, block->values, bytes);
        break;
    case ROWS_MASKED:
        micro->masked_rows(sums, block->rows, chunks, block->masks, block->values, bytes);
        break;
    case ROWS_LISTED:
    default:
        micro->listed_rows(sums, block->rows, block->first, block->columns, block->values, wide);
        break;
    }
}
