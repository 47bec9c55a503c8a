/*
 * compile.c - from an integer graph to a program: places, then node after node as steps, then these for all
 * images in one list.
 */
#include "accel/place/arrange.h"
#include "accel/place/beside.h"
#include "accel/compiler/compile.h"
#include "accel/program/numbers.h"
#include "accel/compiler/order.h"
#include "accel/compiler/parts.h"
#include "accel/compiler/schedule.h"

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
    if (node->rules[0].slope && node->rules[0].scaling_count) /* of others it means nothing */
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the accelerator has no LeakyRelu");
    switch (node->op) {
    case OP_CONV:
        if (placement_copy(c->placement, n))
            SNED_TRY(compile_copy(c, n, error));
        return compile_conv(c, n, error);
    case OP_GEMM:
        return compile_gemm(c, n, error);
    case OP_FLATTEN:
    case OP_RESHAPE:
        return SNED_OK; /* a matter of places */
    default:
        return placement_needs_step(c->placement, n) ? compile_vector(c, n, error) : SNED_OK;
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
    int begin = 0, end = -1; /* the nodes that may go in parts together */
    for (int n = 0; n < last; n++) {
        if (n > end) {
            begin = n;
            end = beside_parts(c->graph, n, last);
        }
        c->program->layers[n].issued = 0;
        sned_status status = compile_node(c, n, error);
        if (status == SNED_OK && c->in_parts && n == end && end > begin)
            status = parts_cut(&c->steps, c->parts, c->config, error);
        if (status != SNED_OK)
            c->failed = n;
        SNED_TRY(sned_error_context(error, status, "node '%.80s' (%s)", c->graph->nodes[n].name,
                                    sned_op_name(c->graph->nodes[n].op)));
    }
    return order_steps(&c->steps, c->graph, c->placement, error);
}

/* Of an image's steps for nodes before `cut`. */
static int64_t cycles_before(const struct step_list *steps, int cut)
{
    int64_t cycles = 0;
    for (int t = 0; t < steps->task_count && steps->tasks[t].work.layer < cut; t++)
        cycles += steps->tasks[t].cycles;
    return cycles;
}

/* A head and a tail for two images at once, the longer of them as short as memory allows. The picture, which
 * is loaded before, is for the head alone. Returns whether the placement is a new one. */
static bool split(const struct compiler *c, struct arrangement *a)
{
    const int picture_dies = placement_spot(&a->placement, a->graph->input)->dies;
    const int64_t all = cycles_before(&c->steps, a->last);
    int64_t least = all;
    for (int cut = picture_dies + 1; cut < a->last; cut++) {
        const int64_t head = cycles_before(&c->steps, cut), longer = larger(head, all - head);
        if (longer < least && arrange_split(a, cut, NULL) == SNED_OK)
            least = longer;
    }
    return least < all;
}

static sned_status compile_arranged(struct compiler *c, struct arrangement *a, sned_error *error)
{
    SNED_TRY(compile_nodes(c, a->last, error));
    if (c->program->images > 1 && 2 * a->placement.bytes > c->config->activation_bytes && split(c, a)) {
        step_list_free(&c->steps);
        SNED_TRY(compile_nodes(c, a->last, error));
    }
    return SNED_OK;
}

/* *failed: the graph's node that cannot be compiled, or -1. */
static sned_status compile(struct accel_program *program, const struct graph *graph,
                           const struct accel_config *config, const struct accel_request *request,
                           int host_nodes, int *failed, sned_error *error)
{
    struct arrangement arrangement;
    struct compiler c = {.config = config, .program = program, .parts = request->parts, .failed = -1};
    sned_status status;
    *program = (struct accel_program){.config = config, .images = request->images, .host_nodes = host_nodes};
    SNED_TRY_DONE(arrange(&arrangement, graph, host_nodes, config, request, error));
    c.graph = arrangement.graph;
    c.placement = &arrangement.placement;
    c.in_parts = arrangement.stay == STAY_PARTS;
    SNED_TRY_DONE(name_layers(program, c.graph, error));
    SNED_TRY_DONE(compile_arranged(&c, &arrangement, error));
    const struct spot *in = placement_spot(c.placement, c.graph->input);
    const struct spot *out = placement_spot(c.placement, accel_result(c.graph, program));
    program->input = layout_of(in);
    program->output = layout_of(out);
    SNED_TRY_DONE(schedule(program, &c.steps, c.placement, in->base, out->base, error));
done:
    *failed = arrangement.strips ? -1 : c.failed;
    arrangement_free(&arrangement);
    step_list_free(&c.steps);
    if (status != SNED_OK)
        accel_program_free(program);
    return status;
}

int accel_result(const struct graph *graph, const struct accel_program *program)
{
    const int last = graph->node_count - program->host_nodes;
    return last < graph->node_count ? graph->nodes[last].inputs[0] : graph->outputs[0];
}

static int ending_nodes(const struct graph *graph)
{
    return graph->node_count > 0 && sned_op_is_ending(graph->nodes[graph->node_count - 1].op);
}

/* ---- all, or what comes before the host's ---- */

/* Do the nodes from `first` on read but one activation of those before, or the picture? */
static bool reads_one(const struct graph *graph, int first)
{
    const int wanted = graph->nodes[first].inputs[0];
    bool one = true;
    for (int n = first; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count; i++) {
            const int tensor = graph->nodes[n].inputs[i];
            if (tensor >= 0 && !graph->tensors[tensor].data && tensor != wanted)
                one = one && sned_graph_producer(graph, tensor) >= first;
        }
    return one && !graph->tensors[wanted].data;
}

sned_status accel_compile(struct accel_program *program, const struct graph *graph,
                          const struct accel_config *config, const struct accel_request *request,
                          sned_error *error)
{
    sned_error first = {0};
    int host_nodes = ending_nodes(graph), failed;
    sned_status status = compile(program, graph, config, request, host_nodes, &failed, &first);
    sned_error later = first;
    while (status == SNED_ERROR_UNSUPPORTED && request->to_host) {
        int last = failed >= 0 ? failed : graph->node_count - host_nodes - 1;
        while (last > 0 && !reads_one(graph, last))
            last--;
        if (last <= 0)
            break;
        host_nodes = graph->node_count - last;
        status = compile(program, graph, config, request, host_nodes, &failed, &later);
    }
    if (status == SNED_OK && host_nodes > ending_nodes(graph)) {
        status = sned_strdup(&program->why, first.message, &later);
        if (status != SNED_OK)
            accel_program_free(program);
    }
    if (status != SNED_OK && error)
        *error = status == SNED_ERROR_UNSUPPORTED ? first : later;
    return status;
}

void accel_program_free(struct accel_program *program)
{
    for (int l = 0; l < program->layer_count; l++)
        free(program->layers[l].name);
    free(program->layers);
    free(program->why);
    sned_buffer_free(&program->image);
    *program = (struct accel_program){0};
}
