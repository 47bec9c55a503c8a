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
 *
 * The channels of an image may lie apart, each at the beginning of a line of the cache:
 *
 *     | channel 0 .. |    | channel 1 .. |    | ..
 *
 * So a sparse convolution of 1x1 and stride 1 takes its input as it lies, without laying it out
 * (conv/conv.h). That costs memory alone, where all that make and read it go by channels: Convs, pools, and
 * Adds, whose images all lie in the same way.
 */
#include "runtime/plan.h"
#include "base/memory.h"
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

/* ---- channels apart ---- */

struct value sned_plan_value(const struct plan *plan, const struct graph *graph, int tensor)
{
    struct value value = sned_value(graph, tensor);
    if (plan->apart[tensor]) {
        value.plane = (value.plane + PLAN_LINE - 1) / PLAN_LINE * PLAN_LINE;
        value.span = value.plane * (size_t)value.extent.channels;
    }
    return value;
}

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

/* Not what goes otherwise than by channels, nor what a run gives or keeps. */
static void keep_together(struct plan *plan, const struct graph *graph, const enum node_part *parts)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        const bool is_pad = node->op == OP_PAD && parts[n] == PART_OF_STEP;
        for (int i = 0; i < node->input_count; i++)
            if (node->inputs[i] >= 0 && !is_pad && (parts[n] != PART_STEP || !goes_by_channels(node->op)))
                plan->apart[node->inputs[i]] = false;
    }
    for (int k = 0; k < graph->output_count; k++)
        plan->apart[graph->outputs[k]] = false;
    for (int k = 0; k < graph->state_count; k++)
        plan->apart[graph->states[k].next] = false;
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

sned_status sned_plan_space(struct plan *plan, const struct graph *graph, const struct uses *uses,
                            const enum node_part *parts, sned_error *error)
{
    bool *wanted; /* [tensor_count] */
    SNED_TRY(sned_alloc(&wanted, (size_t)graph->tensor_count, sizeof *wanted, error));
    for (int t = 0; t < graph->tensor_count; t++)
        plan->apart[t] = can_lie_apart(plan, graph, uses, parts, t);
    keep_together(plan, graph, parts);
    while (spread_over_adds(graph, plan->apart, false))
        continue;
    for (int n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->nodes[n];
        if (is_flat(node) && sned_value(graph, node->inputs[0]).type == plan->micro->bytes)
            wanted[node->inputs[0]] = plan->apart[node->inputs[0]];
    }
    while (spread_over_adds(graph, wanted, true))
        continue;
    for (int t = 0; t < graph->tensor_count; t++)
        plan->apart[t] = plan->apart[t] && wanted[t];
    sned_free(wanted);
    return SNED_OK;
}
