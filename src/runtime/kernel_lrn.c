/*
 * kernel_lrn.c - local response normalization across channels, by table. A task is a part of the image,
 * through all channels.
 */
#include "runtime/kernel.h"
#include "base/memory.h"

#include <string.h>

enum { PART = 128 /* pixels of a task: those that AVX-512 takes through the channels at once */ };

struct lrn_work {
    uint16_t table[LRN_TABLE_SIZE + 1];
    struct lrn_strip image; /* all of it */
};

static sned_status lrn_prepare(struct step *step, const struct graph *graph, const struct node *node,
                               sned_error *error)
{
    const struct extent image = step->inputs[0].extent;
    const size_t plane = (size_t)image.height * image.width;
    const int size = node->u.lrn.size;
    struct lrn_work *lrn;
    SNED_TRY(sned_alloc(&lrn, 1, sizeof *lrn, error));
    memcpy(lrn->table, graph->tensors[node->inputs[1]].data, LRN_TABLE_SIZE * sizeof *lrn->table);
    lrn->image = (struct lrn_strip){.pixels = plane,
                                    .step = plane,
                                    .channels = image.channels,
                                    .before = (size - 1) / 2,
                                    .after = size / 2 < image.channels ? size / 2 : image.channels - 1,
                                    .table = lrn->table,
                                    .shift = step->rule->scalings[0].shift};
    step->state = lrn;
    step->tasks[0] = (int)((plane + PART - 1) / PART);
    return SNED_OK;
}

static void lrn_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct lrn_work *lrn = step->state;
    const size_t at = (size_t)first * PART, rest = lrn->image.pixels - at;
    const size_t pixels = (size_t)(end - first) * PART;
    struct lrn_strip part = lrn->image;
    part.pixels = pixels < rest ? pixels : rest;
    step->micro->lrn[step->inputs[0].type]((uint8_t *)work->outputs[0] + at,
                                           (const uint8_t *)work->inputs[0] + at, &part, step->rule);
}

const struct kernel sned_kernel_lrn = {.name = "lrn", .prepare = lrn_prepare, .run = lrn_run};
