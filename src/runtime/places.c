/*
 * places.c - operators that need no step, because their numbers need not move: what they make is a stretch of
 * what they read, or the other way round.
 *
 *     Split, Slice     each output is a stretch of the input's memory
 *     Concat           each input is made where it will lie in the output's memory
 *
 * Of which operators that holds is not asked by name: a movement (graph/operator.h) that is one run of
 * neighbours on both sides says it. A Concat along the channels of an image does, one along its width does
 * not.
 */
#include "runtime/plan.h"
#include "graph/operator.h"

/* Whether elements that follow each other do so on both sides. */
static bool is_run(const struct movement *movement)
{
    int64_t next = 1;
    for (int axis = movement->box.rank - 1; axis >= 0; axis--) {
        if (movement->box.dim[axis] == 1)
            continue;
        if (movement->from_stride[axis] != next || movement->to_stride[axis] != next)
            return false;
        next *= movement->box.dim[axis];
    }
    return true;
}

static size_t offset_in_bytes(const struct graph *graph, int tensor, int64_t elements)
{
    return (size_t)elements * value_size(sned_value(graph, tensor).type);
}

/* Whether all that `node` makes are runs of its one input, the whole of each. */
static bool is_cut(const struct graph *graph, const struct node *node)
{
    struct movement movement = {0};
    bool is = sned_op_is(node->op, OPERATOR_MOVES) && node->input_count == 1;
    for (int o = 0; is && o < node->output_count; o++) {
        const struct shape *made = &graph->tensors[node->outputs[o]].shape;
        sned_node_next_movement(graph, node, 0, o, &movement);
        is = is_run(&movement) && sned_shape_elements(&movement.box) == sned_shape_elements(made);
    }
    return is;
}

/* Whether input `i`, by that movement all of it a run of the node's output, can be made there: a step makes
 * it, and it lies nowhere else. */
static bool can_lie(const struct plan *plan, const struct graph *graph, const struct uses *uses,
                    const enum node_part *parts, const struct node *node, int i,
                    const struct movement *movement)
{
    const int tensor = node->inputs[i], producer = uses->producer[tensor];
    for (int before = 0; before < i; before++)
        if (node->inputs[before] == tensor)
            return false;
    return producer >= 0 && plan->home[tensor] < 0 && is_run(movement) &&
           (parts[producer] == PART_STEP || parts[producer] == PART_JOINT) &&
           sned_shape_elements(&movement->box) == sned_shape_elements(&graph->tensors[tensor].shape);
}

/* Whether the inputs of `node` are runs that are its output, each of which can be made in its place. */
static bool is_joint(const struct plan *plan, const struct graph *graph, const struct uses *uses,
                     const enum node_part *parts, const struct node *node)
{
    struct movement movement = {0};
    size_t moved = 0;
    bool is = sned_op_is(node->op, OPERATOR_MOVES) && node->output_count == 1;
    for (int i = 0; is && i < node->input_count; i++) {
        sned_node_next_movement(graph, node, i, 0, &movement);
        is = can_lie(plan, graph, uses, parts, node, i, &movement);
        moved += sned_shape_elements(&movement.box);
    }
    return is && moved == sned_shape_elements(&graph->tensors[node->outputs[0]].shape);
}

static void place_inputs(struct plan *plan, const struct graph *graph, const struct node *node)
{
    const int out = node->outputs[0];
    struct movement movement = {0};
    if (plan->home[out] < 0)
        plan->home[out] = out;
    for (int i = 0; i < node->input_count; i++) {
        sned_node_next_movement(graph, node, i, 0, &movement);
        plan->home[node->inputs[i]] = plan->home[out];
        plan->inside[node->inputs[i]] = plan->inside[out] + offset_in_bytes(graph, out, movement.to_offset);
    }
}

/* Concats from the last one on, so that what one makes has its place, maybe in another one, before what it is
 * made of. */
void sned_plan_join(struct plan *plan, const struct graph *graph, const struct uses *uses,
                    enum node_part *parts)
{
    for (int n = 0; n < graph->node_count; n++)
        if (parts[n] == PART_STEP && is_cut(graph, &graph->nodes[n]))
            parts[n] = PART_CUT;
    for (int n = graph->node_count - 1; n >= 0; n--)
        if (parts[n] == PART_STEP && is_joint(plan, graph, uses, parts, &graph->nodes[n])) {
            parts[n] = PART_JOINT;
            place_inputs(plan, graph, &graph->nodes[n]);
        }
}

void sned_plan_cut(struct plan *plan, const struct graph *graph, const struct node *node)
{
    const int in = node->inputs[0];
    struct movement movement = {0};
    for (int o = 0; o < node->output_count; o++) {
        sned_node_next_movement(graph, node, 0, o, &movement);
        plan->home[node->outputs[o]] = plan->home[in];
        plan->inside[node->outputs[o]] = plan->inside[in] + offset_in_bytes(graph, in, movement.from_offset);
    }
}
