/*
 * cycles.c - a whole network on a configuration: each node on its unit, and what bounds the stream of images.
 *
 * The units work side by side on images one behind the other (the FC engine on image n, the lanes on image n
 * + 1; the vector unit on what the lanes of another image wait for), so a frame takes what the busiest of
 * them takes. One image alone goes through all nodes in turn.
 */
#include "accel/cycles/cycles.h"
#include "accel/place/arrange.h"
#include "accel/compiler/compile.h"
#include "accel/compiler/move.h"
#include "accel/program/numbers.h"
#include "accel/program/reduce.h"
#include "accel/program/vector_cycles.h"
#include "base/memory.h"
#include "graph/operator.h"

#include <math.h>
#include <stdlib.h>

/* A non-zero weight of an FC layer in DDR: 8 bits of value, 4 of gap. */
static const double fc_entry_bytes = 1.5;

static int64_t elements_of(const struct graph *graph, int tensor)
{
    return (int64_t)sned_shape_elements(&graph->tensors[tensor].shape);
}

/* From a descriptor's begin to its end, beside what its unit does: rtl/control/sned_queue.sv. */
enum { QUEUE_CYCLES = 10 };

/* Of a network that has no place on chip: what a node asks of the vector unit, as far as it takes time. */
static struct vector_work vector_work_of(const struct graph *graph, const struct node *node)
{
    const struct extent in = sned_shape_extent(&graph->tensors[node->inputs[0]].shape),
                        out = sned_shape_extent(&graph->tensors[node->outputs[0]].shape);
    const int64_t plane = (int64_t)out.height * out.width;
    const enum vector_operation operation = accel_unit_row(node->op)->operation;
    struct vector_work work = {.operation = operation,
                               .channels = out.channels,
                               .length = operation == VECTOR_LRN ? plane : out.channels * plane,
                               .lrn_after = operation == VECTOR_LRN ? node->u.lrn.size / 2 : 0,
                               .out_height = out.height,
                               .out_width = out.width,
                               .kernel_height = 1,
                               .kernel_width = 1,
                               .wide = graph->tensors[node->outputs[0]].quantization.bits == 16};
    if (sned_op_is(node->op, OPERATOR_WINDOW)) {
        work.kernel_height = node->u.pool.window.kernel[0];
        work.kernel_width = node->u.pool.window.kernel[1];
    } else if (sned_op_is(node->op, OPERATOR_AVERAGES)) {
        work.kernel_height = in.height;
        work.kernel_width = in.width;
    }
    if (sned_op_is(node->op, OPERATOR_AVERAGES) && reduce_fits(node, &in, &out)) {
        const struct extent rows = reduce_rows(&in, in.width);
        work.operation = VECTOR_REDUCE;
        work.height = rows.height;
        work.width = rows.width;
    }
    return work;
}

/* What goes from one input to one output: a copy of as many channels, rows and columns. */
static int64_t cycles_of_movement(const struct movement *m, const struct accel_config *config)
{
    const struct extent box = sned_shape_extent(&m->box);
    const struct vector_work copy = {.operation = VECTOR_MAX,
                                     .channels = box.channels,
                                     .out_height = box.height,
                                     .out_width = box.width,
                                     .kernel_height = 1,
                                     .kernel_width = 1};
    return vector_cycles(&copy, config) + QUEUE_CYCLES;
}

/* And the zeros around them, which a sum of nothing makes. */
static int64_t cycles_of_moves(const struct graph *graph, const struct node *node,
                               const struct accel_config *config)
{
    int64_t cycles = 0;
    struct movement m;
    for (int o = 0; o < node->output_count; o++) {
        const struct vector_work zeros = {.operation = VECTOR_ADD,
                                          .length = elements_of(graph, node->outputs[o])};
        for (int i = 0; i < node->input_count; i++)
            if (sned_node_movement(graph, node, i, o, &m))
                cycles += cycles_of_movement(&m, config);
        if (move_leaves_zeros(graph, node, o))
            cycles += vector_cycles(&zeros, config) + QUEUE_CYCLES;
    }
    return cycles;
}

static sned_status estimated(int64_t *cycles, const struct graph *graph, const struct node *node,
                             const struct accel_config *config, sned_error *error)
{
    const struct unit_row *row = accel_unit_row(node->op);
    *cycles = 0;
    if (row->unit == UNIT_HOST)
        return SNED_OK;
    SNED_TRY(compile_check(node->op, error));
    if (row->unit != UNIT_VECTOR || node->op == OP_CONCAT) /* what it joins is made in its place */
        return SNED_OK;
    if (sned_op_is(node->op, OPERATOR_MOVES)) {
        *cycles = cycles_of_moves(graph, node, config);
    } else {
        const struct vector_work work = vector_work_of(graph, node);
        *cycles = vector_cycles(&work, config) + QUEUE_CYCLES;
    }
    return SNED_OK;
}

/* Of a network that is placed: the steps of the vector unit that the compiler makes of a node, or of the
 * space-to-depth copy that a strided Conv reads. */
static sned_status compiled(int64_t *cycles, const struct graph *graph, int index,
                            const struct accel_config *config, const struct placement *placement,
                            sned_error *error)
{
    const enum accel_unit unit = accel_unit_row(graph->nodes[index].op)->unit;
    struct compiler c = {.graph = graph, .config = config, .placement = placement};
    sned_status status = SNED_OK;
    if (unit == UNIT_LANES)
        status = compile_copy(&c, index, error);
    else if (unit != UNIT_HOST)
        status = compile_node(&c, index, error);
    *cycles = 0;
    for (int t = 0; t < c.steps.task_count; t++)
        *cycles += c.steps.tasks[t].cycles + QUEUE_CYCLES;
    step_list_free(&c.steps);
    return status;
}

static void count_fc(struct node_cycles *count, const struct graph *graph, const struct node *node,
                     const struct accel_config *config, const struct cycles_options *options)
{
    const double fetched = (double)sned_node_kept(graph, node) * options->fc_input;
    count->unit = UNIT_FC;
    count->macs = (int64_t)sned_node_kept(graph, node);
    count->weight_bytes = (int64_t)(fetched * fc_entry_bytes);
    count->cycles =
        (int64_t)ceil(fmax(fetched / config->fc_lanes, (double)count->weight_bytes / config->ddr_bytes));
}

/* Of a network that has no place on chip: what does not fit beside its input stays in DDR. */
static int64_t spilled_bytes(const struct graph *graph, const struct node *node,
                             const struct placement *placement, const struct accel_config *config)
{
    int64_t bytes = elements_of(graph, node->inputs[0]);
    for (int o = 0; o < node->output_count; o++)
        bytes += elements_of(graph, node->outputs[o]);
    return !placement->spots && bytes > config->activation_bytes ? bytes : 0;
}

static sned_status count_node(struct node_cycles *count, const struct graph *graph, int index,
                              const struct accel_config *config, const struct cycles_options *options,
                              const struct placement *placement, sned_error *error)
{
    const struct node *node = &graph->nodes[index];
    const enum accel_unit unit = accel_unit_row(node->op)->unit;
    if (unit == UNIT_FC) {
        count_fc(count, graph, node, config, options);
        return SNED_OK;
    }
    int64_t vector;
    const sned_status status = placement->spots ? compiled(&vector, graph, index, config, placement, error)
                                                : estimated(&vector, graph, node, config, error);
    SNED_TRY(sned_error_context(error, status, "node '%.80s' (%s)", node->name, sned_op_name(node->op)));
    if (unit == UNIT_LANES) {
        SNED_TRY(cycles_of_conv(count, graph, node, config, error));
        count->copy = vector;
        count->activation_bytes = spilled_bytes(graph, node, placement, config);
        const int64_t ddr =
            (int64_t)((double)(count->activation_bytes + count->weight_bytes) / config->ddr_bytes);
        count->idle += (larger(count->cycles, ddr) - count->cycles) * config->lanes;
        count->cycles = larger(count->cycles, ddr);
    } else if (vector) {
        count->unit = UNIT_VECTOR;
        count->cycles = vector;
    }
    return SNED_OK;
}

static void add_up(struct network_cycles *result, const struct accel_config *config)
{
    double issued = 0, bytes = 0;
    for (int n = 0; n < result->graph->node_count; n++) {
        const struct node_cycles *node = &result->nodes[n];
        result->lanes += node->unit == UNIT_LANES ? node->cycles : 0;
        result->vector += (node->unit == UNIT_VECTOR ? node->cycles : 0) + node->copy;
        result->fc += node->unit == UNIT_FC ? node->cycles : 0;
        result->macs += node->unit == UNIT_LANES ? node->macs : 0;
        issued += (double)node->issued;
        bytes += (double)(node->weight_bytes + node->activation_bytes);
    }
    result->ddr = (int64_t)(bytes / config->ddr_bytes);
    result->frame = larger(larger(result->lanes, result->vector), larger(result->fc, result->ddr));
    result->latency = result->lanes + result->vector + result->fc;
    const double cycles = (double)result->lanes * config->lanes;
    if (cycles > 0) {
        result->issued = issued / cycles;
        result->useful = (double)result->macs / (cycles * 2 * config->pixels);
    }
}

sned_status cycles_count(struct network_cycles *result, const struct graph *graph,
                         const struct accel_config *config, const struct cycles_options *options,
                         sned_error *error)
{
    static const struct accel_request one = {.images = 1, .parts = 1};
    struct arrangement arrangement;
    sned_status status;
    /* What does not fit on chip is counted all the same. */
    if (arrange(&arrangement, graph, 0, config, &one, NULL) != SNED_OK)
        arrangement.graph = graph;
    *result = (struct network_cycles){.graph = arrangement.graph, .strips = arrangement.strips};
    SNED_TRY_DONE(
        sned_alloc(&result->nodes, (size_t)arrangement.graph->node_count, sizeof *result->nodes, error));
    for (int n = 0; n < arrangement.graph->node_count; n++)
        SNED_TRY_DONE(count_node(&result->nodes[n], arrangement.graph, n, config, options,
                                 &arrangement.placement, error));
    add_up(result, config);
done:
    arrangement.strips = NULL; /* the result's */
    arrangement_free(&arrangement);
    if (status != SNED_OK)
        cycles_free(result);
    return status;
}

void cycles_free(struct network_cycles *result)
{
    free(result->nodes);
    sned_graph_free(result->strips);
    *result = (struct network_cycles){0};
}
