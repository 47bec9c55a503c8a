/*
 * order.c - see order.h.
 */
#include "accel/compiler/order.h"
#include "accel/program/numbers.h"

#include <stdlib.h>

/* ---- what a node reads and writes ---- */

struct span {
    int64_t from, to; /* to: the first behind it */
};

/* Some channels and rows of a spot that has bytes of its own. */
struct region {
    const struct spot *root; /* that spot */
    struct span bytes, channels, rows;
};

static bool meet(struct span a, struct span b)
{
    return a.from < b.to && b.from < a.to;
}

static bool overlap(const struct region *a, const struct region *b)
{
    return a->root == b->root ? meet(a->channels, b->channels) && meet(a->rows, b->rows)
                              : meet(a->bytes, b->bytes);
}

static struct region region_of(const struct spot *spot)
{
    const struct extent e = spot->extent;
    const struct spot *root = spot;
    int64_t channel = 0, row = 0;
    for (; spot_holder(root); root = spot_holder(root))
        if (spot_is_inside(root)) { /* what is over another begins where that does */
            channel += root->relation.inside.channel;
            row += root->relation.inside.row;
        }
    return (struct region){.root = root,
                           .bytes = {root->base, root->base + root->bytes},
                           .channels = {channel, channel + e.channels},
                           .rows = {row, row + e.height}};
}

/* Of a node: the regions that it reads, then those that it writes. */
struct accesses {
    struct region *regions; /* owned */
    int count, reads;
};

static void add_region(struct accesses *a, const struct spot *spot)
{
    if (spot)
        a->regions[a->count++] = region_of(spot);
}

static sned_status accesses_of(struct accesses *a, const struct graph *graph, const struct placement *p,
                               int index, sned_error *error)
{
    const struct node *node = &graph->nodes[index];
    const size_t most = (size_t)node->input_count + (size_t)node->output_count + 2;
    SNED_TRY(sned_alloc(&a->regions, most, sizeof *a->regions, error));
    for (int i = 0; i < node->input_count; i++)
        add_region(a, placement_spot(p, node->inputs[i]));
    add_region(a, placement_copy(p, index));
    a->reads = a->count;
    add_region(a, placement_copy(p, index));
    for (int o = 0; o < node->output_count; o++)
        if (placement_spot(p, node->outputs[o])->relation.kind != RELATION_VIEW)
            add_region(a, placement_spot(p, node->outputs[o]));
    return SNED_OK;
}

/* Must the one be done before the other begins? */
static bool disturb(const struct accesses *a, const struct accesses *b)
{
    bool found = false;
    for (int i = 0; i < a->count; i++)
        for (int k = 0; k < b->count; k++)
            found = found || ((i >= a->reads || k >= b->reads) && overlap(&a->regions[i], &b->regions[k]));
    return found;
}

/* ---- steps ---- */

struct ordering {
    struct step_list *steps;
    struct accesses *nodes;  /* owned; of those that have steps */
    int (*last)[CODE_COUNT]; /* [node]: of each unit 1 + its last step so far; owned */
};

/* The first node of those whose steps go in parts with this one. */
static int first_node(const struct step_list *steps, const struct task *task)
{
    while (task->behind >= 0)
        task = &steps->tasks[task->behind];
    return task->work.layer;
}

static void wait_for(struct ordering *o, int step, int other)
{
    int *after = &o->steps->tasks[step].after[o->steps->tasks[other].work.unit];
    *after = (int)larger(*after, other);
}

static void order_step(struct ordering *o, int step)
{
    struct task *task = &o->steps->tasks[step];
    const int node = task->work.layer, first = first_node(o->steps, task);
    for (int unit = 0; unit < CODE_COUNT; unit++)
        task->after[unit] = -1;
    for (int n = 0; n < first; n++)
        if (o->nodes[n].count && disturb(&o->nodes[n], &o->nodes[node]))
            for (int unit = 0; unit < CODE_COUNT; unit++)
                if (o->last[n][unit])
                    wait_for(o, step, o->last[n][unit] - 1);
    if (task->behind >= 0)
        wait_for(o, step, task->behind);
    else if (step > 0 && o->steps->tasks[step - 1].work.layer == node)
        wait_for(o, step, step - 1);
    o->last[node][task->work.unit] = step + 1;
}

sned_status order_steps(struct step_list *steps, const struct graph *graph, const struct placement *placement,
                        sned_error *error)
{
    struct ordering o = {.steps = steps};
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&o.nodes, (size_t)graph->node_count, sizeof *o.nodes, error));
    SNED_TRY_DONE(sned_alloc(&o.last, (size_t)graph->node_count, sizeof *o.last, error));
    for (int t = 0; t < steps->task_count; t++) {
        const int node = (int)steps->tasks[t].work.layer;
        if (!o.nodes[node].count)
            SNED_TRY_DONE(accesses_of(&o.nodes[node], graph, placement, node, error));
        order_step(&o, t);
    }
done:
    for (int n = 0; o.nodes && n < graph->node_count; n++)
        free(o.nodes[n].regions);
    free(o.nodes);
    free(o.last);
    return status;
}
