/*
 * test_onnx.c - every operator, over the opsets, into the graph and back.
 */
#include "tests/common/onnx_checks.h"

/* ---- Conv and pools ---- */

static void conv_takes_groups_strides_dilations_and_asymmetric_pads(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,4,9,11");
    model_floats(&model, "w", "6,2,3,2");
    model_floats(&model, "b", "6");
    model_node(&model, "Conv", "c", "x w b", "y", "group=2 strides=[2,1] dilations=[1,2] pads=[0,1,2,3]");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    const struct node *node = node_at(graph, 0, OP_CONV);
    assert_output(graph, "1,6,5,13");
    assert_int_equal(node->u.conv.groups, 2);
    assert_int_equal(node->u.conv.window.kernel[0], 3);
    assert_int_equal(node->u.conv.window.kernel[1], 2);
    assert_int_equal(node->u.conv.window.dilation[1], 2);
    assert_int_equal(node->u.conv.window.pad_begin[1], 1);
    assert_int_equal(node->u.conv.window.pad_end[0], 2);
    assert_int_equal(node->u.conv.window.pad_end[1], 3);
    assert_string_equal(node->name, "c");
    assert_round_trip(graph);
}

static void check_auto_pad(const char *mode, int top, int bottom, const char *output)
{
    struct builder model = {.opset = 11};
    char attributes[64];
    snprintf(attributes, sizeof attributes, "auto_pad='%s' strides=[2,2]", mode);
    model_input(&model, "x", "1,1,6,6");
    model_floats(&model, "w", "1,1,3,3");
    model_node(&model, "Conv", "", "x w", "y", attributes);
    model_output(&model, "y");
    struct graph *graph = import(&model);
    const struct window *window = &node_at(graph, 0, OP_CONV)->u.conv.window;
    assert_int_equal(window->pad_begin[0], top);
    assert_int_equal(window->pad_end[0], bottom);
    assert_output(graph, output);
    assert_string_equal(graph->nodes[0].name, "Conv_0");
    sned_graph_free(graph);
}

static void auto_pad_puts_the_odd_row_where_onnx_says(void **state)
{
    check_auto_pad("SAME_UPPER", 0, 1, "1,1,3,3");
    check_auto_pad("SAME_LOWER", 1, 0, "1,1,3,3");
    check_auto_pad("VALID", 0, 0, "1,1,2,2");
    check_auto_pad("NOTSET", 0, 0, "1,1,2,2");
}

static void conv_in_one_dimension_becomes_a_conv_on_an_image_of_height_1(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2,16");
    model_floats(&model, "w", "3,2,5");
    model_node(&model, "Conv", "c", "x w", "y", "strides=[2] pads=[1,2]");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    node_at(graph, 0, OP_RESHAPE);
    assert_shape(&input_of(graph, node_at(graph, 1, OP_CONV), 1)->shape, "3,2,1,5");
    node_at(graph, 2, OP_RESHAPE);
    assert_output(graph, "1,3,8");
    assert_round_trip(graph);
}

static void pools_keep_ceil_mode_and_count_include_pad(void **state)
{
    struct builder model = {.opset = 10};
    model_input(&model, "x", "N,2,8,8");
    model_node(&model, "MaxPool", "m", "x", "a", "kernel_shape=[3,3] strides=[2,2] ceil_mode=1");
    model_node(&model, "AveragePool", "p", "a", "y",
               "kernel_shape=[2,2] strides=[2,2] pads=[1,1,0,0] count_include_pad=1");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_true(node_at(graph, 0, OP_MAX_POOL)->u.pool.ceil_mode);
    assert_shape(&graph->tensors[graph->nodes[0].outputs[0]].shape, "1,2,4,4");
    assert_true(node_at(graph, 1, OP_AVERAGE_POOL)->u.pool.count_include_pad);
    assert_output(graph, "1,2,2,2");
    assert_round_trip(graph);
}

static void mean_over_height_and_width_is_a_global_pool(void **state)
{
    for (int opset = 13; opset <= 18; opset += 5) {
        struct builder model = {.opset = opset};
        model_input(&model, "x", "N,5,4,4");
        model_ints(&model, "axes", "-1,2");
        model_node(&model, "ReduceMean", "m", opset == 18 ? "x axes" : "x", "y",
                   opset == 18 ? "keepdims=0" : "keepdims=0 axes=[-1,2]");
        model_output(&model, "y");
        struct graph *graph = import(&model);
        node_at(graph, 0, OP_GLOBAL_AVERAGE_POOL);
        assert_output(graph, "1,5");
        assert_round_trip(graph);
    }
}

static void mean_over_the_batch_is_refused(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,5,4,4");
    model_node(&model, "ReduceMean", "m", "x", "y", "axes=[0]");
    model_output(&model, "y");
    refuse(&model, SNED_ERROR_UNSUPPORTED, "node 'm' (ReduceMean, opset 13)");
}

/* ---- Gemm and friends ---- */

static void gemm_puts_transpose_alpha_and_beta_into_its_constants(void **state)
{
    struct builder model = {.opset = 9};
    model_input(&model, "x", "N,2");
    model_floats(&model, "w", "2,3"); /* 1 2 3 / 4 5 6 */
    model_floats(&model, "b", "1,3");
    model_node(&model, "Gemm", "g", "x w b", "y", "alpha=2.0 beta=0.5");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    const struct node *node = node_at(graph, 0, OP_GEMM);
    assert_shape(&input_of(graph, node, 1)->shape, "3,2");
    assert_floats(input_of(graph, node, 1), (float[]){2, 8, 4, 10, 6, 12}, 6);
    assert_floats(input_of(graph, node, 2), (float[]){0.5f, 1, 1.5f}, 3);
    assert_round_trip(graph);
}

static void gemm_spreads_a_single_bias(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_floats(&model, "w", "3,2");
    model_number(&model, "b", 7);
    model_node(&model, "Gemm", "g", "x w b", "y", "transB=1");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_floats(input_of(graph, graph->nodes, 1), (float[]){1, 2, 3, 4, 5, 6}, 6);
    assert_floats(input_of(graph, graph->nodes, 2), (float[]){7, 7, 7}, 3);
    sned_graph_free(graph);
}

static void matmul_and_add_become_one_gemm(void **state)
{
    struct builder model = {.opset = 8};
    model_input(&model, "x", "N,2");
    model_floats(&model, "w", "2,3");
    model_floats(&model, "b", "3");
    model_node(&model, "MatMul", "m", "x w", "t", "");
    model_node(&model, "Add", "a", "b t", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 1);
    const struct node *node = node_at(graph, 0, OP_GEMM);
    assert_floats(input_of(graph, node, 1), (float[]){1, 4, 2, 5, 3, 6}, 6);
    assert_floats(input_of(graph, node, 2), (float[]){1, 2, 3}, 3);
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "y");
    assert_round_trip(graph);
}

static void matmul_read_twice_keeps_its_add(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_floats(&model, "w", "2,2");
    model_floats(&model, "b", "2");
    model_node(&model, "MatMul", "m", "x w", "t", "");
    model_node(&model, "Add", "a", "t b", "u", "");
    model_node(&model, "Mul", "p", "t u", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 3);
    assert_int_equal(graph->nodes[0].inputs[2], -1);
    sned_graph_free(graph);
}

static void a_weight_shared_by_two_nodes_is_stored_once(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_floats(&model, "w", "2,2");
    model_node(&model, "Gemm", "g1", "x w", "t", "transB=1");
    model_node(&model, "Identity", "i", "w", "v", "");
    model_node(&model, "Gemm", "g2", "t v", "u", "transB=1");
    model_node(&model, "Gemm", "g3", "u w", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->nodes[0].inputs[1], graph->nodes[1].inputs[1]);
    assert_floats(input_of(graph, &graph->nodes[1], 1), (float[]){1, 2, 3, 4}, 4);
    assert_floats(input_of(graph, &graph->nodes[2], 1), (float[]){1, 3, 2, 4}, 4);
    assert_round_trip(graph);
}

static void constants_of_add_and_mul_are_one_number_or_one_a_channel(void **state)
{
    struct builder model = {.opset = 7};
    model_input(&model, "x", "N,3,2,2");
    model_floats(&model, "c", "3,1,1");
    model_number(&model, "s", 0.5f);
    model_node(&model, "Add", "a", "x c", "t", "");
    model_node(&model, "Mul", "m", "s t", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_shape(&input_of(graph, node_at(graph, 0, OP_ADD), 1)->shape, "3");
    assert_shape(&input_of(graph, node_at(graph, 1, OP_MUL), 1)->shape, "1");
    assert_round_trip(graph);
}

static void batch_normalization_keeps_its_epsilon(void **state)
{
    struct builder model = {.opset = 8};
    model_input(&model, "x", "N,3,2,2");
    model_floats(&model, "s", "3");
    model_floats(&model, "b", "3");
    model_floats(&model, "m", "3");
    model_floats(&model, "v", "3");
    model_node(&model, "BatchNormalization", "n", "x s b m v", "y", "epsilon=0.25 spatial=1");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    const struct node *node = node_at(graph, 0, OP_BATCH_NORMALIZATION);
    assert_float_equal(node->u.batch_normalization.epsilon, 0.25f, 0);
    assert_float_equal(node->u.batch_normalization.momentum, 0.9f, 0);
    assert_round_trip(graph);
}

/* ---- element by element ---- */

static void clip_takes_attributes_before_opset_11_and_inputs_after(void **state)
{
    struct builder old = {.opset = 10}, new = {.opset = 11};
    model_input(&old, "x", "N,3");
    model_node(&old, "Clip", "c", "x", "y", "min=0.0 max=6.0");
    model_output(&old, "y");
    struct graph *graph = import(&old);
    assert_float_equal(node_at(graph, 0, OP_CLIP)->activation.high, 6, 0);
    assert_round_trip(graph);

    model_input(&new, "x", "N,3");
    model_number(&new, "max", 6);
    model_node(&new, "Clip", "c", "x - max", "y", "");
    model_output(&new, "y");
    graph = import(&new);
    assert_float_equal(node_at(graph, 0, OP_CLIP)->activation.low, -FLT_MAX, 0);
    assert_float_equal(graph->nodes[0].activation.high, 6, 0);
    assert_round_trip(graph);
}

static void relu_leaky_relu_lrn_dropout_and_identity_round_trip(void **state)
{
    struct builder model = {.opset = 12};
    model_input(&model, "x", "N,3,2,2");
    model_number(&model, "ratio", 0.25f);
    model_node(&model, "Relu", "r", "x", "a", "");
    model_node(&model, "LeakyRelu", "l", "a", "b", "alpha=0.125");
    model_node(&model, "LRN", "n", "b", "c", "size=5 alpha=0.5 beta=0.25 bias=2.0");
    model_node(&model, "Dropout", "d", "c ratio", "e mask", "");
    model_node(&model, "Identity", "i", "e", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(node_at(graph, 0, OP_RELU)->activation.kind, ACTIVATION_RELU);
    assert_float_equal(node_at(graph, 1, OP_LEAKY_RELU)->activation.slope, 0.125f, 0);
    assert_int_equal(node_at(graph, 2, OP_LRN)->u.lrn.size, 5);
    assert_float_equal(graph->nodes[2].u.lrn.bias, 2, 0);
    assert_float_equal(node_at(graph, 3, OP_DROPOUT)->u.dropout.ratio, 0.25f, 0);
    node_at(graph, 4, OP_IDENTITY);
    assert_round_trip(graph);
}

static struct graph *softmax(int opset, const char *input, const char *attributes)
{
    struct builder model = {.opset = opset};
    model_input(&model, "x", input);
    model_node(&model, "Softmax", "s", "x", "y", attributes);
    model_output(&model, "y");
    return import(&model);
}

static void softmax_before_opset_13_runs_over_all_axes_from_its_own(void **state)
{
    struct graph *graph = softmax(11, "N,10", "");
    assert_int_equal(node_at(graph, 0, OP_SOFTMAX)->u.softmax.axis, 1);
    sned_graph_free(graph);
    graph = softmax(11, "N,10,1,1", "");
    assert_int_equal(node_at(graph, 0, OP_SOFTMAX)->u.softmax.axis, 1);
    sned_graph_free(graph);
    graph = softmax(11, "N,10,2,2", "");
    node_at(graph, 0, OP_RESHAPE);
    assert_shape(&graph->tensors[node_at(graph, 1, OP_SOFTMAX)->outputs[0]].shape, "1,40");
    assert_output(graph, "1,10,2,2");
    sned_graph_free(graph);
    graph = softmax(13, "N,10,2,2", "");
    assert_int_equal(node_at(graph, 0, OP_SOFTMAX)->u.softmax.axis, 3);
    assert_round_trip(graph);
}

/* ---- layout ---- */

static void check_slice(struct builder *model, int64_t start, int64_t end, int64_t step, const char *output)
{
    struct graph *graph = import(model);
    const struct node *node = node_at(graph, 0, OP_SLICE);
    assert_int_equal(node->u.slice.start[2], start);
    assert_int_equal(node->u.slice.end[2], end);
    assert_int_equal(node->u.slice.step[2], step);
    assert_output(graph, output);
    assert_round_trip(graph);
}

static void slice_takes_attributes_before_opset_10_and_inputs_after(void **state)
{
    struct builder old = {.opset = 9}, new = {.opset = 10}, tail = {.opset = 13};
    model_input(&old, "x", "N,3,8,8");
    model_node(&old, "Slice", "s", "x", "y", "axes=[2] starts=[1] ends=[-1]");
    model_output(&old, "y");
    check_slice(&old, 1, 7, 1, "1,3,6,8");

    model_input(&new, "x", "N,3,8,8");
    model_ints(&new, "starts", "0");
    model_ints(&new, "ends", "9223372036854775807");
    model_ints(&new, "axes", "-2");
    model_ints(&new, "steps", "2");
    model_node(&new, "Slice", "s", "x starts ends axes steps", "y", "");
    model_output(&new, "y");
    check_slice(&new, 0, 8, 2, "1,3,4,8");

    model_input(&tail, "x", "N,3,8,8");
    model_ints(&tail, "starts", "-3");
    model_ints(&tail, "ends", "100");
    model_ints(&tail, "axes", "2");
    model_node(&tail, "Slice", "s", "x starts ends axes", "y", "");
    model_output(&tail, "y");
    check_slice(&tail, 5, 8, 1, "1,3,3,8");
}

static void pad_takes_attributes_before_opset_11_inputs_after_and_axes_at_18(void **state)
{
    for (int opset = 10; opset <= 18; opset++) {
        struct builder model = {.opset = opset};
        model_input(&model, "x", "N,3,4,4");
        model_ints(&model, "all", "0,1,0,2,0,0,0,3");
        model_ints(&model, "some", "1,2,0,3");
        model_ints(&model, "axes", "1,-1");
        model_node(&model, "Pad", "p",
                   opset == 10   ? "x"
                   : opset == 18 ? "x some - axes"
                                 : "x all",
                   "y", opset == 10 ? "mode='constant' pads=[0,1,0,2,0,0,0,3]" : "");
        model_output(&model, "y");
        struct graph *graph = import(&model);
        assert_int_equal(node_at(graph, 0, OP_PAD)->u.pad.before[1], 1);
        assert_int_equal(graph->nodes[0].u.pad.after[3], 3);
        assert_output(graph, "1,4,4,9");
        assert_round_trip(graph);
    }
}

static void pad_by_reflection_is_refused(void **state)
{
    struct builder reflect = {.opset = 13};
    model_input(&reflect, "x", "N,3,4,4");
    model_ints(&reflect, "pads", "0,0,1,1,0,0,1,1");
    model_node(&reflect, "Pad", "p", "x pads", "y", "mode='reflect'");
    model_output(&reflect, "y");
    refuse(&reflect, SNED_ERROR_UNSUPPORTED, "node 'p' (Pad, opset 13): mode 'reflect'");
}

static void concat_flatten_reshape_and_transpose_round_trip(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,3,4,5");
    model_ints(&model, "shape", "0,-1,10");
    model_node(&model, "Concat", "c", "x x x", "a", "axis=-3");
    model_node(&model, "Transpose", "t", "a", "b", "perm=[0,2,3,1]");
    model_node(&model, "Reshape", "r", "b shape", "d", "");
    model_node(&model, "Flatten", "f", "d", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(node_at(graph, 0, OP_CONCAT)->u.concat.axis, 1);
    assert_int_equal(node_at(graph, 1, OP_TRANSPOSE)->u.transpose.order[3], 1);
    node_at(graph, 2, OP_FLATTEN); /* two new shapes in a row are the last of them */
    assert_output(graph, "1,180");
    assert_round_trip(graph);
}

static void transpose_of_axes_of_size_1_is_a_reshape(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,7,1,1");
    model_node(&model, "Transpose", "t", "x", "y", "perm=[0,2,3,1]");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    node_at(graph, 0, OP_RESHAPE);
    assert_output(graph, "1,1,1,7");
    sned_graph_free(graph);
}

static void an_input_with_channels_last_is_taken_channels_first(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,8,9,3");
    model_floats(&model, "w", "2,3,1,1");
    model_node(&model, "Transpose", "t", "x", "a", "perm=[0,3,1,2]");
    model_node(&model, "Conv", "c", "a w", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_shape(&graph->tensors[graph->input].shape, "1,3,8,9");
    assert_int_equal(graph->node_count, 1);
    sned_graph_free(graph);
}

static void a_transpose_of_the_batch_is_refused(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,7");
    model_node(&model, "Transpose", "t", "x", "y", "");
    model_output(&model, "y");
    refuse(&model, SNED_ERROR_UNSUPPORTED, "node 't' (Transpose, opset 13)");
}

static void squeeze_and_unsqueeze_are_reshapes(void **state)
{
    for (int opset = 12; opset <= 13; opset++) {
        struct builder model = {.opset = opset};
        model_input(&model, "x", "N,7,1,1");
        model_ints(&model, "axes", "2,3");
        model_node(&model, "Squeeze", "s", opset == 12 ? "x" : "x axes", "t",
                   opset == 12 ? "axes=[2,3]" : "");
        model_node(&model, "Unsqueeze", "u", opset == 12 ? "t" : "t axes", "y",
                   opset == 12 ? "axes=[2,3]" : "");
        model_output(&model, "y");
        struct graph *graph = import(&model);
        assert_shape(&graph->tensors[node_at(graph, 0, OP_RESHAPE)->outputs[0]].shape, "1,7");
        assert_output(graph, "1,7,1,1");
        assert_round_trip(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_takes_groups_strides_dilations_and_asymmetric_pads),
        cmocka_unit_test(auto_pad_puts_the_odd_row_where_onnx_says),
        cmocka_unit_test(conv_in_one_dimension_becomes_a_conv_on_an_image_of_height_1),
        cmocka_unit_test(pools_keep_ceil_mode_and_count_include_pad),
        cmocka_unit_test(mean_over_height_and_width_is_a_global_pool),
        cmocka_unit_test(mean_over_the_batch_is_refused),
        cmocka_unit_test(gemm_puts_transpose_alpha_and_beta_into_its_constants),
        cmocka_unit_test(gemm_spreads_a_single_bias),
        cmocka_unit_test(matmul_and_add_become_one_gemm),
        cmocka_unit_test(matmul_read_twice_keeps_its_add),
        cmocka_unit_test(a_weight_shared_by_two_nodes_is_stored_once),
        cmocka_unit_test(constants_of_add_and_mul_are_one_number_or_one_a_channel),
        cmocka_unit_test(batch_normalization_keeps_its_epsilon),
        cmocka_unit_test(clip_takes_attributes_before_opset_11_and_inputs_after),
        cmocka_unit_test(relu_leaky_relu_lrn_dropout_and_identity_round_trip),
        cmocka_unit_test(softmax_before_opset_13_runs_over_all_axes_from_its_own),
        cmocka_unit_test(slice_takes_attributes_before_opset_10_and_inputs_after),
        cmocka_unit_test(pad_takes_attributes_before_opset_11_inputs_after_and_axes_at_18),
        cmocka_unit_test(pad_by_reflection_is_refused),
        cmocka_unit_test(concat_flatten_reshape_and_transpose_round_trip),
        cmocka_unit_test(transpose_of_axes_of_size_1_is_a_reshape),
        cmocka_unit_test(an_input_with_channels_last_is_taken_channels_first),
        cmocka_unit_test(a_transpose_of_the_batch_is_refused),
        cmocka_unit_test(squeeze_and_unsqueeze_are_reshapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
