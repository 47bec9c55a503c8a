/*
 * compile.c - from an integer graph to a program. The way of a graph through accel_compile, and who goes it:
 *
 *      1  the endings go behind all other nodes; they are the host's              results_endings_last
 *      2  each activation gets a place in memory                                  arrange: place/place.h
 *      3  where they do not fit, the first layers are cut into strips of rows     arrange: place/strips.h
 *      4  node after node becomes steps, with their tables and streams            compile_node
 *      5  a Conv and what follows it alone are cut into parts                     parts_cut
 *      6  each step learns which others it waits for                              order_steps
 *      7  where two images do not fit, each gets a head and a tail; again from 4  split
 *      8  input and results get their layouts in DDR                              set_outputs
 *      9  the steps of all images, and the loads for them, go into one list       schedule
 *     10  what was refused is tried without the node that cannot be done and all  compile_or_leave: host.h
 *         behind it, which are the host's, if it takes them
 */
#include "accel/place/arrange.h"
#include "accel/place/beside.h"
#include "accel/compiler/compile.h"
#include "accel/compiler/host.h"
#include "accel/program/numbers.h"
#include "accel/program/results.h"
#include "accel/compiler/order.h"
#include "accel/compiler/parts.h"
#include "accel/compiler/schedule.h"
#include "graph/operator.h"

#include <stdlib.h>

static struct layout layout_of(const struct spot *spot)
{
    const int block = (int)(spot->wide ? spot->bytes / 2 : spot->bytes);
    return (struct layout){.extent = spot->extent,
                           .stride = {spot->phases.stride[0], spot->phases.stride[1]},
                           .pitch = spot->pitch,
                           .plane = spot->plane,
                           .is_signed = spot->is_signed,
                           .wide = spot->wide,
                           .upper = block,
                           .bytes = (int)divide_up(spot->bytes, DDR_WORD) * DDR_WORD};
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

/* Of a node without scalings a slope means nothing. */
static sned_status check_slope(const struct integer_rule *rule, sned_error *error)
{
    if (rule->slope && rule->scaling_count)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the accelerator has no LeakyRelu");
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
        sned_status status = check_slope(&c->graph->nodes[n].rules[0], error);
        if (status == SNED_OK)
            status = compile_node(c, n, error);
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

/* All steps of an image, with the memory as it is, or cut. */
static sned_status compile_image(struct compiler *c, struct arrangement *a, sned_error *error)
{
    SNED_TRY(compile_nodes(c, a->last, error));
    if (c->program->images > 1 && 2 * a->placement.bytes > c->config->activation_bytes && split(c, a)) {
        step_list_free(&c->steps);
        SNED_TRY(compile_nodes(c, a->last, error));
    }
    return SNED_OK;
}

/* ---- results ---- */

/* Each result's layout and place, image after image; places[]: where its spot begins. `results`: of the
 * network that was compiled, `placed`: the same of the one that is placed, which may be its strips. */
static sned_status set_outputs(struct accel_program *program, const struct compiler *c,
                               const struct results *results, const struct results *placed,
                               int64_t places[RESULTS_MOST], sned_error *error)
{
    SNED_TRY(sned_alloc(&program->outputs, (size_t)results->count, sizeof *program->outputs, error));
    program->output_count = results->count;
    for (int i = 0; i < results->count; i++) {
        const struct spot *spot = placement_spot(c->placement, placed->tensors[i]);
        struct program_output *output = &program->outputs[i];
        *output = (struct program_output){
            .tensor = results->tensors[i], .layout = layout_of(spot), .offset = program->output_bytes};
        program->output_bytes += output->layout.bytes;
        places[i] = spot->base;
    }
    return SNED_OK;
}

/* The steps of all images as a list. */
static sned_status compile_images(struct compiler *c, const struct results *results, int last,
                                  sned_error *error)
{
    const struct spot *in = placement_spot(c->placement, c->graph->input);
    const struct results placed = results_of(c->graph, last);
    int64_t places[RESULTS_MOST];
    c->program->input = layout_of(in);
    SNED_TRY(set_outputs(c->program, c, results, &placed, places, error));
    return schedule(c->program, &c->steps, c->placement, in->base, places, error);
}

/* The nodes of `graph` before the last `host_nodes`. *failed: the one that cannot be compiled, or -1. */
static sned_status compile(struct accel_program *program, const struct graph *graph,
                           const struct accel_config *config, const struct accel_request *request,
                           int host_nodes, int *failed, sned_error *error)
{
    struct arrangement arrangement;
    struct compiler c = {.config = config, .program = program, .parts = request->parts, .failed = -1};
    const struct results results = results_of(graph, graph->node_count - host_nodes);
    sned_status status;
    *program = (struct accel_program){.config = config, .images = request->images};
    SNED_TRY_DONE(arrange(&arrangement, graph, host_nodes, config, request, error));
    c.graph = arrangement.graph;
    c.placement = &arrangement.placement;
    c.in_parts = arrangement.stay == STAY_PARTS;
    SNED_TRY_DONE(name_layers(program, c.graph, error));
    SNED_TRY_DONE(compile_image(&c, &arrangement, error));
    SNED_TRY_DONE(compile_images(&c, &results, arrangement.last, error));
done:
    *failed = arrangement.strips ? -1 : c.failed;
    arrangement_free(&arrangement);
    step_list_free(&c.steps);
    if (status != SNED_OK)
        accel_program_free(program);
    return status;
}

/* ---- all, or what comes before the host's ---- */

/* Of a network whose endings are its last nodes, all others, or what comes before one that is refused. *last:
 * nodes before it are the accelerator's. */
static sned_status compile_or_leave(struct accel_program *program, const struct graph *graph,
                                    const struct accel_config *config, const struct accel_request *request,
                                    int *last, sned_error *error)
{
    const int endings = results_endings(graph), all = graph->node_count - endings;
    sned_error first = {0};
    int failed;
    *last = all;
    sned_status status = compile(program, graph, config, request, endings, &failed, &first);
    sned_error later = first;
    while (status == SNED_ERROR_UNSUPPORTED && request->to_host) {
        *last = host_from(graph, failed >= 0 ? failed : *last - 1);
        if (*last <= 0)
            break;
        status = compile(program, graph, config, request, graph->node_count - *last, &failed, &later);
    }
    if (status == SNED_OK && *last < all) {
        status = sned_strdup(&program->why, first.message, &later);
        if (status != SNED_OK)
            accel_program_free(program);
    }
    if (status != SNED_OK && error)
        *error = status == SNED_ERROR_UNSUPPORTED ? first : later;
    return status;
}

sned_status accel_compile(struct accel_program *program, const struct graph *graph,
                          const struct accel_config *config, const struct accel_request *request,
                          sned_error *error)
{
    struct graph *sorted;
    int last;
    *program = (struct accel_program){0};
    SNED_TRY(results_endings_last(&sorted, graph, error));
    const sned_status status =
        compile_or_leave(program, sorted ? sorted : graph, config, request, &last, error);
    if (status == SNED_OK)
        program->host_first = host_first(graph, last);
    sned_graph_free(sorted);
    return status;
}

void accel_program_free(struct accel_program *program)
{
    for (int l = 0; l < program->layer_count; l++)
        free(program->layers[l].name);
    free(program->layers);
    free(program->outputs);
    free(program->why);
    sned_buffer_free(&program->image);
    *program = (struct accel_program){0};
}
