/*
 * kernel_gemm.c - the fully connected layer: blocks of rows, each in the form that is fastest (row_block.h).
 *
 * Kernels for bytes take them with a sign or without, as their column says. To those that are not so 128 is
 * added, or taken off, and what that makes too much, 128 times the sum of a row's weights, its bias makes up
 * for when the layer is prepared. Sums are taken modulo 2^32 throughout: that the last one fits 32 bits was
 * checked before (docs/arithmetic.md).
 */
#include "runtime/kernel.h"
#include "runtime/rows/row_block.h"
#include "base/memory.h"
#include "base/system.h"

#include <string.h>

enum { CACHED_BYTES = 1 << 19 /* a layer of so many stays in a cache from one image to the next */ };

/* A piece of the layer: a task. */
struct gemm_block {
    size_t first; /* row */
    struct row_block rows;
};

struct gemm_work {
    struct row_plan plan;
    struct value input, output;
    size_t block_count;
    struct gemm_block *blocks;
    bool flips;     /* the input's bytes have a sign and the column's have not, or the other way round */
    bool widens;    /* some block takes the input in 16 bits */
    int32_t *start; /* [K]: biases, less what shifting the input adds */
};

static void gemm_release(struct step *step)
{
    struct gemm_work *gemm = step->state;
    if (!gemm)
        return;
    for (size_t b = 0; gemm->blocks && b < gemm->block_count; b++)
        sned_row_block_free(&gemm->blocks[b].rows);
    sned_free(gemm->blocks);
    sned_free(gemm->start);
    sned_free(gemm);
    step->state = NULL;
}

static int32_t sum_row(const int8_t *weights, size_t count)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    return sum;
}

static sned_status gemm_take_rows(struct step *step, size_t piece, size_t first, size_t count,
                                  const int8_t *rows, sned_error *error)
{
    struct gemm_work *gemm = step->state;
    struct gemm_block *block = &gemm->blocks[piece];
    const size_t columns = gemm->plan.columns;
    block->first = first;
    SNED_TRY(sned_row_block_make(&block->rows, &gemm->plan, rows, count, error));
    const bool is_shifted = gemm->flips && row_form_takes_bytes(block->rows.form);
    const uint32_t shift = step->micro->bytes == VALUE_U8 ? 128 : -128u;
    for (size_t r = 0; r < count && is_shifted; r++)
        gemm->start[first + r] = (int32_t)((uint32_t)gemm->start[first + r] -
                                           shift * (uint32_t)sum_row(rows + r * columns, columns));
    return SNED_OK;
}

static void gemm_took_rows(struct step *step)
{
    struct gemm_work *gemm = step->state;
    static const char *const names[] = {[ROWS_DENSE] = "wide",
                                        [ROWS_BYTES] = "dense",
                                        [ROWS_MASKED] = "masked",
                                        [ROWS_SPANS] = "spans",
                                        [ROWS_LISTED] = "listed"};
    step->form = names[gemm->blocks[0].rows.form];
    for (size_t b = 0; b < gemm->block_count; b++) {
        step->nanoseconds[1] += gemm->blocks[b].rows.cost;
        gemm->widens = gemm->widens || !row_form_takes_bytes(gemm->blocks[b].rows.form);
    }
    for (size_t b = 0; gemm->plan.streamed && b < gemm->block_count; b++)
        sned_system_read_often(gemm->blocks[b].rows.memory);
    step->tasks[0] = gemm->widens || gemm->flips;
    for (size_t b = 1; b < gemm->block_count; b++)
        if (gemm->blocks[b].rows.form != gemm->blocks[0].rows.form)
            step->form = "mixed";
}

static sned_status gemm_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                sned_error *error)
{
    const int bias = node_bias(node, 0);
    struct gemm_work *gemm;
    SNED_TRY(sned_alloc(&gemm, 1, sizeof *gemm, error));
    step->state = gemm;
    gemm->input = step->inputs[0];
    gemm->output = step->outputs[0];
    const size_t rows = gemm->output.elements, columns = gemm->input.elements;
    const bool takes_bytes = step->micro->byte_rows || step->micro->span_rows;
    gemm->plan = (struct row_plan){.micro = step->micro,
                                   .columns = columns,
                                   .bytes = takes_bytes && gemm->input.type != VALUE_S16,
                                   .streamed = rows * columns > CACHED_BYTES,
                                   .tries_forms = step->tries_forms};
    gemm->flips = gemm->plan.bytes && gemm->input.type != step->micro->bytes;
    gemm->block_count = step->pieces;
    SNED_TRY(sned_alloc(&gemm->start, rows, sizeof *gemm->start, error));
    SNED_TRY(sned_alloc(&gemm->blocks, gemm->block_count, sizeof *gemm->blocks, error));
    if (bias >= 0)
        memcpy(gemm->start, graph->tensors[bias].data, rows * sizeof *gemm->start);
    step->scratch_size = columns * sizeof(int16_t) + (gemm->flips ? columns : 0);
    step->own_size = step->piece_rows * sizeof(int32_t);
    step->tasks[1] = (int)gemm->block_count;
    return SNED_OK;
}

/* ---- a run ---- */

/* The input in bytes: where they need no flip, itself. */
static const uint8_t *bytes_of(const struct gemm_work *gemm, const struct step_work *work)
{
    return gemm->flips ? (const uint8_t *)work->scratch + gemm->plan.columns * sizeof(int16_t)
                       : work->inputs[0];
}

static void convert_input(const struct step *step, const struct step_work *work)
{
    const struct gemm_work *gemm = step->state;
    const size_t columns = gemm->plan.columns;
    const uint8_t *input = work->inputs[0];
    uint8_t *bytes = (uint8_t *)work->scratch + columns * sizeof(int16_t);
    if (gemm->widens)
        step->micro->widen[gemm->input.type](work->scratch, input, columns);
    if (gemm->flips)
        step->micro->pick(bytes, input,
                          &(struct plane_rows){.rows = 1, .count = columns, .stride = 1, .flip = 0x80});
}

static void run_block(const struct step *step, const struct step_work *work, size_t b)
{
    const struct gemm_work *gemm = step->state;
    const struct gemm_block *block = &gemm->blocks[b];
    int32_t *sums = work->own;
    sned_row_block_run(&block->rows, &gemm->plan, bytes_of(gemm, work), work->scratch, sums);
    step->micro->finish_rows((uint8_t *)work->outputs[0] + block->first * value_size(gemm->output.type),
                             gemm->output.type, sums, block->rows.rows, gemm->start + block->first,
                             step->rule->scalings + block->first, step->rule);
}

/* Phase 0 brings the input into the forms that kernels take; then a task is a block of rows. */
static void gemm_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    if (phase == 0)
        convert_input(step, work);
    else
        for (int b = first; b < end; b++)
            run_block(step, work, (size_t)b);
}

const struct kernel sned_kernel_gemm = {
    .name = "gemm",
    .prepare = gemm_prepare,
    .take_rows = gemm_take_rows,
    .took_rows = gemm_took_rows,
    .run = gemm_run,
    .release = gemm_release,
};
