/*
 * steps.c - from the nodes of a graph to the steps that run it.
 *
 * A node is a step, but for these:
 * - what moves nothing is none (places.c): the result of a Flatten or Split is its input's memory, and what a
 *   Concat of channels reads is made in its output's;
 * - an ending is none: the context makes it of the scores, in floats;
 * - a Pad whose one reader is a Conv is part of the Conv's step, as more padding of its window: zeros either
 *   way. Where every activation is kept, it stays a step of its own.
 */
#include "runtime/plan.h"
#include "base/memory.h"
#include "graph/operator.h"

#include <string.h>

/* The Pad that a Conv's step takes in, or -1. */
static int pad_before(const struct graph *graph, const struct uses *uses, const struct node *conv)
{
    const int tensor = conv->inputs[0], producer = uses->producer[tensor];
    if (conv->op != OP_CONV || producer < 0 || uses->consumers[tensor] != 1)
        return -1;
    const struct node *pad = &graph->nodes[producer];
    if (pad->op != OP_PAD || pad->u.pad.before[0] || pad->u.pad.after[0] || pad->u.pad.before[1] ||
        pad->u.pad.after[1])
        return -1;
    return producer;
}

/* The Conv with that Pad's zeros in its window. What the node owns is still the graph's. */
static struct node with_pad(const struct node *conv, const struct node *pad)
{
    struct node padded = *conv;
    struct window *window = &padded.u.conv.window;
    for (int axis = 0; axis < 2; axis++) {
        window->pad_begin[axis] += (int)pad->u.pad.before[2 + axis];
        window->pad_end[axis] += (int)pad->u.pad.after[2 + axis];
    }
    return padded;
}

static bool is_activation(const struct graph *graph, int tensor)
{
    return tensor >= 0 && !tensor_is_constant(graph, tensor);
}

/* Appends the step of node `n`; `values` has room for what it reads and writes. */
static sned_status add_step(struct plan *plan, const struct graph *graph, int n, const struct node *pad,
                            const struct weight_source *source, struct value *values, sned_error *error)
{
    const struct node *node = &graph->nodes[n];
    struct step *step = &plan->steps[plan->step_count];
    *step = (struct step){.kernel = sned_kernel_of(node->op),
                          .micro = plan->micro,
                          .tries_forms = plan->tries_forms,
                          .node = n,
                          .tasks = {1},
                          .inputs = values,
                          .rule = &node->rules[0]};
    for (int i = 0; i < node->input_count; i++)
        if (is_activation(graph, node->inputs[i]))
            step->inputs[step->input_count++] = sned_plan_value(plan, graph, node->inputs[i]);
    if (pad)
        step->inputs[0] = sned_plan_value(plan, graph, pad->inputs[0]);
    step->outputs = step->inputs + step->input_count;
    for (int i = 0; i < node->output_count; i++) {
        step->outputs[step->output_count++] = sned_plan_value(plan, graph, node->outputs[i]);
        if (plan->home[node->outputs[i]] < 0)
            plan->home[node->outputs[i]] = node->outputs[i];
    }
    plan->step_count++;
    if (!pad)
        return sned_step_prepare(step, graph, node, source, error);
    const struct node padded = with_pad(node, pad);
    return sned_step_prepare(step, graph, &padded, source, error);
}

static sned_status room_for(struct plan *plan, const struct graph *graph, sned_error *error)
{
    size_t values = 0;
    for (int n = 0; n < graph->node_count; n++)
        values += (size_t)graph->nodes[n].input_count + graph->nodes[n].output_count;
    SNED_TRY(sned_alloc(&plan->steps, (size_t)graph->node_count, sizeof *plan->steps, error));
    SNED_TRY(sned_alloc(&plan->values, values, sizeof *plan->values, error));
    SNED_TRY(sned_alloc(&plan->home, (size_t)graph->tensor_count, sizeof *plan->home, error));
    SNED_TRY(sned_alloc(&plan->apart, (size_t)graph->tensor_count, sizeof *plan->apart, error));
    SNED_TRY(sned_alloc(&plan->quads, (size_t)graph->tensor_count, sizeof *plan->quads, error));
    return sned_alloc(&plan->inside, (size_t)graph->tensor_count, sizeof *plan->inside, error);
}

static sned_status find_parts(struct plan *plan, const struct graph *graph, const struct uses *uses,
                              bool keep, enum node_part *parts, sned_error *error)
{
    for (int n = 0; n < graph->node_count; n++) {
        const int pad = keep ? -1 : pad_before(graph, uses, &graph->nodes[n]);
        if (sned_op_is(graph->nodes[n].op, OPERATOR_ENDING))
            parts[n] = PART_ENDING;
        else if (sned_op_is(graph->nodes[n].op, OPERATOR_RESHAPES))
            parts[n] = PART_CUT;
        if (pad >= 0)
            parts[pad] = PART_OF_STEP;
    }
    if (keep)
        return SNED_OK;
    sned_plan_join(plan, graph, uses, parts);
    return sned_plan_space(plan, graph, uses, parts, error);
}

sned_status sned_plan_steps(struct plan *plan, const struct graph *graph, const struct weight_source *source,
                            bool keep, sned_error *error)
{
    struct uses uses = {0};
    enum node_part *parts = NULL; /* [node_count] */
    struct value *values;
    sned_status status;
    SNED_TRY_DONE(room_for(plan, graph, error));
    SNED_TRY_DONE(sned_uses_find(&uses, graph, error));
    SNED_TRY_DONE(sned_alloc(&parts, (size_t)graph->node_count, sizeof *parts, error));
    for (int t = 0; t < graph->tensor_count; t++)
        plan->home[t] = -1;
    plan->home[graph->input] = graph->input;
    for (int i = 0; i < graph->state_count; i++)
        plan->home[graph->states[i].tensor] = graph->states[i].tensor;
    SNED_TRY_DONE(find_parts(plan, graph, &uses, keep, parts, error));
    values = plan->values;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (parts[n] == PART_CUT)
            sned_plan_cut(plan, graph, node);
        if (parts[n] != PART_STEP)
            continue;
        const int pad = keep ? -1 : pad_before(graph, &uses, node);
        SNED_TRY_DONE(add_step(plan, graph, n, pad < 0 ? NULL : &graph->nodes[pad], source, values, error));
        values += node->input_count + node->output_count;
    }
    if (!keep)
        SNED_TRY_DONE(sned_plan_quads(plan, graph, error));
done:
    sned_free(parts);
    sned_uses_free(&uses);
    return status;
}

void sned_plan_free_steps(struct plan *plan)
{
    for (int s = 0; s < plan->step_count; s++)
        if (plan->steps[s].kernel->release)
            plan->steps[s].kernel->release(&plan->steps[s]);
        else
            sned_free(plan->steps[s].state);
    sned_free(plan->steps);
    sned_free(plan->values);
    sned_free(plan->home);
    sned_free(plan->inside);
    sned_free(plan->apart);
    sned_free(plan->quads);
}
