/*
 * accel_networks.h - random integer networks of what the accelerator does, and a picture through one of them
 * by the runtime: for the tests of compiler, golden model and RTL.
 */
#ifndef SNED_TESTS_COMMON_ACCEL_NETWORKS_H
#define SNED_TESTS_COMMON_ACCEL_NETWORKS_H

#include "tests/common/random_graphs.h"

#include "accel/program/program.h"
#include "runtime/runtime.h"

#include <stdlib.h>

static inline struct window accel_random_window(struct random *random, int most, int strides)
{
    struct window w;
    for (int axis = 0; axis < 2; axis++) {
        w.kernel[axis] = random_range(random, 1, most);
        w.stride[axis] = random_range(random, 1, strides);
        w.dilation[axis] = 1;
        w.pad_begin[axis] = random_range(random, 0, w.kernel[axis] / 2);
        w.pad_end[axis] = random_range(random, 0, w.kernel[axis] / 2);
    }
    return w;
}

static inline struct extent accel_extent(const struct graph *graph)
{
    assert_int_equal(sned_graph_infer((struct graph *)graph, NULL), SNED_OK);
    return sned_shape_extent(&graph->tensors[graph->outputs[0]].shape);
}

static inline void accel_no_slope(struct graph *graph)
{
    graph->nodes[graph->node_count - 1].rules[0].slope = 0;
}

/* One more node on the graph's output, of a kind that its size allows. */
static inline void accel_add_random_node(struct graph *graph, struct random *random)
{
    const struct extent e = accel_extent(graph);
    const struct quantization type = graph->tensors[graph->outputs[0]].quantization;
    const int least = e.height < e.width ? e.height : e.width, before = graph->outputs[0];
    const struct window point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    struct node *node;
    switch (random_range(random, 0, 9)) {
    case 0:
        node = add_node(graph, OP_MAX_POOL, &graph->outputs[0], 1, type);
        node->u.pool.window = accel_random_window(random, least < 3 ? least : 3, 3);
        node->u.pool.ceil_mode = random_range(random, 0, 1);
        break;
    case 1:
        node = add_node(graph, OP_AVERAGE_POOL, &graph->outputs[0], 1, random_type(random, false));
        node->u.pool.window = accel_random_window(random, least < 4 ? least : 4, 3);
        for (int axis = 0; axis < 2; axis++)
            node->u.pool.window.pad_begin[axis] = node->u.pool.window.pad_end[axis] = 0;
        scalings_by_count(node, 16);
        break;
    case 2: {
        random_conv(graph, random, &point, 1, e.channels, random_type(random, false));
        accel_no_slope(graph);
        int pair[2] = {before, graph->outputs[0]};
        node = add_node(graph, OP_ADD, pair, 2, random_type(random, false));
        set_scalings(node, 2);
        node->rules[0].scalings[0] = (struct scaling){40000, 16};
        node->rules[0].scalings[1] = (struct scaling){(uint16_t)random_range(random, 0, 65535), 16};
        break;
    }
    case 3: {
        random_conv(graph, random, &point, 1, random_range(random, 1, 7), unsigned8);
        accel_no_slope(graph);
        int parts[2] = {graph->outputs[0]};
        graph->outputs[0] = before;
        const struct window same = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
        random_conv(graph, random, &same, 1, random_range(random, 1, 7), unsigned8);
        accel_no_slope(graph);
        parts[1] = graph->outputs[0];
        add_node(graph, OP_CONCAT, parts, 2, unsigned8)->u.concat.axis = 1;
        break;
    }
    case 4: {
        const int size = random_range(random, 1, 9);
        random_lrn(graph, random, size, random_type(random, false));
        break;
    }
    case 5:
        node = add_node(graph, OP_SLICE, &graph->outputs[0], 1, type);
        for (int axis = 0; axis < 4; axis++) {
            const int size = axis == 1 ? e.channels : axis == 2 ? e.height : axis == 3 ? e.width : 1;
            node->u.slice.start[axis] = axis && size > 2 ? random_range(random, 0, 1) : 0;
            node->u.slice.end[axis] = size;
            node->u.slice.step[axis] = random_range(random, 1, 3);
        }
        break;
    case 6:
        node = add_node(graph, OP_PAD, &graph->outputs[0], 1, type);
        for (int axis = 1; axis < 4; axis++) {
            node->u.pad.before[axis] = random_range(random, 0, 2);
            node->u.pad.after[axis] = random_range(random, 0, 2);
        }
        break;
    default: {
        const struct window w =
            accel_random_window(random, least < 5 ? least : 5, random_range(random, 0, 2) ? 1 : 3);
        const int groups = e.channels % 2 == 0 && random_range(random, 0, 2) == 0 ? 2 : 1;
        random_conv(graph, random, &w, groups, (int64_t)groups * random_range(random, 1, 8),
                    random_type(random, false));
        accel_no_slope(graph);
    }
    }
}

/* Convs and pools one behind the other, large before the pools, and an average in the end. */
static inline struct graph *accel_random_chain(uint64_t seed)
{
    struct random random;
    sned_random_seed(&random, seed, 4);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)random_range(&random, 1, 3),
                             (int64_t)random_range(&random, 16, 44), (int64_t)random_range(&random, 12, 32)),
                  random_type(&random, false));
    for (int stage = random_range(&random, 2, 3); stage > 0; stage--) {
        const int channels = random_range(&random, 3, 8);
        for (int n = random_range(&random, 1, 2); n > 0; n--) {
            const struct extent e = accel_extent(graph);
            const struct window w = accel_random_window(&random, e.height < 3 || e.width < 3 ? 1 : 3, 1);
            random_conv(graph, &random, &w, 1, channels, random_type(&random, false));
            accel_no_slope(graph);
        }
        if (random_range(&random, 0, 3) == 0) {
            struct node *relu = add_node(graph, OP_RELU, &graph->outputs[0], 1, unsigned8);
            set_scalings(relu, 1);
            relu->rules[0].scalings[0] = random_scaling(&random, 200);
        }
        const struct extent e = accel_extent(graph);
        if (e.height < 3 || e.width < 2)
            break;
        struct node *node = add_node(graph, OP_MAX_POOL, &graph->outputs[0], 1,
                                     graph->tensors[graph->outputs[0]].quantization);
        node->u.pool.window =
            (struct window){{random_range(&random, 2, 3), 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
        node->u.pool.ceil_mode = random_range(&random, 0, 1);
    }
    const struct extent e = accel_extent(graph);
    scalings_by_count(add_node(graph, OP_GLOBAL_AVERAGE_POOL, &graph->outputs[0], 1, wide16),
                      e.height * e.width);
    accel_extent(graph);
    return graph;
}

/* A few nodes, then scores: by a Gemm, a Conv and an average, or as they are. */
static inline struct graph *accel_random_network(uint64_t seed)
{
    struct random random;
    sned_random_seed(&random, seed, 3);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)random_range(&random, 1, 4),
                             (int64_t)random_range(&random, 6, 20), (int64_t)random_range(&random, 6, 20)),
                  random_type(&random, false));
    for (int n = random_range(&random, 1, 5); n > 0; n--)
        accel_add_random_node(graph, &random);
    const struct extent e = accel_extent(graph);
    switch (random_range(&random, 0, 2)) {
    case 0:
        add_node(graph, OP_FLATTEN, &graph->outputs[0], 1, graph->tensors[graph->outputs[0]].quantization)
            ->u.flatten.axis = 1;
        accel_extent(graph);
        random_gemm(graph, &random, random_range(&random, 1, 12), wide16);
        accel_no_slope(graph);
        break;
    case 1: {
        struct node *node = add_node(graph, OP_GLOBAL_AVERAGE_POOL, &graph->outputs[0], 1, wide16);
        scalings_by_count(node, e.height * e.width);
        break;
    }
    default:
        break;
    }
    accel_extent(graph);
    return graph;
}

/* ---- pictures ---- */

/* The tensor that the ending of output `index` reads, a Softmax say, or the output. */
static inline int accel_last_integers(const struct graph *graph, int index)
{
    const int made = sned_graph_producer(graph, graph->outputs[index]);
    return made >= 0 && sned_op_is_ending(graph->nodes[made].op) ? graph->nodes[made].inputs[0]
                                                                 : graph->outputs[index];
}

/* A random picture as a program takes it, and what the runtime makes of it. */
struct accel_picture {
    uint8_t *block;        /* [program->input.bytes] */
    sned_context *context; /* of the runtime, with all activations */
    int16_t *results;      /* the elements of all outputs of the program, one output behind the other */
};

static inline size_t accel_result_elements(const struct accel_program *program)
{
    size_t count = 0;
    for (int k = 0; k < program->output_count; k++)
        count += layout_element_count(&program->outputs[k].layout);
    return count;
}

/* The elements of one image's blocks, as struct accel_picture has them. */
static inline void accel_unpack_results(int16_t *results, const struct accel_program *program,
                                        const uint8_t *blocks)
{
    for (int k = 0; k < program->output_count; k++) {
        const struct program_output *output = &program->outputs[k];
        layout_unpack(results, &output->layout, blocks + output->offset);
        results += layout_element_count(&output->layout);
    }
}

static inline void accel_run_picture(struct accel_picture *picture, const struct accel_program *program,
                                     const struct graph *graph, const float *values, float *floats)
{
    sned_error error = {0};
    int16_t *result = picture->results;
    if (sned_run_values(picture->context, values, 1, floats, &error) != SNED_OK)
        fail_msg("%s", error.message);
    for (int k = 0; k < program->output_count; k++) {
        const int tensor = program->outputs[k].tensor;
        const size_t count = sned_shape_elements(&graph->tensors[tensor].shape);
        assert_int_equal(count, layout_element_count(&program->outputs[k].layout));
        for (size_t i = 0; i < count; i++)
            *result++ = (int16_t)sned_context_activation(picture->context, tensor)[i];
    }
}

static inline struct accel_picture accel_picture_new(const struct accel_program *program,
                                                     const sned_model *model, struct random *random)
{
    const struct graph *graph = sned_model_graph(model);
    const struct tensor *in = &graph->tensors[graph->input];
    const size_t pixels = sned_shape_elements(&in->shape),
                 count = sned_shape_elements(&graph->tensors[graph->outputs[0]].shape);
    int32_t *input = calloc(pixels, sizeof *input);
    float *values = calloc(pixels, sizeof *values), *floats = calloc(count, sizeof *floats);
    uint8_t *bytes = calloc(pixels, 1);
    struct accel_picture picture = {.block = calloc((size_t)program->input.bytes, 1),
                                    .results =
                                        calloc(accel_result_elements(program), sizeof *picture.results)};
    random_input(graph, random, input);
    for (size_t i = 0; i < pixels; i++) {
        values[i] = (float)input[i] * in->quantization.scale;
        bytes[i] = (uint8_t)input[i];
    }
    layout_pack(picture.block, &program->input, bytes);
    assert_int_equal(sned_context_new_keep(&picture.context, model, NULL), SNED_OK);
    accel_run_picture(&picture, program, graph, values, floats);
    free(input);
    free(values);
    free(floats);
    free(bytes);
    return picture;
}

static inline void accel_picture_free(struct accel_picture *picture)
{
    sned_context_free(picture->context);
    free(picture->block);
    free(picture->results);
}

#endif
