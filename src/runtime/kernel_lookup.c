/*
 * kernel_lookup.c - operators that work on each number by itself: a number has 8 bits, so that the network's
 * table of 256 results is the whole operator (docs/arithmetic.md, "Table look-up").
 */
#include "runtime/kernel.h"
#include "base/memory.h"

enum { PART = 4096 /* numbers of a task */ };

/* The result's byte for each byte of an input. */
struct lookup_work {
    uint8_t results[LOOKUP_TABLE_SIZE];
};

static sned_status lookup_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                  sned_error *error)
{
    const uint16_t *table = graph->tensors[node->inputs[node->input_count - 1]].data;
    struct lookup_work *lookup;
    SNED_TRY(sned_alloc(&lookup, 1, sizeof *lookup, error));
    for (int i = 0; i < LOOKUP_TABLE_SIZE; i++)
        lookup->results[i] = (uint8_t)table[i];
    step->state = lookup;
    step->tasks[0] = (int)((step->outputs[0].elements + PART - 1) / PART);
    return SNED_OK;
}

static void lookup_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct lookup_work *lookup = step->state;
    const uint8_t *input = work->inputs[0];
    uint8_t *output = work->outputs[0];
    const size_t all = step->outputs[0].elements, last = (size_t)end * PART < all ? (size_t)end * PART : all;
    for (size_t i = (size_t)first * PART; i < last; i++)
        output[i] = lookup->results[input[i]];
}

const struct kernel sned_kernel_lookup = {"look-up", lookup_prepare, lookup_run, NULL};
