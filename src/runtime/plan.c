/*
 * plan.c - where each activation lies: one block of memory for a whole run, used again as soon as it is free.
 *
 * A tensor lives from the step that makes it to the last step that reads it. Tensors are placed largest
 * first, each at the lowest offset where it meets no other that is alive at the same time; so the block is
 * seldom larger than the largest sum of live tensors. The scratch of a step is a tensor that lives for that
 * step alone.
 */
#include "runtime/model.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

struct block {
    size_t size, offset;
    int first, last; /* steps; the input is alive before step 0 */
    int number;      /* in the list: the activations as the graph has them, then the steps' scratches */
    size_t *place;   /* where the offset goes */
};

static size_t round_up(size_t size)
{
    return (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* No two are equal, so that every qsort gives one order, and a network one layout. */
static int by_size(const void *left, const void *right)
{
    const struct block *a = left, *b = right;
    if (a->size != b->size)
        return a->size < b->size ? 1 : -1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* Placed blocks are kept in the order of their offsets, so that one pass finds the first gap that is free. */
static void place_block(struct block **placed, int count, struct block *block)
{
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        const struct block *other = placed[i];
        if (other->last < block->first || block->last < other->first)
            continue;
        if (other->offset >= offset && other->offset - offset >= block->size)
            break;
        if (other->offset + other->size > offset)
            offset = other->offset + other->size;
    }
    block->offset = offset;
    int at = count;
    for (; at > 0 && placed[at - 1]->offset > offset; at--)
        placed[at] = placed[at - 1];
    placed[at] = block;
}

/* How long each activation is alive, as blocks; those of no use to a step are not there. */
static int list_blocks(struct plan *plan, const sned_model *model, bool keep, struct block *blocks)
{
    const struct graph *graph = model->graph;
    int count = 0;
    for (int t = 0; t < graph->tensor_count; t++) {
        if (graph->tensors[t].data || (model->softmax && t == graph->output))
            continue;
        const struct value value = sned_value(graph, t);
        blocks[t] = (struct block){.size = round_up(value.elements * value_size(value.type)),
                                   .first = -1,
                                   .last = -1,
                                   .place = &plan->tensors[t]};
    }
    for (int s = 0; s < model->step_count; s++) {
        const struct node *node = model->steps[s].node;
        blocks[node->output].first = blocks[node->output].last = s;
        for (int i = 0; i < node->input_count; i++)
            if (node->inputs[i] >= 0)
                blocks[node->inputs[i]].last = s;
    }
    blocks[model->result].last = model->step_count;
    for (int t = 0; t < graph->tensor_count; t++) {
        if (!blocks[t].place)
            continue;
        if (keep)
            blocks[t].first = -1, blocks[t].last = model->step_count;
        blocks[count++] = blocks[t];
    }
    for (int s = 0; s < model->step_count; s++)
        blocks[count++] = (struct block){.size = round_up(model->steps[s].scratch_size),
                                         .first = s,
                                         .last = s,
                                         .place = &plan->scratches[s]};
    for (int i = 0; i < count; i++)
        blocks[i].number = i;
    return count;
}

/* Sums of sizes stay far from SIZE_MAX: a file of many large tensors is refused before anything is placed. */
static sned_status check_sum(const struct block *blocks, int count, sned_error *error)
{
    size_t sum = 0;
    for (int i = 0; i < count; i++)
        if (blocks[i].size > PTRDIFF_MAX / 4 || (sum += blocks[i].size) > PTRDIFF_MAX / 2)
            return sned_fail(error, SNED_ERROR_MEMORY,
                             "the network's activations are larger than any memory");
    return SNED_OK;
}

sned_status sned_plan_make(struct plan *plan, const sned_model *model, bool keep, sned_error *error)
{
    const int tensors = model->graph->tensor_count, steps = model->step_count;
    struct block *blocks = NULL, **placed = NULL;
    sned_status status;
    int most_inputs = 1;
    memset(plan, 0, sizeof *plan);
    SNED_TRY_DONE(sned_alloc(&plan->tensors, tensors, sizeof *plan->tensors, error));
    SNED_TRY_DONE(sned_alloc(&plan->scratches, steps, sizeof *plan->scratches, error));
    SNED_TRY_DONE(sned_alloc(&blocks, (size_t)tensors + steps, sizeof *blocks, error));
    SNED_TRY_DONE(sned_alloc(&placed, (size_t)tensors + steps, sizeof *placed, error));
    int count = list_blocks(plan, model, keep, blocks);
    SNED_TRY_DONE(check_sum(blocks, count, error));
    qsort(blocks, count, sizeof *blocks, by_size);

    for (int s = 0; s < steps; s++)
        if (model->steps[s].node->input_count > most_inputs)
            most_inputs = model->steps[s].node->input_count;
    plan->pointers = 0;
    size_t start = round_up((size_t)most_inputs * sizeof(void *)), end = 0;
    for (int i = 0; i < count; i++) {
        place_block(placed, i, &blocks[i]);
        *blocks[i].place = start + blocks[i].offset;
        if (blocks[i].offset + blocks[i].size > end)
            end = blocks[i].offset + blocks[i].size;
    }
    plan->size = start + end;
done:
    free(blocks);
    free(placed);
    if (status != SNED_OK)
        sned_plan_free(plan);
    return status;
}

void sned_plan_free(struct plan *plan)
{
    free(plan->tensors);
    free(plan->scratches);
    memset(plan, 0, sizeof *plan);
}
