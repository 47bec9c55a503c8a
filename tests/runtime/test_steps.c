/*
 * test_steps.c - which steps a graph becomes, where what they read and write lies in memory, and that a
 * whole network gives what docs/arithmetic.md's plain loops (oracle.h) give.
 */
#include "tests/common/random_graphs.h"
#include "tests/common/oracle.h"

#include "runtime/model.h"
#include "runtime/runtime.h"

/* Conv, Flatten, Reshape, Gemm, Reshape. */
static struct graph *network_with_reshapes(void)
{
    const struct window point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    struct random random;
    sned_random_seed(&random, 15, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)6, (int64_t)5), signed8);
    random_conv(graph, &random, &point, 1, 4, unsigned8);
    add_node(graph, OP_FLATTEN, graph->outputs, 1, unsigned8)->u.flatten.axis = 1;
    struct node *node = add_node(graph, OP_RESHAPE, graph->outputs, 1, unsigned8);
    node->u.reshape.shape = sned_shape(2, (int64_t)1, (int64_t)120);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    random_gemm(graph, &random, 6, wide16);
    node = add_node(graph, OP_RESHAPE, graph->outputs, 1, wide16);
    node->u.reshape.shape = sned_shape(3, (int64_t)1, (int64_t)2, (int64_t)3);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

/* The values of a random image, and what the document makes of it: activations [tensor_count]. */
static float *random_image(const struct graph *graph, uint64_t seed, int32_t **activations)
{
    const struct tensor *input = &graph->tensors[graph->input];
    const size_t elements = sned_shape_elements(&input->shape);
    float *values = calloc(elements, sizeof *values);
    struct random random;
    sned_random_seed(&random, seed, 0);
    for (int t = 0; t < graph->tensor_count; t++)
        if (!graph->tensors[t].data)
            activations[t] = calloc(sned_shape_elements(&graph->tensors[t].shape), sizeof(int32_t));
    random_input(graph, &random, activations[graph->input]);
    for (size_t i = 0; i < elements; i++)
        values[i] = (float)activations[graph->input][i] * input->quantization.scale;
    oracle_run(graph, activations);
    return values;
}

static void expect_outputs(sned_context *context, const struct graph *graph, const float *values,
                           int32_t *const *activations)
{
    float *outputs[GRAPH_MAX_OUTPUTS];
    for (int k = 0; k < graph->output_count; k++)
        outputs[k] = calloc(sned_shape_elements(&graph->tensors[graph->outputs[k]].shape), sizeof(float));
    assert_int_equal(sned_run_values_outputs(context, values, 1, outputs, graph->output_count, NULL),
                     SNED_OK);
    for (int k = 0; k < graph->output_count; k++) {
        const struct tensor *output = &graph->tensors[graph->outputs[k]];
        for (size_t i = 0; i < sned_shape_elements(&output->shape); i++)
            assert_true(outputs[k][i] ==
                        output->quantization.scale * (float)activations[graph->outputs[k]][i]);
        free(outputs[k]);
    }
}

/* A random image through a context that keeps all and one that does not: every kept activation is the
 * document's, and so are the outputs of both. */
static void expect_document(const sned_model *model, uint64_t seed)
{
    const struct graph *graph = sned_model_graph(model);
    int32_t **activations = calloc((size_t)graph->tensor_count, sizeof *activations);
    float *values = random_image(graph, seed, activations);
    sned_context *keep, *lean;
    assert_int_equal(sned_context_new_keep(&keep, model, NULL), SNED_OK);
    assert_int_equal(sned_context_new(&lean, model, NULL), SNED_OK);
    expect_outputs(keep, graph, values, activations);
    expect_outputs(lean, graph, values, activations);
    for (int t = 0; t < graph->tensor_count; t++)
        if (activations[t])
            assert_memory_equal(sned_context_activation(keep, t), activations[t],
                                sned_shape_elements(&graph->tensors[t].shape) * sizeof(int32_t));
    for (int t = 0; t < graph->tensor_count; t++)
        free(activations[t]);
    free(activations);
    free(values);
    sned_context_free(keep);
    sned_context_free(lean);
}

static void every_activation_of_a_network_equals_the_document(void **state)
{
    sned_model *model;
    sned_error error = {0};
    if (sned_model_from_graph(&model, branching_network(11), &error) != SNED_OK)
        fail_msg("%s", error.message);
    for (uint64_t image = 0; image < 3; image++)
        expect_document(model, 12 + image);
    sned_close(model);
}

static void what_only_changes_the_shape_is_no_step(void **state)
{
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, network_with_reshapes(), NULL), SNED_OK);
    const struct graph *graph = sned_model_graph(model);
    const struct plan *plan = &model->plan;
    assert_int_equal(graph->node_count, 5);
    assert_int_equal(plan->step_count, 2);
    assert_int_equal(plan->steps[0].node, 0);
    assert_int_equal(plan->steps[1].node, 3);
    for (int n = 1; n < 3; n++)
        assert_int_equal(plan->tensors[graph->nodes[n].outputs[0]],
                         plan->tensors[graph->nodes[0].outputs[0]]);
    assert_int_equal(plan->tensors[graph->outputs[0]], plan->tensors[graph->nodes[3].outputs[0]]);
    expect_document(model, 16);
    sned_close(model);
}

/* The output is the input under another shape: no step at all. */
static void a_network_of_a_flatten_alone_gives_its_input(void **state)
{
    sned_model *model;
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)2, (int64_t)3, (int64_t)4), signed8);
    add_node(graph, OP_FLATTEN, graph->outputs, 1, signed8)->u.flatten.axis = 1;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    assert_int_equal(model->plan.step_count, 0);
    expect_document(model, 17);
    sned_close(model);
}

/* The second piece is read long after the first one, which is an output of the graph. */
static void pieces_of_a_split_live_as_long_as_they_are_read(void **state)
{
    const struct window same = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    struct random random;
    sned_model *model;
    sned_random_seed(&random, 23, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)6, (int64_t)8, (int64_t)8), signed8);
    random_split(graph, &random, signed8, 1, 2);
    const int *pieces = graph->nodes[0].outputs;
    random_conv(graph, &random, &same, 1, 5, signed8);
    random_conv(graph, &random, &same, 1, 4, signed8);
    const int both[2] = {graph->outputs[0], pieces[1]};
    add_node(graph, OP_CONCAT, both, 2, signed8)->u.concat.axis = 1;
    const int results[2] = {graph->outputs[0], pieces[0]};
    assert_int_equal(sned_graph_set_outputs(graph, results, 2, NULL), SNED_OK);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    expect_document(model, 24);
    sned_close(model);
}

/* The nodes that are steps, one digit each. */
static void expect_steps(const sned_model *model, const char *nodes)
{
    char steps[16] = "";
    for (int s = 0; s < model->plan.step_count; s++)
        steps[s] = (char)('0' + model->plan.steps[s].node);
    assert_string_equal(steps, nodes);
}

/* Two convolutions of one input, a Concat of both along `axis`, and another one of that and a third. */
static struct graph *network_of_concats(int axis)
{
    const struct window same = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    struct random random;
    int made[3], both[2];
    sned_random_seed(&random, 31, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)5, (int64_t)7), signed8);
    for (int i = 0; i < 3; i++) {
        graph->outputs[0] = graph->input;
        random_conv(graph, &random, &same, 1, 3, signed8);
        made[i] = graph->outputs[0];
    }
    add_node(graph, OP_CONCAT, made, 2, signed8)->u.concat.axis = axis;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    both[0] = graph->outputs[0];
    graph->outputs[0] = made[2];
    if (axis == 2) { /* as high as the two */
        add_node(graph, OP_CONCAT, (int[2]){made[2], made[2]}, 2, signed8)->u.concat.axis = axis;
        assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    }
    both[1] = graph->outputs[0];
    add_node(graph, OP_CONCAT, both, 2, signed8)->u.concat.axis = 1;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

/* The inner Concat is the first part of the outer one. */
static void what_a_concat_of_channels_reads_is_made_in_it(void **state)
{
    enum { PLANE = 5 * 7 };
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, network_of_concats(1), NULL), SNED_OK);
    const struct graph *graph = sned_model_graph(model);
    const size_t *tensors = model->plan.tensors, start = tensors[graph->outputs[0]];
    expect_steps(model, "012");
    assert_int_equal(tensors[graph->nodes[0].outputs[0]], start);
    assert_int_equal(tensors[graph->nodes[1].outputs[0]], start + 3 * PLANE);
    assert_int_equal(tensors[graph->nodes[2].outputs[0]], start + 6 * PLANE);
    expect_document(model, 32);
    sned_close(model);
}

/* Along the rows of several channels, and of one tensor twice; what these two make is parts of the last. */
static void a_concat_whose_numbers_must_move_is_a_step(void **state)
{
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, network_of_concats(2), NULL), SNED_OK);
    expect_steps(model, "01234");
    expect_document(model, 33);
    sned_close(model);
}

/* Two Concats read the second convolution: it lies in the later one, and the other copies. */
static void a_tensor_lies_in_one_concat(void **state)
{
    sned_model *model;
    struct graph *graph = network_of_concats(1);
    const int made = graph->nodes[1].outputs[0];
    const int both[2] = {graph->outputs[0], made};
    add_node(graph, OP_CONCAT, both, 2, signed8)->u.concat.axis = 1;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    expect_steps(model, "0123");
    expect_document(model, 34);
    sned_close(model);
}

static void pieces_of_channels_are_no_steps(void **state)
{
    enum { PLANE = 4 * 5 };
    struct random random;
    sned_model *model;
    sned_random_seed(&random, 35, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)6, (int64_t)4, (int64_t)5), signed8);
    random_split(graph, &random, signed8, 1, 2);
    const int64_t second = graph->nodes[0].u.split.sizes[0];
    struct node *slice = add_node(graph, OP_SLICE, &graph->nodes[0].outputs[1], 1, signed8);
    for (int axis = 0; axis < 4; axis++) {
        slice->u.slice.step[axis] = 1;
        slice->u.slice.end[axis] = (int[4]){1, (int)(6 - second), 4, 5}[axis];
    }
    slice->u.slice.start[2] = 1; /* rows of each channel: a step */
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    expect_steps(model, second == 5 ? "" : "1");
    assert_int_equal(model->plan.tensors[graph->nodes[0].outputs[1]],
                     model->plan.tensors[graph->input] + (size_t)second * PLANE);
    expect_document(model, 36);
    sned_close(model);
}

/* Conv, Pad, Conv. */
static struct graph *network_with_a_pad(int64_t pad_channels)
{
    const struct window window = {{3, 2}, {2, 1}, {1, 2}, {1, 0}, {0, 1}};
    const int64_t channels = 4 + pad_channels;
    struct random random;
    sned_random_seed(&random, 18, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)9, (int64_t)7), unsigned8);
    random_conv(graph, &random, &window, 1, 4, signed8);
    struct node *pad = add_node(graph, OP_PAD, graph->outputs, 1, signed8);
    memcpy(pad->u.pad.before, (int64_t[4]){0, 0, 1, 3}, sizeof(int64_t[4]));
    memcpy(pad->u.pad.after, (int64_t[4]){0, pad_channels, 2, 0}, sizeof(int64_t[4]));
    random_conv(graph, &random, &window, 1, channels, unsigned8);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

static void a_pad_before_a_conv_is_part_of_its_step(void **state)
{
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, network_with_a_pad(0), NULL), SNED_OK);
    const struct graph *graph = sned_model_graph(model);
    assert_int_equal(model->plan.step_count, 2);
    assert_int_equal(model->plan.steps[1].node, 2);
    assert_int_equal(model->plan.steps[1].inputs[0].tensor, graph->nodes[1].inputs[0]);
    expect_document(model, 19);
    sned_close(model);
}

static void a_pad_of_channels_or_with_another_reader_is_a_step(void **state)
{
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, network_with_a_pad(1), NULL), SNED_OK);
    assert_int_equal(model->plan.step_count, 3);
    expect_document(model, 20);
    sned_close(model);

    struct graph *graph = network_with_a_pad(0);
    add_node(graph, OP_GLOBAL_AVERAGE_POOL, &graph->nodes[1].outputs[0], 1, signed8);
    const int other = graph->outputs[0];
    scalings_by_count(&graph->nodes[3], 200);
    graph->outputs[0] = graph->nodes[2].outputs[0];
    add_node(graph, OP_GLOBAL_AVERAGE_POOL, graph->outputs, 1, signed8);
    scalings_by_count(&graph->nodes[4], 200);
    const int both[2] = {other, graph->outputs[0]};
    add_node(graph, OP_CONCAT, both, 2, signed8)->u.concat.axis = 1;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    assert_int_equal(model->plan.step_count, 5);
    expect_document(model, 21);
    sned_close(model);
}

/* Two Convs, the Add of what they make, and a sparse Conv of 1x1 of that. */
static struct graph *network_of_a_residual(struct quantization first, struct quantization second)
{
    const struct window same = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                        point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}};
    struct random random;
    sned_random_seed(&random, 21, 0);
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)7, (int64_t)9), unsigned8);
    int pair[2];
    random_conv(graph, &random, &same, 1, 24, first);
    pair[0] = graph->outputs[0];
    random_conv(graph, &random, &same, 1, 24, second);
    pair[1] = graph->outputs[0];
    struct node *add = add_node(graph, OP_ADD, pair, 2, unsigned8);
    set_scalings(add, 2);
    add->rules[0].scalings[0] = (struct scaling){40000, 16};
    add->rules[0].scalings[1] = (struct scaling){20000, 16};
    random_conv(graph, &random, &point, 1, 8, signed8);
    struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[3], 0)];
    memset(weights->data, 0, 8 * 24);
    for (int k = 0; k < 8; k++)
        ((int8_t *)weights->data)[k * 24 + k * 5 % 24] = (int8_t)(2 * k - 7);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

/* 63 pixels a channel: the second one begins at 64. What a run gives stays together. */
static void channels_lie_apart_where_a_sparse_conv_takes_them_as_they_lie(void **state)
{
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, network_of_a_residual(unsigned8, signed8), NULL), SNED_OK);
    const struct plan *plan = &model->plan;
    for (int s = 0; s < 3; s++)
        assert_int_equal(plan->steps[s].outputs[0].plane, 64);
    assert_int_equal(plan->steps[3].outputs[0].plane, 63);
    if (strncmp(plan->micro->name, "avx", 3) == 0) {
        assert_true(strcmp(plan->steps[3].form, "sparse") == 0 || strcmp(plan->steps[3].form, "shared") == 0);
        assert_int_equal(plan->steps[3].tasks[0], 0);
        assert_int_equal(plan->steps[3].scratch_size, 0);
    }
    expect_document(model, 37);
    sned_close(model);
}

/* An Add of 16 bits and 8 goes number by number. */
static void images_of_an_add_lie_apart_all_or_none(void **state)
{
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, network_of_a_residual(unsigned8, wide16), NULL), SNED_OK);
    for (int s = 0; s < 4; s++)
        assert_int_equal(model->plan.steps[s].outputs[0].plane, 63);
    expect_document(model, 38);
    sned_close(model);
}

/* Every weight of a Conv is there, and neighbours have other signs, as AVX2 likes it: it takes a dense
 * form. */
static void fill_weights(struct graph *graph, int n)
{
    struct tensor *weights = &graph->tensors[node_weights(&graph->nodes[n], 0)];
    for (size_t i = 0; i < sned_shape_elements(&weights->shape); i++)
        ((int8_t *)weights->data)[i] = (int8_t)((i % 2 ? 1 : -1) * (int)(i * 37 % 127 + 1));
}

/* A Conv of 3x3, two of 1x1 that read it, the Add of what these make, and a Conv of 1x1 and `stride` of
 * that. */
static struct graph *network_of_points(int stride)
{
    const struct window same = {{3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
                        point = {{1, 1}, {1, 1}, {1, 1}, {0, 0}, {0, 0}},
                        last = {{1, 1}, {stride, stride}, {1, 1}, {0, 0}, {0, 0}};
    struct random random;
    sned_random_seed(&random, 22, 0);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)10, (int64_t)14), unsigned8);
    int pair[2];
    random_conv(graph, &random, &same, 1, 64, unsigned8);
    random_conv(graph, &random, &point, 1, 64, signed8);
    pair[0] = graph->outputs[0];
    graph->outputs[0] = graph->nodes[0].outputs[0];
    random_conv(graph, &random, &point, 1, 64, signed8);
    pair[1] = graph->outputs[0];
    struct node *add = add_node(graph, OP_ADD, pair, 2, unsigned8);
    set_scalings(add, 2);
    add->rules[0].scalings[0] = (struct scaling){40000, 16};
    add->rules[0].scalings[1] = (struct scaling){20000, 16};
    random_conv(graph, &random, &last, 1, 36, signed8);
    fill_weights(graph, 1);
    fill_weights(graph, 2);
    fill_weights(graph, 4);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

/* Whether the column takes a dense form for that Conv, one of its own for a stride. */
static bool is_dense(const struct step *conv, int stride)
{
    return strcmp(conv->form, "filter lanes") == 0 || (stride == 1 && strcmp(conv->form, "dense") == 0);
}

/* With AVX-512, whose filter lanes gain by it. */
static void images_lie_in_quads_where_dense_convs_of_1x1_make_and_read_them(void **state)
{
    for (int stride = 1; stride <= 5; stride++) {
        sned_model *model;
        assert_int_equal(sned_model_from_graph(&model, network_of_points(stride), NULL), SNED_OK);
        const struct step *steps = model->plan.steps, *last = &steps[4];
        if (strncmp(model->plan.micro->name, "avx512", 6) == 0) {
            assert_true(is_dense(&steps[1], 1) && is_dense(&steps[2], 1));
            const bool in_quads = stride <= SLIDING_STRIDE && is_dense(last, stride);
            assert_true(in_quads || stride > 1);
            for (int i = 0; i < 2; i++)
                assert_int_equal(steps[3].inputs[i].in_quads, in_quads);
            assert_int_equal(last->inputs[0].in_quads, in_quads);
            assert_int_equal(last->tasks[0] == 0, in_quads);
            assert_int_equal(last->scratch_size == 0, in_quads);
        }
        assert_false(last->outputs[0].in_quads);
        expect_document(model, 39);
        sned_close(model);
    }
}

/* A pool goes by channels: what it reads, and all images of the Add that makes it, do not lie in quads. */
static void an_image_that_a_pool_reads_lies_in_channels(void **state)
{
    struct graph *graph = network_of_points(1);
    sned_model *model;
    const int image = graph->nodes[4].inputs[0];
    add_node(graph, OP_GLOBAL_AVERAGE_POOL, &image, 1, signed8);
    scalings_by_count(&graph->nodes[5], 140);
    assert_int_equal(
        sned_graph_set_outputs(graph, (const int[]){graph->nodes[4].outputs[0], graph->nodes[5].outputs[0]},
                               2, NULL),
        SNED_OK);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    for (int i = 0; i < 2; i++)
        assert_false(model->plan.steps[3].inputs[i].in_quads);
    assert_false(model->plan.steps[4].inputs[0].in_quads);
    expect_document(model, 40);
    sned_close(model);
}

static void memory_is_used_again_when_a_tensor_is_dead(void **state)
{
    sned_model *model;
    assert_int_equal(sned_model_from_graph(&model, branching_network(11), NULL), SNED_OK);
    struct plan keep;
    assert_int_equal(sned_plan_make(&keep, sned_model_graph(model), model->plan.micro, NULL, true, NULL),
                     SNED_OK);
    assert_true(model->plan.size < keep.size);
    sned_plan_free(&keep);
    sned_close(model);
}

/* More than the plan looks for one by one: slices of all sizes, of every second number, which a Concat
 * reads together. */
static void hundreds_of_activations_live_at_once(void **state)
{
    enum { PARTS = 400, MOST = 9 };
    struct random random;
    sned_model *model;
    sned_context *context;
    int parts[PARTS], channels = 0;
    sned_random_seed(&random, 14, 0);
    struct graph *graph = new_graph(sned_shape(2, (int64_t)1, (int64_t)(200 * MOST)), signed8);
    for (int i = 0; i < PARTS; i++) {
        struct node *slice = add_node(graph, OP_SLICE, &graph->input, 1, signed8);
        const int start = random_range(&random, 0, 50), size = 100 * random_range(&random, 1, MOST - 1);
        slice->u.slice.end[0] = slice->u.slice.step[0] = 1;
        slice->u.slice.start[1] = start;
        slice->u.slice.end[1] = start + 2 * size;
        slice->u.slice.step[1] = 2;
        parts[i] = slice->outputs[0];
        channels += size;
    }
    add_node(graph, OP_CONCAT, parts, PARTS, signed8)->u.concat.axis = 1;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    assert_int_equal(sned_context_new(&context, model, NULL), SNED_OK);
    float values[200 * MOST], *scores = calloc((size_t)channels, sizeof *scores);
    for (int i = 0; i < 200 * MOST; i++)
        values[i] = (float)random_range(&random, -128, 127) * signed8.scale;
    assert_int_equal(sned_run_values(context, values, 1, scores, NULL), SNED_OK);
    for (int i = 0, at = 0; i < PARTS; i++) {
        const int start = (int)graph->nodes[i].u.slice.start[1], end = (int)graph->nodes[i].u.slice.end[1];
        for (int from = start; from < end; from += 2)
            assert_true(scores[at++] == values[from]);
    }
    free(scores);
    sned_context_free(context);
    sned_close(model);
}

/* The pieces of a Split are of one size and begin at one step. Which of them lies first is said by their
 * order in the network, not by where an allocator put them. */
static void blocks_of_one_size_and_time_lie_in_the_networks_order(void **state)
{
    enum { PIECES = 3, PIECE = 4 * 256 };
    struct random random;
    sned_model *model;
    sned_random_seed(&random, 13, 0);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)4, (int64_t)PIECES, (int64_t)256), unsigned8);
    random_split(graph, &random, unsigned8, 2, PIECES);
    assert_int_equal(sned_graph_set_outputs(graph, graph->nodes[0].outputs, PIECES, NULL), SNED_OK);
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    const size_t *tensors = model->plan.tensors;
    const size_t first = tensors[graph->input] + PIECES * PIECE + MICRO_OVER_READ;
    for (int i = 0; i < PIECES; i++)
        assert_int_equal(tensors[graph->nodes[0].outputs[i]], first + (size_t)i * (PIECE + MICRO_OVER_READ));
    sned_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_activation_of_a_network_equals_the_document),
        cmocka_unit_test(what_only_changes_the_shape_is_no_step),
        cmocka_unit_test(a_network_of_a_flatten_alone_gives_its_input),
        cmocka_unit_test(pieces_of_a_split_live_as_long_as_they_are_read),
        cmocka_unit_test(what_a_concat_of_channels_reads_is_made_in_it),
        cmocka_unit_test(a_concat_whose_numbers_must_move_is_a_step),
        cmocka_unit_test(a_tensor_lies_in_one_concat),
        cmocka_unit_test(pieces_of_channels_are_no_steps),
        cmocka_unit_test(a_pad_before_a_conv_is_part_of_its_step),
        cmocka_unit_test(a_pad_of_channels_or_with_another_reader_is_a_step),
        cmocka_unit_test(channels_lie_apart_where_a_sparse_conv_takes_them_as_they_lie),
        cmocka_unit_test(images_of_an_add_lie_apart_all_or_none),
        cmocka_unit_test(images_lie_in_quads_where_dense_convs_of_1x1_make_and_read_them),
        cmocka_unit_test(an_image_that_a_pool_reads_lies_in_channels),
        cmocka_unit_test(memory_is_used_again_when_a_tensor_is_dead),
        cmocka_unit_test(hundreds_of_activations_live_at_once),
        cmocka_unit_test(blocks_of_one_size_and_time_lie_in_the_networks_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
