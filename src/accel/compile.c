/*
 * compile.c - from an integer graph to a program: places, then node after node as steps, then these for all
 * images in one list.
 */
#include "accel/compile.h"
#include "accel/numbers.h"
#include "accel/schedule.h"

#include <stdlib.h>

static struct layout layout_of(const struct spot *spot)
{
    const int block = (int)(spot->wide ? spot->bytes / 2 : spot->bytes);
    return (struct layout){.extent = spot->extent,
                           .stride = {spot->stride[0], spot->stride[1]},
                           .pitch = spot->pitch,
                           .plane = spot->plane,
                           .is_signed = spot->is_signed,
                           .wide = spot->wide,
                           .upper = block,
                           .bytes = (int)divide_up(spot->bytes, DDR_WORD) * DDR_WORD};
}

static sned_status compile_node(struct compiler *c, int n, sned_error *error)
{
    const struct node *node = &c->graph->nodes[n];
    switch (node->op) {
    case OP_CONV:
        if (c->placement.copy_for[n] >= 0)
            SNED_TRY(compile_copy(c, n, error));
        return compile_conv(c, n, error);
    case OP_GEMM:
        return compile_gemm(c, n, error);
    case OP_CONCAT:
    case OP_FLATTEN:
    case OP_RESHAPE:
        return SNED_OK; /* a matter of places */
    default:
        return compile_vector(c, n, error);
    }
}

static sned_status name_layers(struct accel_program *program, const struct graph *graph, sned_error *error)
{
    SNED_TRY(sned_alloc(&program->layers, (size_t)graph->node_count, sizeof *program->layers, error));
    for (int n = 0; n < graph->node_count; n++) {
        program->layers[n].op = graph->nodes[n].op;
        SNED_TRY(sned_strdup(&program->layers[n].name, graph->nodes[n].name, error));
        program->layer_count++;
    }
    return SNED_OK;
}

static sned_status compile_nodes(struct compiler *c, int last, sned_error *error)
{
    for (int n = 0; n < last; n++)
        SNED_TRY(sned_error_context(error, compile_node(c, n, error), "node '%.80s' (%s)",
                                    c->graph->nodes[n].name, sned_op_name(c->graph->nodes[n].op)));
    return SNED_OK;
}

sned_status accel_compile(struct accel_program *program, const struct graph *graph,
                          const struct accel_config *config, int images, sned_error *error)
{
    struct compiler c = {.graph = graph, .config = config, .program = program};
    const bool softmax = graph->node_count > 0 && graph->nodes[graph->node_count - 1].op == OP_SOFTMAX;
    const int last = graph->node_count - softmax;
    sned_status status;
    *program = (struct accel_program){.config = config, .images = images};
    SNED_TRY_DONE(placement_make(&c.placement, graph, last, config, error));
    SNED_TRY_DONE(name_layers(program, graph, error));
    SNED_TRY_DONE(compile_nodes(&c, last, error));
    const struct spot *in = &c.placement.spots[c.placement.of_tensor[graph->input]];
    const struct spot *out =
        &c.placement.spots[c.placement.of_tensor[softmax ? graph->nodes[last].inputs[0] : graph->output]];
    program->input = layout_of(in);
    program->output = layout_of(out);
    program->activation_bytes = (int)divide_up(c.placement.bytes, DDR_WORD) * DDR_WORD;
    SNED_TRY_DONE(schedule(program, &c.steps, in->base, out->base, error));
done:
    placement_free(&c.placement);
    step_list_free(&c.steps);
    if (status != SNED_OK)
        accel_program_free(program);
    return status;
}

void accel_program_free(struct accel_program *program)
{
    for (int l = 0; l < program->layer_count; l++)
        free(program->layers[l].name);
    free(program->layers);
    sned_buffer_free(&program->image);
    *program = (struct accel_program){0};
}
