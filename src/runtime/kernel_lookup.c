/*
 * kernel_lookup.c - operators that work on each number by itself: a number has 8 bits, so that a table of 256
 * results is the whole operator (docs/arithmetic.md, "Table look-up"). Of some the network has the table, of
 * others another kernel makes it.
 */
#include "runtime/kernel.h"
#include "base/memory.h"

enum { PART = 4096 /* numbers of a task */ };

/* The result's byte for each byte of an input. */
struct lookup_work {
    uint8_t results[LOOKUP_TABLE_SIZE];
};

sned_status sned_lookup_new(struct step *step, uint8_t **results, sned_error *error)
{
    struct lookup_work *lookup;
    SNED_TRY(sned_alloc(&lookup, 1, sizeof *lookup, error));
    step->kernel = &sned_kernel_lookup;
    step->state = lookup;
    step->tasks[0] = (int)((step->outputs[0].elements + PART - 1) / PART);
    *results = lookup->results;
    return SNED_OK;
}

static sned_status lookup_prepare(struct step *step, const struct graph *graph, const struct node *node,
                                  sned_error *error)
{
    const uint16_t *table = graph->tensors[node->inputs[node->input_count - 1]].data;
    uint8_t *results;
    SNED_TRY(sned_lookup_new(step, &results, error));
    for (int i = 0; i < LOOKUP_TABLE_SIZE; i++)
        results[i] = (uint8_t)table[i];
    return SNED_OK;
}

static void lookup_run(const struct step *step, const struct step_work *work, int phase, int first, int end)
{
    const struct lookup_work *lookup = step->state;
    const size_t all = step->outputs[0].elements, at = (size_t)first * PART;
    const size_t last = (size_t)end * PART < all ? (size_t)end * PART : all;
    step->micro->look_up((uint8_t *)work->outputs[0] + at, (const uint8_t *)work->inputs[0] + at, last - at,
                         lookup->results);
}

const struct kernel sned_kernel_lookup = {.name = "look-up", .prepare = lookup_prepare, .run = lookup_run};
