/*
 * test_compact.c - filters of zeros and channels that nobody reads leave a network, whose function stays. The
 * judge is the plain evaluator of graph_evaluate.h.
 */
#include "graph/passes/compact.h"
#include "tests/graph/graph_evaluate.h"

static struct tensor *weights_of(struct graph *graph, int node)
{
    return &graph->tensors[graph->nodes[node].inputs[1]];
}

static float *bias_of(struct graph *graph, int node)
{
    return graph->tensors[graph->nodes[node].inputs[2]].data;
}

/* Filter k of a node: its weights are zero, its bias this. */
static void kill_filter(struct graph *graph, int node, int k, float bias)
{
    struct tensor *weights = weights_of(graph, node);
    const size_t length = sned_shape_elements(&weights->shape) / (size_t)weights->shape.dim[0];
    memset((float *)weights->data + (size_t)k * length, 0, length * sizeof(float));
    bias_of(graph, node)[k] = bias;
}

/* Column c of a node's weights. */
static void leave_unread(struct graph *graph, int node, int c)
{
    struct tensor *weights = weights_of(graph, node);
    const size_t columns = (size_t)weights->shape.dim[1];
    const size_t taps = sned_shape_elements(&weights->shape) / ((size_t)weights->shape.dim[0] * columns);
    for (size_t k = 0; k < (size_t)weights->shape.dim[0]; k++)
        memset((float *)weights->data + (k * columns + (size_t)c) * taps, 0, taps * sizeof(float));
}

static sned_status compact(struct graph *graph, sned_error *error)
{
    return sned_graph_compact(graph, NULL, error);
}

static int64_t filters_of(struct graph *graph, int node)
{
    return weights_of(graph, node)->shape.dim[0];
}

static int64_t columns_of(struct graph *graph, int node)
{
    return weights_of(graph, node)->shape.dim[1];
}

/* conv1 (6 filters) - relu - max pool - conv2 (5 filters, these pads) - relu - flatten - fc (4) */
static struct graph *lenet(int pad)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 9, 9));
    append_conv(graph, "conv1", graph->input, 6, 2, 1, window_of(3, 1, 1));
    graph->nodes[0].activation.kind = ACTIVATION_RELU;
    struct node *pool = APPEND(graph, "pool", OP_MAX_POOL, graph->outputs[0]);
    pool->u.pool.window = window_of(3, 2, 1);
    append_conv(graph, "conv2", graph->outputs[0], 5, 6, 1, window_of(3, 1, pad));
    graph->nodes[2].activation.kind = ACTIVATION_RELU;
    APPEND(graph, "flatten", OP_FLATTEN, graph->outputs[0])->u.flatten.axis = 1;
    infer(graph);
    const int inputs = (int)graph->tensors[graph->outputs[0]].shape.dim[1];
    append_gemm(graph, "fc", graph->outputs[0], 4, inputs);
    return graph;
}
enum { CONV1, POOL, CONV2, FLATTEN, FC };

/* ---- chains ---- */

static void a_filter_of_zeros_goes_into_the_next_biases(void **state)
{
    struct graph *graph = lenet(0);
    kill_filter(graph, CONV1, 2, 0.7f);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 5);
    assert_int_equal(columns_of(graph, CONV2), 5);
    sned_graph_free(graph);
}

static void where_pads_show_a_constant_it_stays(void **state)
{
    struct graph *graph = lenet(1);
    kill_filter(graph, CONV1, 2, 0.7f);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 6);
    sned_graph_free(graph);
}

static void a_constant_of_zero_goes_in_spite_of_pads(void **state)
{
    struct graph *graph = lenet(1);
    kill_filter(graph, CONV1, 2, -0.7f); /* and ReLU */
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 5);
    sned_graph_free(graph);
}

static void a_channel_that_nobody_reads_goes(void **state)
{
    struct graph *graph = lenet(1);
    leave_unread(graph, CONV2, 0);
    leave_unread(graph, CONV2, 5);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 4);
    assert_int_equal(columns_of(graph, CONV2), 4);
    sned_graph_free(graph);
}

static void many_columns_of_one_channel_go_behind_flatten(void **state)
{
    struct graph *graph = lenet(0);
    infer(graph);
    const int64_t plane = columns_of(graph, FC) / 5;
    kill_filter(graph, CONV2, 3, 0.4f);
    for (int64_t i = 0; i < plane; i++)
        leave_unread(graph, FC, (int)(1 * plane + i));
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV2), 3);
    assert_int_equal(columns_of(graph, FC), 3 * plane);
    sned_graph_free(graph);
}

static void one_place_of_a_channel_that_is_read_keeps_it(void **state)
{
    struct graph *graph = lenet(0);
    infer(graph);
    const int64_t plane = columns_of(graph, FC) / 5;
    for (int64_t i = 1; i < plane; i++)
        leave_unread(graph, FC, (int)(1 * plane + i));
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV2), 5);
    sned_graph_free(graph);
}

/* What reads only constants is one: a chain of two dead layers goes at once. */
static void a_filter_over_constants_is_one(void **state)
{
    struct graph *graph = lenet(0);
    kill_filter(graph, CONV1, 2, 0.7f);
    for (int c = 0; c < 6; c++)
        if (c != 2)
            for (int i = 0; i < 9; i++)
                ((float *)weights_of(graph, CONV2)->data)[(4 * 6 + c) * 9 + i] = 0;
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 5);
    assert_int_equal(filters_of(graph, CONV2), 4);
    sned_graph_free(graph);
}

/* And what only feeds what nobody reads is not read. */
static void a_chain_that_nobody_reads_goes(void **state)
{
    struct graph *graph = lenet(0);
    infer(graph);
    const int64_t plane = columns_of(graph, FC) / 5;
    for (int64_t i = 0; i < plane; i++)
        leave_unread(graph, FC, (int)(4 * plane + i));
    for (int k = 0; k < 4; k++) /* channel 2 feeds filter 4 alone */
        for (int i = 0; i < 9; i++)
            ((float *)weights_of(graph, CONV2)->data)[(k * 6 + 2) * 9 + i] = 0;
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 5);
    assert_int_equal(filters_of(graph, CONV2), 4);
    sned_graph_free(graph);
}

static void a_layer_without_a_bias_gets_one(void **state)
{
    struct graph *graph = lenet(0);
    kill_filter(graph, CONV1, 2, 0.7f);
    graph->nodes[CONV2].inputs[2] = -1;
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 5);
    assert_true(graph->nodes[CONV2].inputs[2] >= 0);
    assert_string_equal(graph->tensors[graph->nodes[CONV2].inputs[2]].name, "conv2.bias_2");
    sned_graph_free(graph);
}

static void one_filter_stays_in_a_layer_of_zeros(void **state)
{
    struct graph *graph = lenet(0);
    for (int k = 0; k < 6; k++)
        kill_filter(graph, CONV1, k, 0.1f * (float)k);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 1);
    assert_int_equal(filters_of(graph, CONV2), 1); /* all it reads is constant */
    assert_int_equal(filters_of(graph, FC), 4);
    sned_graph_free(graph);
}

static void a_second_run_finds_nothing(void **state)
{
    struct compaction report;
    sned_error error;
    struct graph *graph = lenet(0);
    kill_filter(graph, CONV1, 2, 0.7f);
    kill_filter(graph, CONV2, 1, 0.2f);
    infer(graph);
    succeeds(sned_graph_compact(graph, NULL, &error), &error);
    succeeds(sned_graph_compact(graph, &report, &error), &error);
    assert_int_equal(report.count, 0);
    sned_compaction_free(&report);
    sned_graph_free(graph);
}

/* ---- ends ---- */

static void input_and_outputs_stay(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 5, 5));
    append_conv(graph, "conv", graph->input, 6, 4, 1, window_of(3, 1, 1));
    kill_filter(graph, 0, 3, 0.5f);
    leave_unread(graph, 0, 1);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 6);
    assert_int_equal(columns_of(graph, 0), 4);
    sned_graph_free(graph);
}

static void an_activation_that_is_an_output_too_stays(void **state)
{
    sned_error error;
    struct graph *graph = lenet(0);
    const int outputs[2] = {graph->outputs[0], graph->nodes[POOL].outputs[0]};
    succeeds(sned_graph_set_outputs(graph, outputs, 2, &error), &error);
    kill_filter(graph, CONV1, 2, 0.7f);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 6);
    sned_graph_free(graph);
}

/* ---- ties ---- */

/* x -> stem -> [conv a -> conv b] + stem -> relu -> head */
static struct graph *residual(void)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 6, 6));
    const int stem = append_conv(graph, "stem", graph->input, 4, 3, 1, window_of(3, 1, 1));
    const int a = append_conv(graph, "a", stem, 5, 4, 1, window_of(3, 1, 1));
    graph->nodes[1].activation.kind = ACTIVATION_RELU;
    const int b = append_conv(graph, "b", a, 4, 5, 1, window_of(1, 1, 0));
    APPEND(graph, "sum", OP_ADD, stem, b)->activation.kind = ACTIVATION_RELU;
    append_conv(graph, "head", graph->outputs[0], 2, 4, 1, window_of(3, 1, 0));
    return graph;
}

static void half_of_a_sum_keeps_its_channel(void **state)
{
    struct graph *graph = residual();
    kill_filter(graph, 2, 1, 0.3f);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 2), 4);
    sned_graph_free(graph);
}

static void both_halves_of_a_sum_go_together(void **state)
{
    struct graph *graph = residual();
    kill_filter(graph, 0, 1, 0);
    kill_filter(graph, 2, 1, 0.3f);
    kill_filter(graph, 1, 4, -1);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 3);
    assert_int_equal(filters_of(graph, 1), 4);
    assert_int_equal(filters_of(graph, 2), 3);
    assert_int_equal(columns_of(graph, 4), 3);
    sned_graph_free(graph);
}

/* A constant in the stem shows at the pads of `a`, so the whole unit stays. */
static void a_sum_one_reader_of_which_has_pads_stays(void **state)
{
    struct graph *graph = residual();
    kill_filter(graph, 0, 1, 0.2f);
    kill_filter(graph, 2, 1, 0.3f);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 4);
    sned_graph_free(graph);
}

static void a_factor_of_zero_makes_zero_of_a_product(void **state)
{
    struct graph *graph = residual();
    graph->nodes[3].op = OP_MUL;
    kill_filter(graph, 2, 1, 0);
    leave_unread(graph, 1, 1); /* the other factor is read by the product alone */
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 3);
    assert_int_equal(filters_of(graph, 2), 3);
    sned_graph_free(graph);
}

static void a_depthwise_conv_loses_groups(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 6, 6));
    const int first = append_conv(graph, "first", graph->input, 5, 3, 1, window_of(1, 1, 0));
    const int depthwise = append_conv(graph, "depthwise", first, 10, 5, 5, window_of(3, 1, 1));
    append_conv(graph, "last", depthwise, 2, 10, 1, window_of(1, 1, 0));
    leave_unread(graph, 2, 6); /* both of channel 3 */
    leave_unread(graph, 2, 7);
    leave_unread(graph, 2, 2); /* one of channel 1 */
    kill_filter(graph, 0, 0, 0);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 3);
    assert_int_equal(graph->nodes[1].u.conv.groups, 3);
    assert_int_equal(filters_of(graph, 1), 6);
    assert_int_equal(columns_of(graph, 2), 6);
    sned_graph_free(graph);
}

static void a_group_of_several_channels_goes_as_a_whole(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 6, 6));
    const int first = append_conv(graph, "first", graph->input, 6, 3, 1, window_of(1, 1, 0));
    const int grouped = append_conv(graph, "grouped", first, 9, 6, 3, window_of(3, 1, 1));
    append_conv(graph, "last", grouped, 2, 9, 1, window_of(1, 1, 0));
    for (int c = 3; c < 6; c++)
        leave_unread(graph, 2, c);
    leave_unread(graph, 2, 8);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 4);
    assert_int_equal(graph->nodes[1].u.conv.groups, 2);
    assert_int_equal(columns_of(graph, 1), 2);
    assert_int_equal(columns_of(graph, 2), 6);
    sned_graph_free(graph);
}

static void concat_and_split_count_their_channels_anew(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 6, 6));
    const int64_t sizes[2] = {3, 6};
    const int a = append_conv(graph, "a", graph->input, 4, 3, 1, window_of(3, 1, 1));
    const int b = append_conv(graph, "b", graph->input, 5, 3, 1, window_of(1, 1, 0));
    APPEND(graph, "concat", OP_CONCAT, a, b)->u.concat.axis = 1;
    append_split(graph, "split", graph->outputs[0], 1, sizes, 2);
    const int left = graph->outputs[0], right = graph->outputs[1];
    const int outputs[2] = {append_conv(graph, "left", left, 2, 3, 1, window_of(3, 1, 0)),
                            append_conv(graph, "right", right, 2, 6, 1, window_of(3, 1, 0))};
    sned_error error;
    succeeds(sned_graph_set_outputs(graph, outputs, 2, &error), &error);
    kill_filter(graph, 0, 1, 0.5f);
    kill_filter(graph, 0, 3, 0.25f);
    leave_unread(graph, 5, 5);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 2);
    assert_int_equal(filters_of(graph, 1), 4);
    assert_int_equal(graph->nodes[3].u.split.sizes[0], 2);
    assert_int_equal(graph->nodes[3].u.split.sizes[1], 4);
    sned_graph_free(graph);
}

static void batch_normalization_and_constants_go_along(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 6, 6));
    int x = append_conv(graph, "first", graph->input, 5, 3, 1, window_of(3, 1, 1));
    x = append_batch_normalization(graph, "bn", x, 5);
    x = APPEND(graph, "mul", OP_MUL, x, floats(graph, "factors", SHAPE(5)))->outputs[0];
    x = APPEND(graph, "add", OP_ADD, x, floats(graph, "offset", SHAPE(1)))->outputs[0];
    APPEND(graph, "relu", OP_RELU, x);
    append_conv(graph, "last", graph->outputs[0], 2, 5, 1, window_of(3, 1, 0));
    kill_filter(graph, 0, 2, 1.5f);
    leave_unread(graph, 5, 4);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 3);
    for (int i = 1; i < 5; i++)
        assert_int_equal(graph->tensors[graph->nodes[1].inputs[i]].shape.dim[0], 3);
    assert_int_equal(graph->tensors[graph->nodes[2].inputs[1]].shape.dim[0], 3);
    assert_int_equal(graph->tensors[graph->nodes[3].inputs[1]].shape.dim[0], 1);
    sned_graph_free(graph);
}

static void what_shares_weights_stays(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 6, 6));
    const int x = append_conv(graph, "one", graph->input, 4, 4, 1, window_of(3, 1, 1));
    kill_filter(graph, 0, 1, -1);
    struct node *node =
        APPEND(graph, "two", OP_CONV, x, graph->nodes[0].inputs[1], graph->nodes[0].inputs[2]);
    node->u = graph->nodes[0].u;
    append_conv(graph, "last", graph->outputs[0], 2, 4, 1, window_of(3, 1, 0));
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, 0), 4);
    sned_graph_free(graph);
}

/* A Slice of channels begins where those before it end. */
static void a_slice_of_channels_moves(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 4));
    const int x = append_conv(graph, "first", graph->input, 6, 3, 1, window_of(1, 1, 0));
    struct node *slice = APPEND(graph, "slice", OP_SLICE, x);
    const int64_t end[4] = {1, 5, 4, 4};
    for (int i = 0; i < 4; i++) {
        slice->u.slice.end[i] = end[i];
        slice->u.slice.step[i] = 1;
    }
    slice->u.slice.start[1] = 2;
    append_conv(graph, "last", graph->outputs[0], 2, 3, 1, window_of(1, 1, 0));
    leave_unread(graph, 2, 1);
    infer(graph);
    const float *weights = weights_of(graph, 0)->data;
    const float kept[2] = {weights[2 * 3], weights[4 * 3]};
    succeeds(sned_graph_compact(graph, NULL, &error), &error);
    check(graph);
    /* Channels 0, 1 and 5 are read by nobody, as 3 is. */
    assert_int_equal(filters_of(graph, 0), 2);
    assert_int_equal(graph->nodes[1].u.slice.start[1], 0);
    assert_int_equal(graph->nodes[1].u.slice.end[1], 2);
    assert_float_equal(((float *)weights_of(graph, 0)->data)[0], kept[0], 0);
    assert_float_equal(((float *)weights_of(graph, 0)->data)[3], kept[1], 0);
    sned_graph_free(graph);
}

/* ---- what travels along ---- */

static void the_report_says_what_is_left(void **state)
{
    struct compaction report;
    sned_error error;
    struct graph *graph = lenet(0);
    infer(graph);
    kill_filter(graph, CONV1, 2, 0.7f);
    succeeds(sned_graph_compact(graph, &report, &error), &error);
    assert_int_equal(report.count, 2);
    assert_int_equal(report.layers[0].node, CONV1);
    assert_int_equal(report.layers[0].filters, 6);
    assert_int_equal(report.layers[0].kept_filters, 5);
    assert_int_equal(report.layers[0].kept_columns, 2);
    assert_memory_equal(report.layers[0].filter, ((int[]){0, 1, 3, 4, 5}), 5 * sizeof(int));
    assert_int_equal(report.layers[1].node, CONV2);
    assert_int_equal(report.layers[1].kept_filters, 5);
    assert_memory_equal(report.layers[1].column, ((int[]){0, 1, 3, 4, 5}), 5 * sizeof(int));
    sned_compaction_free(&report);
    sned_graph_free(graph);
}

static void masks_and_steps_travel_along(void **state)
{
    sned_error error;
    struct graph *graph = lenet(0);
    struct tensor *weights = weights_of(graph, CONV1);
    const size_t length = 2 * 9;
    succeeds(sned_alloc(&weights->mask, 6 * length, 1, &error), &error);
    for (size_t i = 0; i < 6 * length; i++) {
        weights->mask[i] = i / length != 2 && i % 3 != 0;
        ((float *)weights->data)[i] *= weights->mask[i];
    }
    weights->quantization = (struct quantization){0.01f, 8, true};
    keeps_the_function(graph, compact); /* checks the mask */
    weights = weights_of(graph, CONV1);
    assert_int_equal(filters_of(graph, CONV1), 5);
    for (size_t i = 0; i < 5 * length; i++)
        assert_int_equal(weights->mask[i], i % 3 != 0);
    assert_float_equal(weights->quantization.scale, 0.01f, 0);
    sned_graph_free(graph);
}

/* ---- zeros in blocks ---- */

static const struct structure pairs = {STRUCTURE_BLOCK, 2, 1}, pairs_of_channels = {STRUCTURE_BLOCK, 1, 2};

static void one_filter_of_a_block_stays_with_the_others(void **state)
{
    struct graph *graph = lenet(0);
    weights_of(graph, CONV1)->structure = pairs;
    kill_filter(graph, CONV1, 2, 0.7f);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 6);
    sned_graph_free(graph);
}

/* Filters 2 and 3; of 0 and 5 the partners stay. */
static void the_filters_of_a_block_leave_together(void **state)
{
    struct graph *graph = lenet(0);
    const struct tensor *weights = weights_of(graph, CONV1);
    const float fourth = ((float *)weights->data)[4 * 18];
    weights_of(graph, CONV1)->structure = pairs;
    for (int i = 0; i < 4; i++)
        kill_filter(graph, CONV1, (int[]){0, 2, 3, 5}[i], 0.7f);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 4);
    assert_float_equal(((float *)weights_of(graph, CONV1)->data)[2 * 18], fourth, 0);
    assert_int_equal(weights_of(graph, CONV1)->structure.filters, 2);
    sned_graph_free(graph);
}

/* Of conv2's columns 0 and 1 one is read, of 4 and 5 none. */
static void channels_that_share_a_block_of_their_reader_leave_together(void **state)
{
    struct graph *graph = lenet(0);
    weights_of(graph, CONV2)->structure = pairs_of_channels;
    leave_unread(graph, CONV2, 0);
    leave_unread(graph, CONV2, 4);
    leave_unread(graph, CONV2, 5);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV1), 4);
    assert_int_equal(columns_of(graph, CONV2), 4);
    sned_graph_free(graph);
}

/* A block of fc is 2 columns wide, and a channel has 9. */
static void channels_that_a_block_reaches_across_stay(void **state)
{
    struct graph *graph = lenet(0);
    infer(graph);
    const int plane = (int)columns_of(graph, FC) / 5;
    weights_of(graph, FC)->structure = pairs_of_channels;
    assert_int_equal(plane, 9);
    for (int i = 0; i < plane; i++)
        leave_unread(graph, FC, 1 * plane + i);
    keeps_the_function(graph, compact);
    assert_int_equal(filters_of(graph, CONV2), 5);
    sned_graph_free(graph);
}

/* Weights below half a step are zeros to whoever runs the network. */
static void a_weight_below_half_a_step_is_zero(void **state)
{
    sned_error error;
    struct graph *graph = lenet(1);
    struct tensor *weights = weights_of(graph, CONV1);
    infer(graph);
    weights->quantization = (struct quantization){0.1f, 8, true};
    for (int i = 0; i < 2 * 9; i++)
        ((float *)weights->data)[3 * 2 * 9 + i] = i % 2 ? 0.0499f : -0.0499f;
    bias_of(graph, CONV1)[3] = 0;
    succeeds(sned_graph_compact(graph, NULL, &error), &error);
    assert_int_equal(filters_of(graph, CONV1), 5);
    sned_graph_free(graph);
}

/* 0.7 on a grid of 0.5, after ReLU and through the pool, is 0.5: what the next layer is given. */
static void a_constant_is_what_its_quantization_makes_of_it(void **state)
{
    sned_error error;
    struct graph *graph = lenet(0);
    infer(graph);
    for (int n = CONV1; n <= POOL; n++)
        graph->tensors[graph->nodes[n].outputs[0]].quantization = (struct quantization){0.5f, 8, false};
    kill_filter(graph, CONV1, 2, 0.7f);
    double expected = bias_of(graph, CONV2)[1];
    for (int i = 0; i < 9; i++)
        expected += 0.5 * ((float *)weights_of(graph, CONV2)->data)[(1 * 6 + 2) * 9 + i];
    succeeds(sned_graph_compact(graph, NULL, &error), &error);
    assert_float_equal(bias_of(graph, CONV2)[1], expected, 1e-6);
    sned_graph_free(graph);
}

static void an_integer_graph_is_refused(void **state)
{
    sned_error error;
    struct graph *graph = lenet(0);
    infer(graph);
    graph->integer = true;
    refused(sned_graph_compact(graph, NULL, &error), &error, SNED_ERROR_ARGUMENT, "before it is lowered");
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_of_zeros_goes_into_the_next_biases),
        cmocka_unit_test(where_pads_show_a_constant_it_stays),
        cmocka_unit_test(a_constant_of_zero_goes_in_spite_of_pads),
        cmocka_unit_test(a_channel_that_nobody_reads_goes),
        cmocka_unit_test(many_columns_of_one_channel_go_behind_flatten),
        cmocka_unit_test(one_place_of_a_channel_that_is_read_keeps_it),
        cmocka_unit_test(a_filter_over_constants_is_one),
        cmocka_unit_test(a_chain_that_nobody_reads_goes),
        cmocka_unit_test(a_layer_without_a_bias_gets_one),
        cmocka_unit_test(one_filter_stays_in_a_layer_of_zeros),
        cmocka_unit_test(a_second_run_finds_nothing),
        cmocka_unit_test(input_and_outputs_stay),
        cmocka_unit_test(an_activation_that_is_an_output_too_stays),
        cmocka_unit_test(half_of_a_sum_keeps_its_channel),
        cmocka_unit_test(both_halves_of_a_sum_go_together),
        cmocka_unit_test(a_sum_one_reader_of_which_has_pads_stays),
        cmocka_unit_test(a_factor_of_zero_makes_zero_of_a_product),
        cmocka_unit_test(a_depthwise_conv_loses_groups),
        cmocka_unit_test(a_group_of_several_channels_goes_as_a_whole),
        cmocka_unit_test(concat_and_split_count_their_channels_anew),
        cmocka_unit_test(batch_normalization_and_constants_go_along),
        cmocka_unit_test(what_shares_weights_stays),
        cmocka_unit_test(a_slice_of_channels_moves),
        cmocka_unit_test(the_report_says_what_is_left),
        cmocka_unit_test(masks_and_steps_travel_along),
        cmocka_unit_test(one_filter_of_a_block_stays_with_the_others),
        cmocka_unit_test(the_filters_of_a_block_leave_together),
        cmocka_unit_test(channels_that_share_a_block_of_their_reader_leave_together),
        cmocka_unit_test(channels_that_a_block_reaches_across_stay),
        cmocka_unit_test(a_weight_below_half_a_step_is_zero),
        cmocka_unit_test(a_constant_is_what_its_quantization_makes_of_it),
        cmocka_unit_test(an_integer_graph_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
