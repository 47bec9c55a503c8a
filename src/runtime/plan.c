/*
 * plan.c - where each activation lies: one block of memory for a whole run, used again as soon as it is free.
 *
 * A tensor lives from the step that makes it to the last step that reads it; one that is a part of another
 * one (plan->home) lives in its memory, which lives as long as either. Tensors are placed
 * largest first, each at the lowest offset where it meets no other that is alive at the same time; so the
 * block is seldom larger than the largest sum of live tensors. The scratch of a step is a tensor that lives
 * for that step alone.
 *
 * What has been placed is asked for the tensors of one stretch of time. Most networks have but a few of them
 * alive at once, and a tree over the beginnings of their lives finds those in n log n; where many live
 * together, all that is placed is looked at instead.
 */
#include "runtime/plan.h"
#include "base/memory.h"
#include "graph/operator.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, MANY = 256 /* blocks alive at once, for the tree */ };

struct block {
    size_t size, offset;
    int first, last; /* steps; the input is alive before step 0 */
    int number;      /* in the list: the activations as the graph has them, then the steps' scratches */
    int birth;       /* its place in the order of `first` */
    size_t *place;   /* where the offset goes */
};

/* The blocks that have a place. */
struct placed {
    struct block **blocks; /* [count] */
    int count;
    bool ordered;         /* by offset: since many were alive at once */
    struct block **lives; /* [total]: all blocks, those without a place too, in the order of `first` */
    int total, leaves;
    int *latest; /* [2 * leaves]: a binary tree over `lives`; the last step that a block with a place, in that
                    part of them, lives to */
};
enum { NO_LIFE = -2 };

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

static int by_birth(const void *left, const void *right)
{
    const struct block *a = *(struct block *const *)left, *b = *(struct block *const *)right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static int by_offset(const void *left, const void *right)
{
    const struct block *a = *(struct block *const *)left, *b = *(struct block *const *)right;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* ---- places ---- */

static sned_status placed_new(struct placed *placed, struct block *blocks, int total, sned_error *error)
{
    *placed = (struct placed){.total = total, .leaves = 1};
    while (placed->leaves < total)
        placed->leaves *= 2;
    SNED_TRY(sned_alloc(&placed->blocks, (size_t)total, sizeof *placed->blocks, error));
    SNED_TRY(sned_alloc(&placed->lives, (size_t)total, sizeof *placed->lives, error));
    SNED_TRY(sned_alloc(&placed->latest, 2 * (size_t)placed->leaves, sizeof *placed->latest, error));
    for (int i = 0; i < 2 * placed->leaves; i++)
        placed->latest[i] = NO_LIFE;
    for (int i = 0; i < total; i++)
        placed->lives[i] = &blocks[i];
    qsort(placed->lives, (size_t)total, sizeof *placed->lives, by_birth);
    for (int i = 0; i < total; i++)
        placed->lives[i]->birth = i;
    return SNED_OK;
}

static void placed_free(struct placed *placed)
{
    sned_free(placed->blocks);
    sned_free(placed->lives);
    sned_free(placed->latest);
}

/* Appends to found[count] those with a place that meet `block`, of the part [low, high) of lives, which is
 * the tree's `node`. The new count; above MANY: there are more. */
static int find_meeting(const struct placed *placed, const struct block *block, int node, int low, int high,
                        struct block **found, int count)
{
    if (count > MANY || low >= placed->total || placed->latest[node] < block->first ||
        placed->lives[low]->first > block->last)
        return count;
    if (high - low > 1) {
        const int middle = low + (high - low) / 2;
        count = find_meeting(placed, block, 2 * node, low, middle, found, count);
        return find_meeting(placed, block, 2 * node + 1, middle, high, found, count);
    }
    if (count < MANY)
        found[count] = placed->lives[low];
    return count + 1;
}

/* The lowest offset that is free all the time that `block` lives; `others` in the order of their offsets. */
static size_t first_gap(struct block *const *others, int count, const struct block *block)
{
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        const struct block *other = others[i];
        if (other->last < block->first || block->last < other->first)
            continue;
        if (other->offset >= offset && other->offset - offset >= block->size)
            break;
        if (other->offset + other->size > offset)
            offset = other->offset + other->size;
    }
    return offset;
}

static void add_placed(struct placed *placed, struct block *block)
{
    int at = placed->count++;
    for (; placed->ordered && at > 0 && placed->blocks[at - 1]->offset > block->offset; at--)
        placed->blocks[at] = placed->blocks[at - 1];
    placed->blocks[at] = block;
    for (int node = placed->leaves + block->birth; node > 0; node /= 2)
        if (placed->latest[node] < block->last)
            placed->latest[node] = block->last;
}

static void place_block(struct placed *placed, struct block *block)
{
    struct block *found[MANY];
    const int count =
        placed->ordered ? MANY + 1 : find_meeting(placed, block, 1, 0, placed->leaves, found, 0);
    if (count <= MANY) {
        qsort(found, (size_t)count, sizeof *found, by_offset);
        block->offset = first_gap(found, count, block);
    } else {
        if (!placed->ordered)
            qsort(placed->blocks, (size_t)placed->count, sizeof *placed->blocks, by_offset);
        placed->ordered = true;
        block->offset = first_gap(placed->blocks, placed->count, block);
    }
    add_placed(placed, block);
}

/* ---- lives ---- */

/* The tensor `t` is read, or must still be there, at `step`. */
static void lives_to(struct block *blocks, const struct plan *plan, int t, int step)
{
    if (t >= 0 && plan->home[t] >= 0)
        blocks[plan->home[t]].last = step;
}

/* What a run leaves: results, what endings are made of, and what states become. */
static void keep_results(struct block *blocks, const struct plan *plan, const struct graph *graph)
{
    const int end = plan->step_count;
    for (int n = 0; n < graph->node_count; n++)
        if (sned_op_is(graph->nodes[n].op, OPERATOR_ENDING))
            lives_to(blocks, plan, graph->nodes[n].inputs[0], end);
    for (int i = 0; i < graph->output_count; i++)
        lives_to(blocks, plan, graph->outputs[i], end);
    for (int i = 0; i < graph->state_count; i++)
        lives_to(blocks, plan, graph->states[i].next, end);
}

/* Whether a run begins with it. */
static bool is_given(const struct graph *graph, int tensor)
{
    return tensor == graph->input || sned_graph_is_state(graph, tensor);
}

/* Of a block, and what may be read behind its end: of another block that would be what another thread writes
 * just then. */
static size_t room_for(size_t size)
{
    return size ? round_up(size + MICRO_OVER_READ) : 0;
}

/* How long each activation with a memory of its own is alive, as blocks, and the steps' scratches. */
static int list_blocks(struct plan *plan, const struct graph *graph, bool keep, struct block *blocks)
{
    int count = 0;
    for (int t = 0; t < graph->tensor_count; t++) {
        if (plan->home[t] != t)
            continue;
        const struct value value = sned_plan_value(plan, graph, t);
        blocks[t] = (struct block){.size = room_for(value.span * value_size(value.type)),
                                   .first = is_given(graph, t) ? -1 : plan->step_count,
                                   .last = -1,
                                   .place = &plan->tensors[t]};
    }
    for (int s = 0; s < plan->step_count; s++) {
        const struct step *step = &plan->steps[s];
        for (int i = 0; i < step->output_count; i++) {
            struct block *block = &blocks[plan->home[step->outputs[i].tensor]];
            if (block->first > s)
                block->first = s;
            block->last = s;
        }
        for (int i = 0; i < step->input_count; i++)
            lives_to(blocks, plan, step->inputs[i].tensor, s);
    }
    keep_results(blocks, plan, graph);
    for (int t = 0; t < graph->tensor_count; t++) {
        if (!blocks[t].place)
            continue;
        if (keep)
            blocks[t].first = -1, blocks[t].last = plan->step_count;
        blocks[count++] = blocks[t];
    }
    for (int s = 0; s < plan->step_count; s++)
        blocks[count++] = (struct block){.size = room_for(plan->steps[s].scratch_size),
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

/* The tensors and scratches, and behind them a thread's own memory and the pointers. */
static sned_status place_all(struct plan *plan, const struct graph *graph, bool keep, sned_error *error)
{
    const size_t tensors = (size_t)graph->tensor_count, steps = (size_t)plan->step_count;
    struct block *blocks = NULL;
    struct placed placed = {0};
    sned_status status;
    size_t own_size = 0;
    int most = 0, count;
    SNED_TRY_DONE(sned_alloc(&plan->tensors, tensors, sizeof *plan->tensors, error));
    SNED_TRY_DONE(sned_alloc(&plan->scratches, steps, sizeof *plan->scratches, error));
    SNED_TRY_DONE(sned_alloc(&blocks, tensors + steps, sizeof *blocks, error));
    count = list_blocks(plan, graph, keep, blocks);
    SNED_TRY_DONE(check_sum(blocks, count, error));
    qsort(blocks, (size_t)count, sizeof *blocks, by_size);
    SNED_TRY_DONE(placed_new(&placed, blocks, count, error));
    for (int i = 0; i < count; i++) {
        place_block(&placed, &blocks[i]);
        *blocks[i].place = blocks[i].offset;
        if (blocks[i].offset + blocks[i].size > plan->own)
            plan->own = blocks[i].offset + blocks[i].size;
    }
    for (int t = 0; t < graph->tensor_count; t++)
        if (plan->home[t] >= 0)
            plan->tensors[t] = plan->tensors[plan->home[t]] + plan->inside[t];
    for (int s = 0; s < plan->step_count; s++) {
        const struct step *step = &plan->steps[s];
        if (step->input_count + step->output_count > most)
            most = step->input_count + step->output_count;
        if (step->own_size > own_size)
            own_size = step->own_size;
    }
    plan->pointers = plan->own + round_up(own_size);
    _Static_assert((int)ALIGNMENT >= (int)MICRO_OVER_READ, "the pointers are room enough to be read");
    plan->size = plan->pointers + round_up((size_t)most * sizeof(void *));
done:
    sned_free(blocks);
    placed_free(&placed);
    return status;
}

sned_status sned_plan_make(struct plan *plan, const struct graph *graph, const struct micro_kernels *micro,
                           const struct weight_source *source, unsigned options, sned_error *error)
{
    const bool keep = options & PLAN_KEEPS;
    const struct weight_source in_graph = {0};
    *plan = (struct plan){.micro = micro, .tries_forms = options & PLAN_TRIES};
    sned_status status = sned_plan_steps(plan, graph, source ? source : &in_graph, keep, error);
    if (status == SNED_OK)
        status = place_all(plan, graph, keep, error);
    if (status != SNED_OK)
        sned_plan_free(plan);
    return status;
}

void sned_plan_free(struct plan *plan)
{
    sned_plan_free_steps(plan);
    sned_free(plan->tensors);
    sned_free(plan->scratches);
    memset(plan, 0, sizeof *plan);
}
