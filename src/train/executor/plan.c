/*
 * plan.c - appending actions to tapes, and playing them.
 */
#include "base/memory.h"
#include "graph/operator.h"
#include "train/executor/plan.h"

#include <stdlib.h>
#include <string.h>

struct edge *plan_edge(struct executor *executor, int tensor)
{
    return tensor < 0 ? NULL : &executor->edges[executor->root[tensor]];
}

struct edge *plan_input(struct executor *executor, const struct work *work, int slot)
{
    return slot < work->node->input_count ? plan_edge(executor, work->node->inputs[slot]) : NULL;
}

struct edge *plan_output_edge(struct executor *executor, const struct work *work)
{
    return plan_edge(executor, work->node->outputs[0]);
}

/* ---- actions ---- */

static sned_status tape_append(struct tape *tape, struct action **action, sned_error *error)
{
    if (tape->count == tape->capacity) {
        int capacity = tape->capacity ? tape->capacity * 2 : 64;
        SNED_TRY(sned_resize(&tape->actions, (size_t)capacity, sizeof *tape->actions, error));
        tape->capacity = capacity;
    }
    *action = &tape->actions[tape->count++];
    **action = (struct action){0};
    return SNED_OK;
}

sned_status plan_run(struct executor *executor, struct tape *tape, const_dnnl_primitive_desc_t description,
                     const dnnl_exec_arg_t *arguments, int count, sned_error *error)
{
    struct action *action;
    SNED_TRY(tape_append(tape, &action, error));
    SNED_TRY(sned_alloc(&action->arguments, (size_t)count + 1, sizeof *action->arguments, error));
    for (int i = 0; i < count; i++)
        if (arguments[i].memory)
            action->arguments[action->argument_count++] = arguments[i];
    dnnl_memory_desc_t scratch = onednn_query(description, dnnl_query_scratchpad_md);
    if (dnnl_memory_desc_get_size(&scratch)) {
        dnnl_memory_t memory;
        SNED_TRY(plan_scratch(executor, &scratch, &memory, error));
        action->arguments[action->argument_count++] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, memory};
    }
    return onednn_check(dnnl_primitive_create(&action->primitive, description), "operator", error);
}

sned_status plan_call(struct executor *executor, struct tape *tape, struct work *work, action_call call,
                      sned_error *error)
{
    struct action *action;
    SNED_TRY(tape_append(tape, &action, error));
    action->call = call;
    action->work = work;
    return SNED_OK;
}

sned_status plan_copy(struct executor *executor, struct tape *tape, dnnl_memory_t from, dnnl_memory_t to,
                      bool accumulate, sned_error *error)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t description = NULL;
    sned_status status;
    SNED_TRY_DONE(onednn_attributes(&attributes, NULL, accumulate, error));
    SNED_TRY_DONE(
        onednn_check(dnnl_reorder_primitive_desc_create(&description, layout_of(from), executor->engine,
                                                        layout_of(to), executor->engine, attributes),
                     "change of layout", error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    SNED_TRY_DONE(plan_run(executor, tape, description, arguments, 2, error));
done:
    dnnl_primitive_desc_destroy(description);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

sned_status plan_convert(struct executor *executor, struct tape *tape, dnnl_memory_t from,
                         const dnnl_memory_desc_t *desc, bool keep, dnnl_memory_t *out, sned_error *error)
{
    *out = from;
    if (dnnl_memory_desc_equal(layout_of(from), desc))
        return SNED_OK;
    if (keep)
        SNED_TRY(plan_memory(executor, desc, out, error));
    else
        SNED_TRY(plan_temporary(executor, desc, out, error));
    return plan_copy(executor, tape, from, *out, false, error);
}

/* ---- edges ---- */

sned_status plan_output_slot(struct executor *executor, struct work *work, int slot,
                             const dnnl_memory_desc_t *desc, dnnl_memory_t *memory, sned_error *error)
{
    struct edge *edge = plan_edge(executor, work->node->outputs[slot]);
    edge->desc = edge->gradient_desc = *desc;
    SNED_TRY(plan_memory(executor, desc, &edge->value, error));
    *memory = edge->value;
    return SNED_OK;
}

sned_status plan_output(struct executor *executor, struct work *work, const dnnl_memory_desc_t *desc,
                        dnnl_memory_t *memory, sned_error *error)
{
    return plan_output_slot(executor, work, 0, desc, memory, error);
}

/* Weights or biases that are rounded on their way to the operator: row-major master, rounded, operator's
 * layout. */
static sned_status plan_rounding(struct executor *executor, struct edge *edge, sned_error *error)
{
    dnnl_memory_desc_t plain = layout_plain_like(&edge->desc);
    edge->gradient_desc = plain;
    SNED_TRY(plan_memory(executor, &plain, &edge->master, error));
    SNED_TRY(plan_temporary(executor, &plain, &edge->rounded, error));
    edge->refresh = executor->refresh.count;
    return plan_copy(executor, &executor->refresh, edge->rounded, edge->value, false, error);
}

sned_status plan_constant(struct executor *executor, struct work *work, int slot,
                          const dnnl_memory_desc_t *desc, dnnl_memory_t *memory, sned_error *error)
{
    struct edge *edge = plan_input(executor, work, slot);
    const struct tensor *tensor = &executor->graph->tensors[work->node->inputs[slot]];
    if (!tensor->data || tensor->type != TENSOR_F32)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "input %d (%s) must be a float constant", slot,
                         tensor->name);
    if (sned_shape_elements(&tensor->shape) != layout_elements(desc))
        return sned_fail(error, SNED_ERROR_SHAPE, "constant %s has %zu elements where %zu are needed",
                         tensor->name, sned_shape_elements(&tensor->shape), layout_elements(desc));
    if (edge->value) /* shared with an earlier node: follow its layout */
        return plan_convert(executor, &executor->forward, edge->value, desc, true, memory, error);
    edge->desc = edge->gradient_desc = *desc;
    edge->is_weights = sned_input_role(work->node->op, slot) == INPUT_WEIGHTS;
    SNED_TRY(plan_memory(executor, desc, &edge->value, error));
    *memory = edge->master = edge->value;
    const bool is_stepped_bias =
        sned_input_role(work->node->op, slot) == INPUT_BIAS && tensor->quantization.scale > 0;
    if (executor->options.quantize_weights && (edge->is_weights || is_stepped_bias))
        SNED_TRY(plan_rounding(executor, edge, error));
    if (!edge->wants_gradient)
        return SNED_OK;
    edge->learns_step =
        edge->rounded && edge->is_weights && executor->options.learn_steps && tensor->quantization.scale > 0;
    SNED_TRY(plan_memory(executor, &edge->gradient_desc, &edge->momentum, error));
    return executor->options.optimizer == OPTIMIZER_ADAM
               ? plan_memory(executor, &edge->gradient_desc, &edge->squares, error)
               : SNED_OK;
}

sned_status plan_gradient_memory(struct executor *executor, struct edge *edge, sned_error *error)
{
    const bool stays = edge->master || edge == plan_edge(executor, executor->graph->input);
    if (edge->gradient)
        return SNED_OK;
    return stays ? plan_memory(executor, &edge->gradient_desc, &edge->gradient, error)
                 : plan_borrow(executor, &edge->gradient_desc, &edge->gradient, error);
}

sned_status plan_gradient_target(struct executor *executor, struct edge *edge, const dnnl_memory_desc_t *desc,
                                 dnnl_memory_t *memory, sned_error *error)
{
    SNED_TRY(plan_gradient_memory(executor, edge, error));
    *memory = edge->gradient;
    if (!edge->gradient_begun && dnnl_memory_desc_equal(desc, &edge->gradient_desc))
        return SNED_OK;
    return plan_temporary(executor, desc, memory, error);
}

sned_status plan_gradient_done(struct executor *executor, struct edge *edge, dnnl_memory_t memory,
                               sned_error *error)
{
    SNED_TRY(plan_gradient_memory(executor, edge, error));
    if (memory != edge->gradient)
        SNED_TRY(
            plan_copy(executor, &executor->backward, memory, edge->gradient, edge->gradient_begun, error));
    edge->gradient_begun = true;
    return SNED_OK;
}

sned_status plan_output_gradient(struct executor *executor, struct work *work, const dnnl_memory_desc_t *desc,
                                 dnnl_memory_t *memory, sned_error *error)
{
    return plan_convert(executor, &executor->backward, plan_output_edge(executor, work)->gradient, desc,
                        false, memory, error);
}

/* ---- playing, and the end ---- */

sned_status tape_play(struct executor *executor, const struct tape *tape, int begin, int end,
                      sned_error *error)
{
    for (int i = begin; i < end; i++) {
        const struct action *action = &tape->actions[i];
        if (action->call)
            SNED_TRY(action->call(executor, action->work, error));
        else
            SNED_TRY(onednn_check(dnnl_primitive_execute(action->primitive, executor->stream,
                                                         action->argument_count, action->arguments),
                                  "running an operator", error));
    }
    return onednn_check(dnnl_stream_wait(executor->stream), "running", error);
}

static void tape_free(struct tape *tape)
{
    for (int i = 0; i < tape->count; i++) {
        dnnl_primitive_destroy(tape->actions[i].primitive);
        free(tape->actions[i].arguments);
    }
    free(tape->actions);
}

void plan_free(struct executor *executor)
{
    tape_free(&executor->forward);
    tape_free(&executor->backward);
    tape_free(&executor->refresh);
    buffers_free(&executor->buffers);
    for (int i = 0; executor->work && i < executor->node_count; i++) {
        dnnl_primitive_desc_destroy(executor->work[i].hint);
        free(executor->work[i].state);
    }
    for (int i = 0; executor->edges && i < executor->tensor_count; i++) {
        free(executor->edges[i].pass_codes);
        free(executor->edges[i].mask);
    }
    free(executor->work);
    free(executor->edges);
    free(executor->root);
    free(executor->absorbed);
    free(executor->outputs);
}
