/*
 * concat.c - Concat along any axis but the batch.
 */
#include "base/memory.h"
#include "train/operators/operators.h"

#include <stdlib.h>

static int concat_axis(const struct executor *executor, const struct work *work)
{
    int rank = executor->graph->tensors[work->node->outputs[0]].shape.rank, axis = work->node->u.concat.axis;
    return rank == 3 && axis == 2 ? 3 : axis; /* rank 3 is held as [N][C][1][W] */
}

/* The part of the output that input `slot` fills, as a window on the output's memory. */
static dnnl_status_t part_of_output(struct executor *executor, const struct work *work, int slot,
                                    const dnnl_memory_desc_t *output, dnnl_memory_desc_t *part)
{
    int axis = concat_axis(executor, work);
    dnnl_dims_t offsets = {0};
    for (int i = 0; i < slot; i++)
        offsets[axis] += plan_input(executor, work, i)->desc.dims[axis];
    return dnnl_memory_desc_init_submemory(part, output, plan_input(executor, work, slot)->desc.dims,
                                           offsets);
}

static sned_status describe(struct executor *executor, struct work *work, const dnnl_memory_desc_t *output,
                            dnnl_primitive_desc_t *description, sned_error *error)
{
    const int count = work->node->input_count;
    dnnl_memory_desc_t *inputs = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&inputs, (size_t)count, sizeof *inputs, error));
    for (int i = 0; i < count; i++)
        inputs[i] = plan_input(executor, work, i)->desc;
    SNED_TRY_DONE(onednn_attributes(&attributes, NULL, false, error));
    SNED_TRY_DONE(onednn_check(dnnl_concat_primitive_desc_create(description, output, count,
                                                                 concat_axis(executor, work), inputs,
                                                                 attributes, executor->engine),
                               "Concat of these shapes", error));
done:
    dnnl_primitive_attr_destroy(attributes);
    free(inputs);
    return status;
}

/* oneDNN's choice of layout where every input is a window on it, which backward needs; row-major else. */
static sned_status choose_layout(struct executor *executor, struct work *work, dnnl_memory_desc_t *output,
                                 sned_error *error)
{
    SNED_TRY(describe(executor, work, NULL, &work->hint, error));
    *output = onednn_query(work->hint, dnnl_query_dst_md);
    dnnl_memory_desc_t part;
    for (int i = 0; i < work->node->input_count; i++) {
        if (part_of_output(executor, work, i, output, &part) == dnnl_success)
            continue;
        *output = layout_plain_like(output);
        dnnl_primitive_desc_destroy(work->hint);
        work->hint = NULL;
        return describe(executor, work, output, &work->hint, error);
    }
    return SNED_OK;
}

static sned_status forward(struct executor *executor, struct work *work, sned_error *error)
{
    const int count = work->node->input_count;
    dnnl_exec_arg_t *arguments = NULL;
    dnnl_memory_desc_t desc;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&arguments, (size_t)count + 1, sizeof *arguments, error));
    for (int i = 0; i < count; i++) {
        if (executor->graph->tensors[work->node->inputs[i]].data) {
            status = sned_fail(error, SNED_ERROR_UNSUPPORTED, "joining constants is not supported");
            goto done;
        }
        arguments[i] = (dnnl_exec_arg_t){DNNL_ARG_MULTIPLE_SRC + i, plan_input(executor, work, i)->value};
    }
    SNED_TRY_DONE(choose_layout(executor, work, &desc, error));
    arguments[count].arg = DNNL_ARG_DST;
    SNED_TRY_DONE(plan_output(executor, work, &desc, &arguments[count].memory, error));
    SNED_TRY_DONE(plan_run(executor, &executor->forward, work->hint, arguments, count + 1, error));
done:
    free(arguments);
    return status;
}

static sned_status backward(struct executor *executor, struct work *work, sned_error *error)
{
    struct edge *output = plan_output_edge(executor, work);
    for (int i = 0; i < work->node->input_count; i++) {
        struct edge *input = plan_input(executor, work, i);
        dnnl_memory_desc_t desc;
        dnnl_memory_t part;
        if (!input->wants_gradient)
            continue;
        SNED_TRY(onednn_check(part_of_output(executor, work, i, &output->desc, &desc), "a part of a Concat",
                              error));
        SNED_TRY(plan_view(executor, output->gradient, &desc, &part, error));
        SNED_TRY(plan_gradient_done(executor, input, part, error));
    }
    return SNED_OK;
}

const struct operator_plan plan_concat = {.forward = forward, .backward = backward};
