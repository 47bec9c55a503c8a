/*
 * kernel_lrn.c - local response normalization across channels, by table.
 *
 * A task is a part of the image, through all channels: its sums of squares slide from channel to channel,
 * the square that enters the window is added, the one that leaves it taken away. Integers, so nothing is
 * lost on the way. Beyond the first and the last channel there are zeros.
 */
#include "runtime/kernel.h"
#include "base/memory.h"

#include <string.h>

enum { PART = 512 /* pixels of a task */ };

struct lrn_work {
    uint16_t table[LRN_TABLE_SIZE + 1]; /* as micro_normalize wants it */
    int size;
};

/* What a task works in. */
struct lrn_part {
    uint32_t sums[PART];
    uint8_t zeros[PART];
};

static sned_status lrn_prepare(struct step *step, const struct graph *graph, const struct node *node,
                               sned_error *error)
{
    const struct extent image = step->inputs[0].extent;
    struct lrn_work *lrn;
    SNED_TRY(sned_alloc(&lrn, 1, sizeof *lrn, error));
    memcpy(lrn->table, graph->tensors[node->inputs[1]].data, LRN_TABLE_SIZE * sizeof *lrn->table);
    lrn->size = node->u.lrn.size;
    step->state = lrn;
    step->own_size = sizeof(struct lrn_part);
    step->tasks[0] = (int)(((size_t)image.height * image.width + PART - 1) / PART);
    return SNED_OK;
}

/* Pixels [at, at + count) of every channel. */
static void lrn_part(const struct step *step, const struct step_work *work, size_t at, size_t count)
{
    const struct lrn_work *lrn = step->state;
    const struct value in = step->inputs[0];
    const struct micro_kernels *micro = step->micro;
    const size_t plane = (size_t)in.extent.height * in.extent.width;
    const int channels = in.extent.channels, before = (lrn->size - 1) / 2;
    const int after = lrn->size / 2 < channels ? lrn->size / 2 : channels - 1;
    const uint8_t *input = (const uint8_t *)work->inputs[0] + at;
    uint8_t *output = (uint8_t *)work->outputs[0] + at;
    struct lrn_part *part = work->own;
    memset(part, 0, sizeof *part);
    for (int c = -after; c < channels; c++) {
        const int enters = c + after, leaves = c - before - 1;
        micro->slide_squares[in.type](part->sums, enters < channels ? input + enters * plane : part->zeros,
                                      leaves >= 0 ? input + leaves * plane : part->zeros, count);
        if (c >= 0)
            micro->normalize[in.type](output + c * plane, input + c * plane, part->sums, count, lrn->table,
                                      step->rule->scalings[0].shift, step->rule);
    }
}

static void lrn_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct extent image = step->inputs[0].extent;
    const size_t plane = (size_t)image.height * image.width;
    for (int task = first; task < end; task++) {
        const size_t at = (size_t)task * PART;
        lrn_part(step, work, at, plane - at < PART ? plane - at : PART);
    }
}

const struct kernel sned_kernel_lrn = {.name = "lrn", .prepare = lrn_prepare, .run = lrn_run};
