/*
 * compile.c - from an integer graph to a program: places, then node after node, then the scores' way out.
 */
#include "accel/compile.h"
#include "accel/numbers.h"

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

/* Tables of a first Conv bring the token that says that the picture is there too: loads are in order. */
static unsigned first_unit(const struct graph *graph, int last)
{
    for (int n = 0; n < last; n++)
        if (graph->nodes[n].op != OP_FLATTEN && graph->nodes[n].op != OP_RESHAPE)
            return graph->nodes[n].op == OP_CONV   ? CODE_CONV
                   : graph->nodes[n].op == OP_GEMM ? CODE_FC
                                                   : CODE_VECTOR;
    return CODE_STORE;
}

static sned_status compile_input(struct compiler *c, int last, sned_error *error)
{
    const struct spot *in = &c->placement.spots[c->placement.of_tensor[c->graph->input]];
    const unsigned first = first_unit(c->graph, last);
    const bool copied = c->placement.copy_for[0] >= 0;
    struct layout *layout = &c->emitter.program->input;
    *layout = layout_of(in);
    return emit_load(
        &c->emitter, 0,
        &(struct load_work){
            .kind = LOAD_ACTIVATIONS, .moves = 1, .words = layout->bytes / DDR_WORD, .place = in->base},
        0,
        copied               ? 1u << CODE_VECTOR
        : first == CODE_CONV ? 0
                             : 1u << first,
        error);
}

static sned_status compile_output(struct compiler *c, int tensor, sned_error *error)
{
    const struct spot *out = &c->placement.spots[c->placement.of_tensor[tensor]];
    struct layout *layout = &c->emitter.program->output;
    *layout = layout_of(out);
    return emit_work(
        &c->emitter,
        &(struct descriptor){.unit = CODE_STORE,
                             .layer = c->graph->node_count - 1,
                             .u.store = {.moves = 1, .words = layout->bytes / DDR_WORD, .place = out->base}},
        error);
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

sned_status accel_compile(struct accel_program *program, const struct graph *graph,
                          const struct accel_config *config, sned_error *error)
{
    struct compiler c = {.graph = graph, .config = config, .emitter = {.program = program, .last = -1}};
    const bool softmax = graph->node_count > 0 && graph->nodes[graph->node_count - 1].op == OP_SOFTMAX;
    const int last = graph->node_count - softmax;
    sned_status status;
    *program = (struct accel_program){.config = config};
    SNED_TRY_DONE(placement_make(&c.placement, graph, last, config, error));
    program->activation_bytes = (int)c.placement.bytes;
    SNED_TRY_DONE(name_layers(program, graph, error));
    SNED_TRY_DONE(compile_input(&c, last, error));
    for (int n = 0; n < last; n++) {
        status = sned_error_context(error, compile_node(&c, n, error), "node '%.80s' (%s)",
                                    graph->nodes[n].name, sned_op_name(graph->nodes[n].op));
        if (status != SNED_OK)
            goto done;
    }
    SNED_TRY_DONE(compile_output(&c, softmax ? graph->nodes[last].inputs[0] : graph->output, error));
    SNED_TRY_DONE(emit_end(&c.emitter, error));
done:
    placement_free(&c.placement);
    emitter_free(&c.emitter);
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
