/*
 * test_graph.c - the graph: making, copying, shapes by ONNX's rules, counting. Sizes come from ONNX's
 * operator specification and backend tests, whose names stand beside them.
 */
#include "tests/graph/graph_fixture.h"

#include <stdlib.h>

/* ---- shapes ---- */

static struct shape shape_of_last(struct graph *graph)
{
    infer(graph);
    return graph->tensors[graph->outputs[0]].shape;
}

static void last_shape_is(struct graph *graph, struct shape wanted)
{
    struct shape shape = shape_of_last(graph);
    if (!sned_shape_equal(&shape, &wanted))
        fail_msg("[%lld][%lld][%lld][%lld] with rank %d", (long long)shape.dim[0], (long long)shape.dim[1],
                 (long long)shape.dim[2], (long long)shape.dim[3], shape.rank);
    check(graph);
    sned_graph_free(graph);
}

static struct graph *pool_on(struct shape input, enum op op, struct window window, bool ceil_mode)
{
    struct graph *graph = graph_on(input);
    struct node *node = APPEND(graph, "pool", op, graph->input);
    node->u.pool.window = window;
    node->u.pool.ceil_mode = ceil_mode;
    return graph;
}

static struct graph *conv_on(struct shape input, struct window window)
{
    struct graph *graph = graph_on(input);
    append_conv(graph, "conv", graph->input, 1, (int)input.dim[1], 1, window);
    return graph;
}

static void conv_sizes_are_those_of_the_onnx_backend_tests(void **state)
{
    struct window window = window_of(3, 2, 1);
    last_shape_is(conv_on(SHAPE(1, 1, 5, 5), window_of(3, 1, 1)),
                  SHAPE(1, 1, 5, 5)); /* basic_conv_with_padding */
    last_shape_is(conv_on(SHAPE(1, 1, 5, 5), window_of(3, 1, 0)), SHAPE(1, 1, 3, 3)); /* .._without_padding */
    last_shape_is(conv_on(SHAPE(1, 1, 7, 5), window), SHAPE(1, 1, 4, 3)); /* conv_with_strides_padding */
    last_shape_is(conv_on(SHAPE(1, 1, 7, 5), window_of(3, 2, 0)), SHAPE(1, 1, 3, 2)); /* .._no_padding */
    window.pad_begin[1] = window.pad_end[1] = 0;
    last_shape_is(conv_on(SHAPE(1, 1, 7, 5), window), SHAPE(1, 1, 4, 2)); /* .._and_asymmetric_padding */
}

static void conv_pads_of_each_side_count_on_their_own(void **state)
{
    struct window window = window_of(3, 2, 0);
    window.pad_end[0] = 1; /* SAME_UPPER of an even input */
    window.pad_begin[1] = 2;
    last_shape_is(conv_on(SHAPE(1, 2, 8, 8), window), SHAPE(1, 1, 4, 4));
}

static void conv_dilation_widens_the_kernel(void **state)
{
    struct window window = window_of(3, 1, 0);
    window.dilation[0] = 2;
    window.dilation[1] = 3;
    last_shape_is(conv_on(SHAPE(1, 1, 9, 9), window), SHAPE(1, 1, 5, 3));
}

static void conv_pads_may_be_wider_than_the_kernel(void **state)
{
    last_shape_is(conv_on(SHAPE(1, 4, 13, 13), window_of(1, 1, 1)),
                  SHAPE(1, 1, 15, 15)); /* SqueezeNet's last */
}

static void grouped_conv_has_as_many_channels_as_filters(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 6, 5, 5));
    append_conv(graph, "conv", graph->input, 12, 6, 6, window_of(3, 1, 1));
    last_shape_is(graph, SHAPE(1, 12, 5, 5));
}

static void pool_sizes_are_those_of_the_onnx_backend_tests(void **state)
{
    struct window same = window_of(2, 1, 0), dilated = window_of(2, 1, 0);
    same.pad_end[0] = same.pad_end[1] = 1;
    dilated.dilation[0] = dilated.dilation[1] = 2;
    last_shape_is(pool_on(SHAPE(1, 3, 32, 32), OP_MAX_POOL, window_of(2, 1, 0), false), SHAPE(1, 3, 31, 31));
    last_shape_is(pool_on(SHAPE(1, 3, 28, 28), OP_MAX_POOL, window_of(3, 1, 2), false), SHAPE(1, 3, 30, 30));
    last_shape_is(pool_on(SHAPE(1, 3, 32, 32), OP_AVERAGE_POOL, window_of(5, 3, 0), false),
                  SHAPE(1, 3, 10, 10));
    last_shape_is(pool_on(SHAPE(1, 3, 32, 32), OP_MAX_POOL, same, false),
                  SHAPE(1, 3, 32, 32)); /* same_upper */
    last_shape_is(pool_on(SHAPE(1, 1, 5, 5), OP_MAX_POOL, window_of(3, 2, 1), false), SHAPE(1, 1, 3, 3));
    last_shape_is(pool_on(SHAPE(1, 1, 4, 4), OP_MAX_POOL, dilated, false),
                  SHAPE(1, 1, 2, 2)); /* 2d_dilations */
}

static void ceil_mode_adds_a_last_incomplete_window(void **state)
{
    last_shape_is(pool_on(SHAPE(1, 1, 4, 4), OP_MAX_POOL, window_of(3, 2, 0), true), SHAPE(1, 1, 2, 2));
    last_shape_is(pool_on(SHAPE(1, 1, 4, 4), OP_MAX_POOL, window_of(3, 2, 0), false), SHAPE(1, 1, 1, 1));
}

static void ceil_mode_starts_no_window_in_the_end_padding(void **state)
{
    /* averagepool_2d_ceil_last_window_starts_on_pad, maxpool_2d_ceil_output_size_reduce_by_one */
    last_shape_is(pool_on(SHAPE(1, 3, 2, 2), OP_AVERAGE_POOL, window_of(3, 3, 1), true), SHAPE(1, 3, 1, 1));
    last_shape_is(pool_on(SHAPE(1, 1, 2, 2), OP_MAX_POOL, window_of(1, 2, 0), true), SHAPE(1, 1, 1, 1));
}

static void ceil_mode_lets_a_window_be_larger_than_the_input(void **state)
{
    last_shape_is(pool_on(SHAPE(1, 1, 2, 2), OP_MAX_POOL, window_of(3, 2, 0), true), SHAPE(1, 1, 1, 1));
}

static void global_average_pool_leaves_one_element_a_channel(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 7, 13, 9));
    APPEND(graph, "pool", OP_GLOBAL_AVERAGE_POOL, graph->input);
    last_shape_is(graph, SHAPE(1, 7, 1, 1));
}

static void flatten_keeps_the_batch(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 5));
    APPEND(graph, "flatten", OP_FLATTEN, graph->input)->u.flatten.axis = 1;
    last_shape_is(graph, SHAPE(1, 60));
}

static void concat_adds_up_one_axis(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 5));
    int wide = append_conv(graph, "conv", graph->input, 8, 3, 1, window_of(1, 1, 0));
    APPEND(graph, "concat", OP_CONCAT, graph->input, wide, graph->input)->u.concat.axis = 1;
    last_shape_is(graph, SHAPE(1, 14, 4, 5));
}

static void a_negative_axis_is_counted_from_the_end_and_resolved(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 5));
    APPEND(graph, "concat", OP_CONCAT, graph->input, graph->input)->u.concat.axis = -1;
    infer(graph);
    assert_int_equal(graph->nodes[0].u.concat.axis, 3);
    last_shape_is(graph, SHAPE(1, 3, 4, 10));
}

static void slice_rounds_its_steps_up(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 9, 8));
    struct node *node = APPEND(graph, "slice", OP_SLICE, graph->input);
    int64_t start[4] = {0, 1, 0, 3}, end[4] = {1, 3, 9, 8}, step[4] = {1, 1, 2, 4};
    memcpy(node->u.slice.start, start, sizeof start);
    memcpy(node->u.slice.end, end, sizeof end);
    memcpy(node->u.slice.step, step, sizeof step);
    last_shape_is(graph, SHAPE(1, 2, 5, 2));
}

static void pad_adds_both_ends(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 16, 8, 8));
    struct node *node = APPEND(graph, "pad", OP_PAD, graph->input);
    node->u.pad.before[1] = 8;
    node->u.pad.after[1] = 7;
    last_shape_is(graph, SHAPE(1, 31, 8, 8));
}

static void transpose_moves_sizes_with_their_axes(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 5));
    struct node *node = APPEND(graph, "transpose", OP_TRANSPOSE, graph->input);
    int order[4] = {0, 2, 3, 1};
    memcpy(node->u.transpose.order, order, sizeof order);
    last_shape_is(graph, SHAPE(1, 4, 5, 3));
}

static void reshape_takes_its_new_shape(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 5));
    APPEND(graph, "reshape", OP_RESHAPE, graph->input)->u.reshape.shape = SHAPE(1, 5, 12);
    last_shape_is(graph, SHAPE(1, 5, 12));
}

static void a_constant_of_each_channel_or_of_one_element_can_be_added(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 5));
    int channels = floats(graph, "channels", SHAPE(3)), one = floats(graph, "one", SHAPE(1));
    int sum = APPEND(graph, "add", OP_ADD, graph->input, channels)->outputs[0];
    APPEND(graph, "mul", OP_MUL, sum, one);
    last_shape_is(graph, SHAPE(1, 3, 4, 5));
}

static struct graph *depth_to_space_on(struct shape input, int block)
{
    struct graph *graph = graph_on(input);
    APPEND(graph, "up", OP_DEPTH_TO_SPACE, graph->input)->u.depth_to_space.block = block;
    return graph;
}

static void depth_to_space_makes_height_and_width_of_channels(void **state)
{
    last_shape_is(depth_to_space_on(SHAPE(1, 18, 4, 5), 3), SHAPE(1, 2, 12, 15));
}

/* ---- what does not fit names node and operator ---- */

static void infer_refuses(struct graph *graph, sned_status wanted, const char *words)
{
    sned_error error;
    refused(sned_graph_infer(graph, &error), &error, wanted, words);
    sned_graph_free(graph);
}

static void a_shape_error_names_node_and_operator(void **state)
{
    infer_refuses(conv_on(SHAPE(1, 1, 2, 2), window_of(3, 1, 0)), SNED_ERROR_SHAPE, "node 'conv' (Conv): ");
}

static void a_pool_of_padding_alone_is_refused(void **state)
{
    struct window dilated = window_of(2, 1, 3);
    dilated.dilation[0] = dilated.dilation[1] = 5;
    infer_refuses(pool_on(SHAPE(1, 1, 4, 4), OP_MAX_POOL, window_of(2, 1, 2), false), SNED_ERROR_SHAPE,
                  "without an element");
    infer_refuses(pool_on(SHAPE(1, 1, 1, 1), OP_MAX_POOL, dilated, false), SNED_ERROR_SHAPE,
                  "without an element");
}

static void a_sum_of_two_shapes_is_refused(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 4));
    int smaller = append_conv(graph, "conv", graph->input, 3, 3, 1, window_of(3, 1, 0));
    APPEND(graph, "add", OP_ADD, smaller, graph->input);
    infer_refuses(graph, SNED_ERROR_SHAPE, "node 'add' (Add): the shapes of 'conv.out' and 'x' differ");
}

static void reading_before_it_is_made_is_refused(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 4));
    int first = APPEND(graph, "first", OP_RELU, graph->input)->outputs[0];
    int second = APPEND(graph, "second", OP_RELU, first)->outputs[0];
    graph->nodes[0].inputs[0] = second;
    infer_refuses(graph, SNED_ERROR_SHAPE, "which no node before it makes");
}

static void depth_to_space_of_other_channels_is_refused(void **state)
{
    infer_refuses(depth_to_space_on(SHAPE(1, 6, 4, 4), 2), SNED_ERROR_SHAPE,
                  "6 channels are no squares of 2 x 2");
    infer_refuses(depth_to_space_on(SHAPE(1, 4, 4), 2), SNED_ERROR_SHAPE, "3 dimensions instead of 4");
    infer_refuses(depth_to_space_on(SHAPE(1, 4, 4, 4), 0), SNED_ERROR_SHAPE, "blocksize 0 must be from 1");
}

static void concat_of_different_heights_is_refused(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 4, 4));
    int smaller = append_conv(graph, "conv", graph->input, 3, 3, 1, window_of(3, 1, 0));
    APPEND(graph, "concat", OP_CONCAT, smaller, graph->input)->u.concat.axis = 1;
    infer_refuses(graph, SNED_ERROR_SHAPE, "differs on another axis");
}

static void sizes_that_overflow_are_refused(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 1 << 13, 1 << 8, 1 << 8));
    struct node *node = APPEND(graph, "pad", OP_PAD, graph->input);
    node->u.pad.before[1] = node->u.pad.before[2] = node->u.pad.before[3] = GRAPH_MAX_DIM - 1000;
    infer_refuses(graph, SNED_ERROR_SHAPE, "larger than");
}

/* x -> trunk -> a -> b
 *           \-> c        b and c are the outputs */
static void an_output_depends_on_the_nodes_behind_it_alone(void **state)
{
    sned_error error;
    bool nodes[4];
    struct graph *graph = graph_on(SHAPE(1, 2));
    int trunk = APPEND(graph, "trunk", OP_RELU, graph->input)->outputs[0],
        a = APPEND(graph, "a", OP_RELU, trunk)->outputs[0], b = APPEND(graph, "b", OP_RELU, a)->outputs[0],
        c = APPEND(graph, "c", OP_RELU, trunk)->outputs[0];
    succeeds(sned_graph_depends(graph, b, nodes, &error), &error);
    assert_memory_equal(nodes, ((bool[]){true, true, true, false}), sizeof nodes);
    succeeds(sned_graph_depends(graph, c, nodes, &error), &error);
    assert_memory_equal(nodes, ((bool[]){true, false, false, true}), sizeof nodes);
    succeeds(sned_graph_depends(graph, graph->input, nodes, &error), &error);
    assert_memory_equal(nodes, ((bool[]){false, false, false, false}), sizeof nodes);
    sned_graph_free(graph);
}

/* ---- making, copying, counting ---- */

static void a_shape_whose_product_overflows_saturates(void **state)
{
    struct shape huge = SHAPE(INT64_MAX, INT64_MAX), none = SHAPE(4, -1);
    assert_true(sned_shape_elements(&huge) == SIZE_MAX);
    assert_int_equal(sned_shape_elements(&none), 0);
}

static void an_extent_sees_any_activation_as_an_image(void **state)
{
    struct shape image = SHAPE(1, 3, 4, 5), row = SHAPE(1, 3, 5), vector = SHAPE(1, 3);
    struct extent a = sned_shape_extent(&image), b = sned_shape_extent(&row), c = sned_shape_extent(&vector);
    assert_true(a.channels == 3 && a.height == 4 && a.width == 5);
    assert_true(b.channels == 3 && b.height == 1 && b.width == 5);
    assert_true(c.channels == 3 && c.height == 1 && c.width == 1);
}

static void a_copy_shares_nothing_with_its_original(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 2, 4, 4)), *copy;
    append_conv(graph, "conv", graph->input, 3, 2, 1, window_of(3, 1, 1));
    infer(graph);
    const char *labels[] = {"cat", "dog"};
    succeeds(sned_graph_set_labels(graph, labels, 2, &error), &error);
    succeeds(sned_strdup(&graph->provenance, "{}", &error), &error);
    struct tensor *weights = &graph->tensors[graph->nodes[0].inputs[1]];
    succeeds(sned_alloc(&weights->mask, 54, 1, &error), &error);
    memset(weights->mask, 1, 54);
    float first = ((float *)weights->data)[0];
    succeeds(sned_graph_copy(&copy, graph, &error), &error);
    sned_graph_free(graph);
    check(copy);
    assert_string_equal(copy->labels[1], "dog");
    assert_string_equal(copy->provenance, "{}");
    assert_string_equal(copy->nodes[0].name, "conv");
    assert_true(((float *)copy->tensors[copy->nodes[0].inputs[1]].data)[0] == first);
    assert_int_equal(copy->tensors[copy->nodes[0].inputs[1]].mask[53], 1);
    sned_graph_free(copy);
}

static void producers_and_consumers_are_found(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 4, 4));
    int a = APPEND(graph, "a", OP_RELU, graph->input)->outputs[0];
    int b = APPEND(graph, "b", OP_ADD, a, a)->outputs[0];
    int c = APPEND(graph, "c", OP_ADD, a, b)->outputs[0];
    assert_int_equal(sned_graph_producer(graph, graph->input), -1);
    assert_int_equal(sned_graph_producer(graph, c), 2);
    assert_int_equal(sned_graph_consumers(graph, a), 2); /* b reads it twice, and is one node */
    assert_int_equal(sned_graph_consumers(graph, c), 1); /* the graph's output */
    sned_graph_free(graph);
}

static void a_convolution_costs_a_filter_for_each_output(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 8, 8));
    append_conv(graph, "conv", graph->input, 6, 4, 2, window_of(3, 2, 1));
    infer(graph);
    const struct node *conv = &graph->nodes[0];
    struct tensor *weights = &graph->tensors[conv->inputs[1]];
    ((float *)weights->data)[5] = 0.0f;
    assert_true(sned_node_has_weights(conv));
    assert_int_equal(sned_node_weights(graph, conv), 6 * 2 * 9);
    assert_int_equal(sned_node_kept(graph, conv), 6 * 2 * 9 - 1);
    assert_int_equal(sned_node_macs(graph, conv), 6 * 4 * 4 * 2 * 9);
    assert_int_equal(sned_graph_parameter_bytes(graph), 4 * (6 * 2 * 9 + 6));
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_sizes_are_those_of_the_onnx_backend_tests),
        cmocka_unit_test(conv_pads_of_each_side_count_on_their_own),
        cmocka_unit_test(conv_dilation_widens_the_kernel),
        cmocka_unit_test(conv_pads_may_be_wider_than_the_kernel),
        cmocka_unit_test(grouped_conv_has_as_many_channels_as_filters),
        cmocka_unit_test(pool_sizes_are_those_of_the_onnx_backend_tests),
        cmocka_unit_test(ceil_mode_adds_a_last_incomplete_window),
        cmocka_unit_test(ceil_mode_starts_no_window_in_the_end_padding),
        cmocka_unit_test(ceil_mode_lets_a_window_be_larger_than_the_input),
        cmocka_unit_test(global_average_pool_leaves_one_element_a_channel),
        cmocka_unit_test(flatten_keeps_the_batch),
        cmocka_unit_test(concat_adds_up_one_axis),
        cmocka_unit_test(a_negative_axis_is_counted_from_the_end_and_resolved),
        cmocka_unit_test(slice_rounds_its_steps_up),
        cmocka_unit_test(pad_adds_both_ends),
        cmocka_unit_test(transpose_moves_sizes_with_their_axes),
        cmocka_unit_test(reshape_takes_its_new_shape),
        cmocka_unit_test(a_constant_of_each_channel_or_of_one_element_can_be_added),
        cmocka_unit_test(a_shape_error_names_node_and_operator),
        cmocka_unit_test(a_pool_of_padding_alone_is_refused),
        cmocka_unit_test(a_sum_of_two_shapes_is_refused),
        cmocka_unit_test(reading_before_it_is_made_is_refused),
        cmocka_unit_test(depth_to_space_makes_height_and_width_of_channels),
        cmocka_unit_test(depth_to_space_of_other_channels_is_refused),
        cmocka_unit_test(concat_of_different_heights_is_refused),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(a_shape_whose_product_overflows_saturates),
        cmocka_unit_test(an_extent_sees_any_activation_as_an_image),
        cmocka_unit_test(a_copy_shares_nothing_with_its_original),
        cmocka_unit_test(producers_and_consumers_are_found),
        cmocka_unit_test(an_output_depends_on_the_nodes_behind_it_alone),
        cmocka_unit_test(a_convolution_costs_a_filter_for_each_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
