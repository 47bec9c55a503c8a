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

static int last_of(const struct graph *graph)
{
    return graph->node_count -
           (graph->node_count > 0 && graph->nodes[graph->node_count - 1].op == OP_SOFTMAX);
}

/* The first layers in the fewest strips with which all fits in `bytes`; of these the longest beginning. *cut
 * stays NULL where `most` strips do not suffice. */
static sned_status cut(struct compiler *c, const struct graph *graph, int64_t bytes, int most,
                       struct graph **cut, sned_error *error)
{
    struct accel_config smaller = *c->config;
    const int chain = sned_graph_chain(graph);
    smaller.activation_bytes = bytes;
    for (int strips = 2; strips <= most; strips++)
        for (int length = chain; length > 1; length--) {
            struct graph *tried;
            struct placement placement;
            SNED_TRY(sned_graph_copy(&tried, graph, error));
            if (sned_graph_cut_rows(tried, length, strips, NULL) == SNED_OK &&
                placement_make(&placement, tried, last_of(tried), &smaller, NULL) == SNED_OK) {
                placement_free(&c->placement);
                c->placement = placement;
                c->graph = *cut = tried;
                return SNED_OK;
            }
            sned_graph_free(tried);
        }
    return SNED_OK;
}

/* The graph itself, where its activations fit; else, or where two images would not fit beside one another and
 * a few strips help, its beginning in strips. *strips is then the caller's. */
static sned_status place(struct compiler *c, const struct graph *graph, int images, struct graph **strips,
                         sned_error *error)
{
    enum { MOST = 32, FEW = 4 };
    const int64_t bytes = c->config->activation_bytes;
    c->graph = graph;
    const sned_status whole = placement_make(&c->placement, graph, last_of(graph), c->config, error);
    if (whole == SNED_ERROR_UNSUPPORTED) {
        SNED_TRY(cut(c, graph, bytes, MOST, strips, error));
        return *strips ? SNED_OK : whole;
    }
    if (whole == SNED_OK && images > 1 && 2 * c->placement.bytes > bytes)
        return cut(c, graph, bytes / 2, FEW, strips, error);
    return whole;
}

sned_status accel_compile(struct accel_program *program, const struct graph *graph,
                          const struct accel_config *config, int images, sned_error *error)
{
    struct compiler c = {.config = config, .program = program};
    struct graph *strips = NULL;
    sned_status status;
    *program = (struct accel_program){.config = config, .images = images};
    SNED_TRY_DONE(place(&c, graph, images, &strips, error));
    const int last = last_of(c.graph);
    SNED_TRY_DONE(name_layers(program, c.graph, error));
    SNED_TRY_DONE(compile_nodes(&c, last, error));
    const struct spot *in = &c.placement.spots[c.placement.of_tensor[c.graph->input]];
    const struct spot *out =
        &c.placement.spots[c.placement.of_tensor[last < c.graph->node_count ? c.graph->nodes[last].inputs[0]
                                                                            : c.graph->output]];
    program->input = layout_of(in);
    program->output = layout_of(out);
    program->activation_bytes = (int)divide_up(c.placement.bytes, DDR_WORD) * DDR_WORD;
    SNED_TRY_DONE(schedule(program, &c.steps, in->base, out->base, error));
done:
    placement_free(&c.placement);
    step_list_free(&c.steps);
    sned_graph_free(strips);
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
