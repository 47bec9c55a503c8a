/*
 * test_onnx_file.c - constants, names, metadata and writing of ONNX files; real models.
 */
#include "tests/common/onnx_checks.h"

/* ---- constants ---- */

/* x.view(x.size(0), -1) as PyTorch exports it. */
static void shape_arithmetic_is_folded(void **state)
{
    struct builder model = {.opset = 11};
    model_input(&model, "x", "batch,3,4,4");
    model_tensor(&model, "zero", 7, "", (int64_t[]){0}, 8);
    model_ints(&model, "rest", "-1");
    model_node(&model, "Shape", "s", "x", "shape", "");
    model_node(&model, "Gather", "g", "shape zero", "n", "axis=0");
    model_node(&model, "Unsqueeze", "u", "n", "n1", "axes=[0]");
    model_node(&model, "Concat", "c", "n1 rest", "to", "axis=0");
    model_node(&model, "Reshape", "r", "x to", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 1);
    assert_output(graph, "1,48");
    assert_round_trip(graph);
}

/* F.pad(x, (1, 2, 3, 4)) as PyTorch exports it: pads from the last axis, to be turned round. */
static void computed_pads_are_folded(void **state)
{
    struct builder model = {.opset = 11};
    model_input(&model, "x", "N,3,5,6");
    model_ints(&model, "given", "1,2,3,4");
    model_ints(&model, "missing", "4");
    model_ints(&model, "pairs", "-1,2");
    model_ints(&model, "start", "-1");
    model_ints(&model, "end", "-9223372036854775807");
    model_ints(&model, "axis", "0");
    model_ints(&model, "step", "-1");
    model_ints(&model, "flat", "-1");
    model_node(&model, "ConstantOfShape", "z", "missing", "zeros", "");
    model_node(&model, "Cast", "i", "zeros", "izeros", "to=7");
    model_node(&model, "Concat", "c", "given izeros", "all", "axis=0");
    model_node(&model, "Reshape", "r", "all pairs", "two", "");
    model_node(&model, "Slice", "s", "two start end axis step", "turned", "");
    model_node(&model, "Transpose", "t", "turned", "columns", "perm=[1,0]");
    model_node(&model, "Reshape", "f", "columns flat", "pads", "");
    model_node(&model, "Pad", "p", "x pads", "y", "mode='constant'");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 1);
    const struct node *node = node_at(graph, 0, OP_PAD);
    assert_int_equal(node->u.pad.before[3], 1);
    assert_int_equal(node->u.pad.after[3], 2);
    assert_int_equal(node->u.pad.before[2], 3);
    assert_int_equal(node->u.pad.after[2], 4);
    assert_output(graph, "1,3,12,9");
    sned_graph_free(graph);
}

static void arithmetic_on_constants_is_folded_with_broadcasting(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_floats(&model, "a", "2,2");
    model_floats(&model, "b", "1,2");
    model_number(&model, "half", 0.5f);
    model_node(&model, "Mul", "m", "a b", "ab", "");
    model_node(&model, "Sub", "s", "ab half", "abs", "");
    model_node(&model, "Div", "d", "abs half", "w", "");
    model_node(&model, "Gemm", "g", "x w", "y", "transB=1");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_floats(input_of(graph, graph->nodes, 1), (float[]){1, 7, 5, 15}, 4);
    sned_graph_free(graph);
}

static void constants_of_other_types_become_floats(void **state)
{
    static const uint16_t half[] = {0x3c00, 0xc000, 0x0001, 0x3555};
    static const uint16_t brain[] = {0x3f80, 0xc000, 0x4049, 0};
    static const double wide[] = {1, -2, 0.1, 1e-3};
    static const struct {
        int type;
        const void *data;
        size_t size;
        float expected[4];
    } cases[] = {
        {10, half, sizeof half, {1, -2, 5.9604644775390625e-8f, 0.333251953125f}},
        {16, brain, sizeof brain, {1, -2, 3.140625f, 0}},
        {11, wide, sizeof wide, {1, -2, 0.1f, 1e-3f}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct builder model = {.opset = 13};
        model_input(&model, "x", "N,2");
        model_tensor(&model, "w", cases[i].type, "2,2", cases[i].data, cases[i].size);
        model_node(&model, "Gemm", "g", "x w", "y", "transB=1");
        model_output(&model, "y");
        struct graph *graph = import(&model);
        assert_floats(input_of(graph, graph->nodes, 1), cases[i].expected, 4);
        sned_graph_free(graph);
    }
}

static void lists_of_floats_and_integers_are_read_as_raw_data_is(void **state)
{
    struct builder model = {.opset = 13};
    struct buffer weights = {0}, shape = {0};
    model_input(&model, "x", "N,1,2");
    for (int i = 0; i < 2; i++)
        put_number(&weights, 1, i == 0 ? 1 : 2);
    put_number(&weights, 2, 1);
    for (int i = 0; i < 2; i++)
        put_float(&weights, 4, (float)i + 0.5f); /* one by one, not packed */
    put_text(&weights, 8, "w");
    put_message(&model.graph, 5, &weights);
    put_number(&shape, 1, 2);
    put_number(&shape, 2, 6); /* int32 */
    put_number(&shape, 5, 1);
    put_number(&shape, 5, -1);
    put_text(&shape, 8, "shape");
    put_message(&model.graph, 5, &shape);
    model_node(&model, "Reshape", "r", "x shape", "t", "");
    model_node(&model, "Gemm", "g", "t w", "y", "transB=1");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_floats(input_of(graph, &graph->nodes[1], 1), (float[]){0.5f, 1.5f}, 2);
    sned_graph_free(graph);
}

static void constant_nodes_give_weights_and_numbers(void **state)
{
    struct builder model = {.opset = 13};
    struct buffer node = {0}, attribute = {0},
                  tensor = tensor_message("", 1, "1,2", (float[]){3, 4}, 2 * sizeof(float));
    model_input(&model, "x", "N,2");
    put_text(&attribute, 1, "value");
    put_message(&attribute, 5, &tensor);
    put_number(&attribute, 20, 4);
    put_text(&node, 2, "w");
    put_text(&node, 4, "Constant");
    put_message(&node, 5, &attribute);
    put_message(&model.graph, 1, &node);
    model_node(&model, "Constant", "k", "", "limit", "value_float=6.0");
    model_node(&model, "Gemm", "g", "x w", "t", "transB=1");
    model_node(&model, "Clip", "c", "t - limit", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_floats(input_of(graph, node_at(graph, 0, OP_GEMM), 1), (float[]){3, 4}, 2);
    assert_float_equal(node_at(graph, 1, OP_CLIP)->activation.high, 6, 0);
    sned_graph_free(graph);
}

/* ---- order, names, metadata ---- */

static void nodes_out_of_order_are_sorted_and_useless_ones_left_out(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_node(&model, "Relu", "second", "a", "y", "");
    model_node(&model, "Erf", "useless", "x", "z", "");
    model_node(&model, "Identity", "first", "x", "a", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_int_equal(graph->node_count, 2);
    assert_string_equal(graph->nodes[0].name, "first");
    assert_string_equal(graph->nodes[1].name, "second");
    sned_graph_free(graph);
}

static void node_names_are_made_unique(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_node(&model, "Relu", "r", "x", "a", "");
    model_node(&model, "Relu", "r", "a", "b", "");
    model_node(&model, "Relu", "", "b", "y", "");
    model_output(&model, "y");
    struct graph *graph = import(&model);
    assert_string_equal(graph->nodes[1].name, "r_2");
    assert_string_equal(graph->nodes[2].name, "Relu_2");
    sned_graph_free(graph);
}

static struct builder picture_model(const char *input)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", input);
    model_floats(&model, "w", "2,3,1,1");
    model_node(&model, "Conv", "c", "x w", "a", "");
    model_node(&model, "GlobalAveragePool", "p", "a", "b", "");
    model_node(&model, "Flatten", "f", "b", "y", "");
    model_output(&model, "y");
    return model;
}

static void preprocessing_and_labels_come_from_the_metadata(void **state)
{
    struct builder model = picture_model("N,3,height,width");
    model_property(&model, "input.color", "BGR");
    model_property(&model, "input.mean", "104.0,117.0,123.5");
    model_property(&model, "input.scale", "0.5");
    model_property(&model, "input.size", "12x34");
    model_property(&model, "labels", "Pets: cat,dog");
    model_property(&model, "labels.offset", "-1");
    struct graph *graph = import(&model);
    assert_true(graph->rule.is_image);
    assert_string_equal(graph->rule.color, "BGR");
    assert_float_equal(graph->rule.mean[2], 123.5f, 0);
    assert_float_equal(graph->rule.scale[2], 0.5f, 0);
    assert_int_equal(graph->rule.label_offset, -1);
    assert_shape(&graph->tensors[graph->input].shape, "1,3,12,34");
    assert_int_equal(graph->label_count, 2);
    assert_string_equal(graph->labels[0], "cat");
    assert_string_equal(graph->labels[1], "dog");
    assert_round_trip(graph);
}

static void the_way_of_resizing_comes_from_the_metadata(void **state)
{
    static const struct {
        const char *text;
        struct resize resize;
    } cases[] = {{"squash", {RESIZE_SQUASH, 0}},
                 {"Cover", {RESIZE_COVER, 0}},
                 {"auto", {RESIZE_AUTO, 0}},
                 {"34", {RESIZE_SIDE, 34}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct builder model = picture_model("N,3,12,34");
        model_property(&model, "input.resize", cases[i].text);
        struct graph *graph = import(&model);
        assert_true(graph->rule.is_image);
        assert_int_equal(graph->rule.resize.kind, cases[i].resize.kind);
        assert_int_equal(graph->rule.resize.side, cases[i].resize.side);
        assert_round_trip(graph);
    }
}

static void labels_with_commas_survive_writing(void **state)
{
    struct builder model = picture_model("N,3,4,4");
    model_property(&model, "labels", "tench, Tinca tinca\nnote: gold");
    struct graph *graph = import(&model);
    assert_int_equal(graph->label_count, 2);
    assert_string_equal(graph->labels[0], "tench, Tinca tinca");
    graph->provenance = strdup("{\"made\": \"by a test\"}");
    assert_round_trip(graph);
}

static void labels_may_be_written_with_blanks_carriage_returns_and_a_mark(void **state)
{
    static const char *const texts[] = {"cat, dog",
                                        "\xef\xbb\xbf"
                                        "cat\r\ndog\r\n",
                                        "cat\n dog"};

    for (int i = 0; i < 3; i++) {
        struct builder model = picture_model("N,3,4,4");
        model_property(&model, "labels", texts[i]);
        struct graph *graph = import(&model);
        assert_int_equal(graph->label_count, 2);
        assert_string_equal(graph->labels[0], "cat");
        assert_string_equal(graph->labels[1], "dog");
        sned_graph_free(graph);
    }
}

static void labels_that_are_not_utf_8_are_refused(void **state)
{
    struct builder model = picture_model("N,3,4,4");
    model_property(&model, "labels", "K\xe4tzchen,Hund");
    refuse(&model, SNED_ERROR_FORMAT, "metadata labels: not UTF-8");
}

static void labels_that_are_prose_are_left_out(void **state)
{
    struct builder model = picture_model("N,3,4,4");
    model_property(&model, "labels", "1000 classes, index = line, 0-based");
    struct graph *graph = import(&model);
    assert_int_equal(graph->label_count, 0);
    assert_false(graph->rule.is_image);
    sned_graph_free(graph);
}

static void metadata_that_does_not_fit_is_refused(void **state)
{
    static const char *const cases[][2] = {
        {"input.color", "gray"}, {"input.color", "YUV"}, {"input.mean", "1,2"}, {"input.mean", "1,2,3,4"},
        {"input.mean", "nan"},   {"input.scale", "one"}, {"input.resize", "3"}, {"input.resize", "stretch"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct builder model = picture_model("N,3,4,4");
        model_property(&model, cases[i][0], cases[i][1]);
        refuse(&model, SNED_ERROR_FORMAT, cases[i][0]);
    }
}

static void an_open_size_without_metadata_is_refused(void **state)
{
    struct builder model = picture_model("N,3,height,width");
    refuse(&model, SNED_ERROR_UNSUPPORTED, "input 'x' leaves axis 2 open");
}

/* ---- writing ---- */

static void fused_activations_are_written_as_nodes_of_their_own(void **state)
{
    struct builder model = picture_model("N,3,4,4");
    struct graph *graph = import(&model);
    graph->nodes[0].activation = (struct activation){.kind = ACTIVATION_CLIP, .low = 0, .high = 6};
    struct graph *again = write_and_read(graph);
    assert_int_equal(again->node_count, 4);
    node_at(again, 0, OP_CONV);
    assert_float_equal(node_at(again, 1, OP_CLIP)->activation.high, 6, 0);
    assert_string_equal(again->tensors[again->nodes[1].outputs[0]].name, "a");
    sned_graph_free(again);
    sned_graph_free(graph);
}

static void a_network_with_states_is_not_written(void **state)
{
    const struct shape shape = sned_shape(2, (int64_t)1, (int64_t)4);
    struct graph *graph;
    sned_error error = {0};
    int x, before, sum;
    assert_int_equal(sned_graph_new(&graph, "sums", &error), SNED_OK);
    sned_graph_add_tensor(graph, "x", TENSOR_F32, &shape, NULL, &x, &error);
    sned_graph_add_tensor(graph, "before", TENSOR_F32, &shape, NULL, &before, &error);
    sned_graph_add_tensor(graph, "sum", TENSOR_F32, &shape, NULL, &sum, &error);
    sned_graph_add_node(graph, "add", OP_ADD, (int[]){x, before}, 2, sum, NULL, &error);
    graph->input = x;
    sned_graph_set_outputs(graph, &sum, 1, &error);
    graph->states[graph->state_count++] = (struct state_tensor){before, sum};
    assert_int_equal(onnx_check_writable(graph, "sums.onnx", &error), SNED_ERROR_UNSUPPORTED);
    assert_string_equal(error.message,
                        "sums.onnx: the network has states, values that outlive a run, which are "
                        "not written as ONNX");
    sned_graph_free(graph);
}

static void an_unwritable_place_is_an_error(void **state)
{
    struct builder model = picture_model("N,3,4,4");
    struct graph *graph = import(&model);
    sned_error error = {0};
    assert_int_equal(onnx_write(graph, "/nowhere/at/all.onnx", &error), SNED_ERROR_IO);
    assert_non_null(strstr(error.message, "/nowhere/at/all.onnx"));
    sned_graph_free(graph);
}

/* ---- real models ---- */

/* ../shared/models/NAME, or NULL after saying that the test is skipped. */
static struct graph *real_model(const char *name)
{
    const char *data = getenv("SNED_DATA");
    char path[512];
    struct graph *graph;
    sned_error error = {0};
    snprintf(path, sizeof path, "%s/models/%s", data ? data : "../shared", name);
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is absent\n", path);
        return NULL;
    }
    if (onnx_read(&graph, path, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return graph;
}

static int count_nodes(const struct graph *graph, enum op op)
{
    int count = 0;
    for (int i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].op == op;
    return count;
}

static uint64_t total(const struct graph *graph, uint64_t (*of)(const struct graph *, const struct node *))
{
    uint64_t sum = 0;
    for (int i = 0; i < graph->node_count; i++)
        sum += of(graph, &graph->nodes[i]);
    return sum;
}

static void squeezenet_is_what_its_readme_says(void **state)
{
    struct graph *graph = real_model("squeezenet/squeezenet.onnx");
    if (graph == NULL)
        skip();
    assert_int_equal(count_nodes(graph, OP_CONV), 26);
    assert_int_equal(count_nodes(graph, OP_RELU), 26);
    assert_int_equal(count_nodes(graph, OP_MAX_POOL), 3);
    assert_int_equal(count_nodes(graph, OP_CONCAT), 8);
    assert_int_equal(graph->node_count, 65);
    assert_int_equal(total(graph, sned_node_weights), 1244448);
    assert_int_equal(total(graph, sned_node_kept), 415921);
    assert_int_equal(total(graph, sned_node_macs) / 1000000, 861);
    assert_shape(&graph->tensors[graph->input].shape, "1,3,227,227");
    assert_output(graph, "1,1000");
    assert_string_equal(graph->rule.color, "BGR");
    assert_float_equal(graph->rule.mean[0], 104, 0);
    assert_float_equal(graph->rule.scale[2], 1, 0);
    assert_int_equal(graph->label_count, 0);
    for (int i = 0; i < graph->tensor_count; i++)
        assert_null(graph->tensors[i].mask);
    assert_round_trip(graph);
}

static void resnet20_is_what_its_readme_says(void **state)
{
    struct graph *graph = real_model("resnet20-cifar10/resnet20-cifar10.onnx");
    if (graph == NULL)
        skip();
    assert_int_equal(count_nodes(graph, OP_CONV), 19);
    assert_int_equal(count_nodes(graph, OP_BATCH_NORMALIZATION), 19);
    assert_int_equal(count_nodes(graph, OP_ADD), 9);
    assert_int_equal(count_nodes(graph, OP_SLICE), 4);
    assert_int_equal(count_nodes(graph, OP_PAD), 2);
    assert_int_equal(graph->node_count, 75);
    assert_int_equal(total(graph, sned_node_weights), 268336);
    assert_output(graph, "1,10");
    assert_string_equal(graph->rule.color, "RGB");
    assert_float_equal(graph->rule.mean[0], 123.675f, 0);
    assert_float_equal(graph->rule.scale[0], 0.017124753831663668f, 0);
    assert_int_equal(graph->label_count, 10);
    assert_string_equal(graph->labels[0], "airplane");
    assert_string_equal(graph->labels[9], "truck");
    assert_round_trip(graph);
}

static void mnist_8_is_read_though_it_lists_weights_as_inputs(void **state)
{
    struct graph *graph = real_model("mnist-8/mnist-8.onnx");
    if (graph == NULL)
        skip();
    assert_int_equal(graph->node_count, 10);
    assert_int_equal(count_nodes(graph, OP_GEMM), 1);
    assert_shape(&graph->tensors[graph->input].shape, "1,1,28,28");
    assert_output(graph, "1,10");
    assert_int_equal(graph->nodes[0].u.conv.window.pad_begin[0], 2);
    assert_int_equal(graph->nodes[0].u.conv.window.pad_end[1], 2);
    assert_int_equal(total(graph, sned_node_weights), 5960);
    assert_round_trip(graph);
}

static void silero_vad_is_refused_by_operator(void **state)
{
    const char *data = getenv("SNED_DATA");
    char path[512];
    struct graph *graph;
    sned_error error = {0};
    snprintf(path, sizeof path, "%s/models/silero-vad/silero_vad_16k_op15.onnx", data ? data : "../shared");
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is absent\n", path);
        skip();
    }
    assert_int_equal(onnx_read(&graph, path, &error), SNED_ERROR_UNSUPPORTED);
    assert_null(graph);
    assert_non_null(strstr(error.message, "opset 15"));
    assert_non_null(strstr(error.message, "not handled"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_arithmetic_is_folded),
        cmocka_unit_test(computed_pads_are_folded),
        cmocka_unit_test(arithmetic_on_constants_is_folded_with_broadcasting),
        cmocka_unit_test(constants_of_other_types_become_floats),
        cmocka_unit_test(lists_of_floats_and_integers_are_read_as_raw_data_is),
        cmocka_unit_test(constant_nodes_give_weights_and_numbers),
        cmocka_unit_test(nodes_out_of_order_are_sorted_and_useless_ones_left_out),
        cmocka_unit_test(node_names_are_made_unique),
        cmocka_unit_test(preprocessing_and_labels_come_from_the_metadata),
        cmocka_unit_test(the_way_of_resizing_comes_from_the_metadata),
        cmocka_unit_test(labels_with_commas_survive_writing),
        cmocka_unit_test(labels_may_be_written_with_blanks_carriage_returns_and_a_mark),
        cmocka_unit_test(labels_that_are_not_utf_8_are_refused),
        cmocka_unit_test(labels_that_are_prose_are_left_out),
        cmocka_unit_test(metadata_that_does_not_fit_is_refused),
        cmocka_unit_test(an_open_size_without_metadata_is_refused),
        cmocka_unit_test(fused_activations_are_written_as_nodes_of_their_own),
        cmocka_unit_test(a_network_with_states_is_not_written),
        cmocka_unit_test(an_unwritable_place_is_an_error),
        cmocka_unit_test(squeezenet_is_what_its_readme_says),
        cmocka_unit_test(resnet20_is_what_its_readme_says),
        cmocka_unit_test(mnist_8_is_read_though_it_lists_weights_as_inputs),
        cmocka_unit_test(silero_vad_is_refused_by_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
