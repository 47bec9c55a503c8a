/*
 * layouts.c - how images lie in memory, where it is not channel behind channel: that costs nobody anything,
 * and saves a convolution the laying out of its input (conv/conv.h).
 *
 *     apart      | channel 0 .. |    | channel 1 .. |    | ..      each begins with a line of the cache
 *     quads      | 0 1 2 3  0 1 2 3 .. | 4 5 6 7  4 5 6 7 .. |     four channels side by side (value.h)
 *
 * A sparse convolution of 1x1 and stride 1 takes channels that lie apart as they are. That costs memory
 * alone, where all that make and read them go by channels: Convs, pools, and Adds, whose images all lie in
 * the same way. It is said before forms are chosen.
 *
 * A dense one of 1x1 takes quads, which dense ones make as easily as channels; Adds take and make whatever it
 * is. Forms are chosen as if all images lay so that can, as far as the network says; then those do of which
 * all makers and readers have such forms, and one reader gains.
 */
#include "runtime/plan.h"
#include "base/memory.h"
#include "graph/operator.h"

struct value sned_plan_value(const struct plan *plan, const struct graph *graph, int tensor)
{
    struct value value = sned_value(graph, tensor);
    if (plan->apart[tensor]) {
        value.plane = (value.plane + PLAN_LINE - 1) / PLAN_LINE * PLAN_LINE;
        value.span = value.plane * (size_t)value.extent.channels;
    }
    value.may_be_quads = plan->quads[tensor];
    return value;
}

/* Gives all images of each Add `value` where one of them has it. Whether that changed any. */
static bool spread_over_adds(const struct graph *graph, bool *of, bool value)
{
    bool changes = false;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *add = &graph->nodes[n];
        if (add->op != OP_ADD)
            continue;
        bool *const all[3] = {&of[add->inputs[0]], &of[add->inputs[1]], &of[add->outputs[0]]};
        const bool has = *all[0] == value || *all[1] == value || *all[2] == value;
        for (int i = 0; has && i < 3; i++) {
            changes = changes || *all[i] != value;
            *all[i] = value;
        }
    }
    return changes;
}

/* Not what a run gives or keeps. */
static void keep_results(const struct graph *graph, bool *may)
{
    for (int k = 0; k < graph->output_count; k++)
        may[graph->outputs[k]] = false;
    for (int k = 0; k < graph->state_count; k++)
        may[graph->states[k].next] = false;
}

/* Those that may and are no results, if one in reach over Adds is wanted: others may not any more. */
static void settle(const struct graph *graph, bool *may, bool *wanted)
{
    keep_results(graph, may);
    while (spread_over_adds(graph, may, false))
        continue;
    for (int t = 0; t < graph->tensor_count; t++)
        wanted[t] = wanted[t] && may[t];
    while (spread_over_adds(graph, wanted, true))
        continue;
    for (int t = 0; t < graph->tensor_count; t++)
        may[t] = may[t] && wanted[t];
}

/* ---- channels apart ---- */

static bool goes_by_channels(enum op op)
{
    return op == OP_CONV || op == OP_ADD || op == OP_MAX_POOL || op == OP_AVERAGE_POOL ||
           op == OP_GLOBAL_AVERAGE_POOL;
}

/* Whether an image of bytes is made by a step, lies in memory of its own, and would not grow by more than
 * half. */
static bool can_lie_apart(const struct plan *plan, const struct graph *graph, const struct uses *uses,
                          const enum node_part *parts, int tensor)
{
    const int producer = uses->producer[tensor];
    if (producer < 0 || plan->home[tensor] >= 0 || parts[producer] != PART_STEP ||
        !goes_by_channels(graph->nodes[producer].op) || graph->tensors[tensor].shape.rank != 4)
        return false;
    const struct value value = sned_value(graph, tensor);
    return value.type != VALUE_S16 && value.elements == value.plane * (size_t)value.extent.channels &&
           value.plane % PLAN_LINE && value.plane >= 2 * PLAN_LINE / 3;
}

static bool is_flat(const struct node *node)
{
    const struct window *window = &node->u.conv.window;
    return node->op == OP_CONV && window->kernel[0] == 1 && window->kernel[1] == 1 &&
           window->stride[0] == 1 && window->stride[1] == 1;
}

/* Not what goes otherwise than by channels. */
static void keep_together(struct plan *plan, const struct graph *graph, const enum node_part *parts)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        const bool is_pad = node->op == OP_PAD && parts[n] == PART_OF_STEP;
        for (int i = 0; i < node->input_count; i++)
            if (node->inputs[i] >= 0 && !is_pad && (parts[n] != PART_STEP || !goes_by_channels(node->op)))
                plan->apart[node->inputs[i]] = false;
    }
}

static void find_apart(struct plan *plan, const struct graph *graph, const struct uses *uses,
                       const enum node_part *parts, bool *wanted)
{
    for (int t = 0; t < graph->tensor_count; t++)
        plan->apart[t] = can_lie_apart(plan, graph, uses, parts, t);
    keep_together(plan, graph, parts);
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (is_flat(node) && sned_value(graph, node->inputs[0]).type == plan->micro->bytes)
            wanted[node->inputs[0]] = true;
    }
    settle(graph, plan->apart, wanted);
}

/* ---- quads ---- */

/* Whether an image of bytes has whole quads, is made by a Conv or Add, and lies in memory of its own. */
static bool has_quads(const struct plan *plan, const struct graph *graph, const struct uses *uses,
                      const enum node_part *parts, int tensor)
{
    const int producer = uses->producer[tensor];
    if (producer < 0 || plan->home[tensor] >= 0 || parts[producer] != PART_STEP ||
        (graph->nodes[producer].op != OP_CONV && graph->nodes[producer].op != OP_ADD) ||
        graph->tensors[tensor].shape.rank != 4)
        return false;
    const struct value value = sned_value(graph, tensor);
    return value.type != VALUE_S16 && value.extent.channels % 4 == 0;
}

/* A Conv of 1x1, of all channels together. */
static bool is_point(const struct node *node)
{
    bool is = node->op == OP_CONV && node->u.conv.groups == 1;
    for (int axis = 0; is && axis < 2; axis++) {
        const struct window *window = &node->u.conv.window;
        is = window->kernel[axis] == 1 && !window->pad_begin[axis] && !window->pad_end[axis] &&
             window->stride[axis] <= SLIDING_STRIDE;
    }
    return is;
}

/* Whether the column has filter lanes of its own, which end in quads for less. To others it is one laying out
 * for another. */
static bool gains_by_quads(const struct micro_kernels *micro)
{
    return micro->ended_filter_lanes[micro->bytes] != sned_micro_column(0)->ended_filter_lanes[micro->bytes];
}

/* Those that will, if the Convs' forms are dense ones. */
static void hope_for_quads(struct plan *plan, const struct graph *graph, const struct uses *uses,
                           const enum node_part *parts, bool *wanted)
{
    for (int t = 0; t < graph->tensor_count; t++)
        plan->quads[t] = gains_by_quads(plan->micro) && has_quads(plan, graph, uses, parts, t);
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        for (int i = 0; i < node->input_count && node->op != OP_ADD; i++)
            if (node->inputs[i] >= 0 && is_point(node))
                wanted[node->inputs[i]] = sned_value(graph, node->inputs[i]).type == plan->micro->bytes;
            else if (node->inputs[i] >= 0)
                plan->quads[node->inputs[i]] = false;
    }
    settle(graph, plan->quads, wanted);
}

sned_status sned_plan_space(struct plan *plan, const struct graph *graph, const struct uses *uses,
                            const enum node_part *parts, sned_error *error)
{
    bool *wanted; /* [tensor_count], twice */
    SNED_TRY(sned_alloc(&wanted, 2 * (size_t)graph->tensor_count, sizeof *wanted, error));
    find_apart(plan, graph, uses, parts, wanted);
    hope_for_quads(plan, graph, uses, parts, wanted + graph->tensor_count);
    sned_free(wanted);
    return SNED_OK;
}

/* What the step can do with its images, and what it gains. */
static void ask_step(const struct step *step, const struct value *images, int count, bool *may, bool *wanted)
{
    for (int i = 0; i < count; i++) {
        const int tensor = images[i].tensor;
        if (!may[tensor])
            continue;
        const enum quads_use use = step->kernel->quads ? step->kernel->quads(step, &images[i]) : QUADS_NEVER;
        may[tensor] = use != QUADS_NEVER;
        wanted[tensor] = wanted[tensor] || use == QUADS_GAIN;
    }
}

/* The step's images as they lie now. Whether one does in quads. */
static bool look_again(const struct plan *plan, const struct graph *graph, struct value *images, int count)
{
    bool is_told = false;
    for (int i = 0; i < count; i++) {
        images[i] = sned_plan_value(plan, graph, images[i].tensor);
        images[i].in_quads = plan->quads[images[i].tensor];
        is_told = is_told || images[i].in_quads;
    }
    return is_told;
}

static void tell_steps(const struct plan *plan, const struct graph *graph)
{
    for (int s = 0; s < plan->step_count; s++) {
        struct step *step = &plan->steps[s];
        const bool reads = look_again(plan, graph, step->inputs, step->input_count);
        if (look_again(plan, graph, step->outputs, step->output_count) || reads)
            step->kernel->lie(step);
    }
}

sned_status sned_plan_quads(struct plan *plan, const struct graph *graph, sned_error *error)
{
    bool *wanted, *const may = plan->quads; /* [tensor_count] */
    SNED_TRY(sned_alloc(&wanted, (size_t)graph->tensor_count, sizeof *wanted, error));
    for (int s = 0; s < plan->step_count; s++) {
        const struct step *step = &plan->steps[s];
        ask_step(step, step->inputs, step->input_count, may, wanted);
        ask_step(step, step->outputs, step->output_count, may, wanted);
    }
    settle(graph, may, wanted);
    for (int t = 0; t < graph->tensor_count; t++)
        plan->apart[t] = plan->apart[t] && !may[t];
    tell_steps(plan, graph);
    sned_free(wanted);
    return SNED_OK;
}
