/*
 * kernel_gemm.c - the fully connected layer: rows with few non-zero weights as lists, the others dense.
 *
 * A gather costs about as much as four steps of the dense loop, which compilers turn into vector
 * instructions, so a layer is listed where at most a quarter of its weights is left.
 */
#include "runtime/kernel.h"
#include "runtime/micro/requantize.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_BELOW = 4 }; /* one weight of so many */

struct gemm_work {
    struct value input, output;
    const int8_t *weights; /* [K][C], the graph's */
    const int32_t *bias;   /* [K] or NULL */
    size_t *first;         /* [K + 1], or NULL: dense */
    uint32_t *columns;     /* of the non-zero weights */
    int8_t *values;
};

static void gemm_release(struct step *step)
{
    struct gemm_work *gemm = step->state;
    if (!gemm)
        return;
    free(gemm->first);
    free(gemm->columns);
    free(gemm->values);
    free(gemm);
    step->state = NULL;
}

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

/* The non-zero weights of one row to `at` and behind; where the next row's go. Most weights are zero: of 64
 * at once it is told which are not. */
static size_t list_row(struct gemm_work *gemm, const int8_t *row, size_t columns, size_t at)
{
    for (size_t c = 0; c < columns; c += 64)
        for (uint64_t marks = mark_weights(row + c, columns - c < 64 ? columns - c : 64); marks;
             marks &= marks - 1) {
            const size_t column = c + (size_t)__builtin_ctzll(marks);
            gemm->columns[at] = (uint32_t)column;
            gemm->values[at++] = row[column];
        }
    return at;
}

static sned_status list_weights(struct gemm_work *gemm, size_t kept, sned_error *error)
{
    const size_t filters = gemm->output.elements, columns = gemm->input.elements;
    SNED_TRY(sned_alloc(&gemm->first, filters + 1, sizeof *gemm->first, error));
    SNED_TRY(sned_alloc_unset(&gemm->columns, kept, sizeof *gemm->columns, error));
    SNED_TRY(sned_alloc_unset(&gemm->values, kept, sizeof *gemm->values, error));
    for (size_t k = 0; k < filters; k++)
        gemm->first[k + 1] = list_row(gemm, gemm->weights + k * columns, columns, gemm->first[k]);
    return SNED_OK;
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
    gemm->weights = graph->tensors[node_weights(node, 0)].data;
    gemm->bias = bias >= 0 ? graph->tensors[bias].data : NULL;
    const size_t elements = gemm->input.elements * gemm->output.elements;
    const size_t kept = (size_t)sned_tensor_kept(&graph->tensors[node_weights(node, 0)]);
    step->scratch_size = gemm->input.elements * sizeof(int16_t);
    step->tasks[1] = (int)gemm->output.elements;
    return kept <= elements / LIST_BELOW ? list_weights(gemm, kept, error) : SNED_OK;
}

static int32_t listed_dot(const struct gemm_work *gemm, size_t k, const int16_t *values)
{
    int32_t sum = 0;
    for (size_t i = gemm->first[k]; i < gemm->first[k + 1]; i++)
        sum += gemm->values[i] * values[gemm->columns[i]];
    return sum;
}

/* Widens the input; then a task is a row. */
static void gemm_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct gemm_work *gemm = step->state;
    const struct integer_rule *rule = step->rule;
    const size_t columns = gemm->input.elements;
    int16_t *values = work->scratch;
    if (phase == 0) {
        step->micro->widen[gemm->input.type](values, work->inputs[0], columns);
        return;
    }
    for (size_t k = (size_t)first; k < (size_t)end; k++) {
        int32_t sum = gemm->bias ? gemm->bias[k] : 0;
        sum += gemm->first ? listed_dot(gemm, k, values)
                           : step->micro->dot(gemm->weights + k * columns, values, columns);
        value_store(work->outputs[0], gemm->output.type, k,
                    finish_value(scale_value(sum, rule->scalings[k]), rule));
    }
}

const struct kernel sned_kernel_gemm = {"gemm", gemm_prepare, gemm_run, gemm_release};
