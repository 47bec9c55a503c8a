/*
 * test_onnx_arithmetic.c - what the importer makes out of several nodes or turns round: constants that
 * broadcast, differences, quotients, means, LRN as PyTorch's exporter writes it, branches. Numbers by hand.
 */
#include "tests/common/onnx_checks.h"
#include "train/executor/executor.h"

/* The output for inputs 1, 2, 3, ... of a batch of `batch`. */
static void assert_computes(struct builder *model, int batch, const float *expected, size_t count)
{
    struct graph *graph = import(model);
    struct executor *executor;
    struct executor_options options = {.batch = batch, .threads = 1};
    sned_error error = {0};
    size_t size = sned_shape_elements(&graph->tensors[graph->input].shape) * (size_t)batch;
    float *values = malloc(size * sizeof *values);
    for (size_t i = 0; i < size; i++)
        values[i] = (float)(i + 1);
    if (executor_new(&executor, graph, &options, &error) != SNED_OK ||
        executor_forward(executor, values, (size_t)batch, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(sned_shape_elements(&graph->tensors[graph->outputs[0]].shape) * (size_t)batch, count);
    for (size_t i = 0; i < count; i++)
        assert_float_equal(executor_output(executor, 0)[i], expected[i], 1e-5 * fabsf(expected[i]));
    executor_free(executor);
    free(values);
    sned_graph_free(graph);
}

/* One node of two inputs, "x c" or "c x", c being 1, 2, 3, ... of `constant`. */
static struct builder binary_model(const char *op, const char *inputs, const char *input,
                                   const char *constant)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", input);
    model_floats(&model, "c", constant);
    model_node(&model, op, "a", inputs, "y", "");
    model_output(&model, "y");
    return model;
}

static void a_row_of_constants_is_added_to_every_row(void **state)
{
    struct builder model = binary_model("Add", "x c", "N,2,1,2", "2");
    assert_computes(&model, 2, (float[]){2, 4, 4, 6, 6, 8, 8, 10}, 8);
}

static void a_column_of_constants_is_multiplied_along_its_axis(void **state)
{
    struct builder model = binary_model("Mul", "c x", "N,1,2,2", "2,1");
    assert_computes(&model, 1, (float[]){1, 2, 6, 8}, 4);
}

static void a_whole_image_of_constants_is_subtracted(void **state)
{
    struct builder model = binary_model("Sub", "x c", "N,2,1,2", "1,2,1,2");
    assert_computes(&model, 2, (float[]){0, 0, 0, 0, 4, 4, 4, 4}, 8);
}

static void differences_and_quotients_go_either_way_round_where_they_can(void **state)
{
    struct builder difference = binary_model("Sub", "c x", "N,2", "2");
    assert_computes(&difference, 2, (float[]){0, 0, -2, -2}, 4);
    struct builder quotient = binary_model("Div", "x c", "N,2", "2");
    assert_computes(&quotient, 1, (float[]){1, 1}, 2);
    struct builder inverse = binary_model("Div", "c x", "N,2", "2");
    refuse(&inverse, SNED_ERROR_UNSUPPORTED, "node 'a' (Div, opset 13): input 0 ('c') is a constant");
    struct builder itself = binary_model("Div", "x x", "N,2", "2");
    refuse(&itself, SNED_ERROR_UNSUPPORTED, "node 'a' (Div, opset 13): by an activation");
}

static void a_constant_for_each_image_of_a_batch_is_refused(void **state)
{
    struct builder model = binary_model("Add", "x c", "2,3", "2,3");
    refuse(&model, SNED_ERROR_UNSUPPORTED, "does not broadcast to each image");
}

static void gemm_adds_an_activation_times_beta(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_floats(&model, "w", "2,2");
    model_node(&model, "Gemm", "g", "x w x", "y", "beta=0.5");
    model_output(&model, "y");
    assert_computes(&model, 1, (float[]){7.5f, 11}, 2);
}

static void a_mean_is_taken_over_any_axes_but_the_batch(void **state)
{
    struct builder channels = {.opset = 13}, rows = {.opset = 18};
    model_input(&channels, "x", "N,2,1,2");
    model_node(&channels, "ReduceMean", "m", "x", "y", "axes=[1]");
    model_output(&channels, "y");
    assert_computes(&channels, 2, (float[]){2, 3, 6, 7}, 4);

    model_input(&rows, "x", "N,3,2");
    model_ints(&rows, "axes", "-2");
    model_node(&rows, "ReduceMean", "m", "x axes", "y", "keepdims=0");
    model_output(&rows, "y");
    assert_computes(&rows, 1, (float[]){3, 4}, 2);
}

static void the_largest_of_a_channel_is_a_global_pool(void **state)
{
    struct builder model = {.opset = 22};
    model_input(&model, "x", "N,2,2,2");
    model_node(&model, "GlobalMaxPool", "m", "x", "y", "");
    model_output(&model, "y");
    assert_computes(&model, 1, (float[]){4, 8}, 2);
}

static void pad_with_a_value_gives_that_value(void **state)
{
    struct builder model = {.opset = 13}, infinite = {.opset = 13};
    model_input(&model, "x", "N,1,1,2");
    model_ints(&model, "pads", "0,0,0,1,0,0,0,1");
    model_number(&model, "value", 1.5f);
    model_node(&model, "Pad", "p", "x pads value", "y", "");
    model_output(&model, "y");
    assert_computes(&model, 1, (float[]){1.5f, 1, 2, 1.5f}, 4);

    model_input(&infinite, "x", "N,1,1,2");
    model_ints(&infinite, "pads", "0,0,0,1,0,0,0,1");
    model_number(&infinite, "value", -INFINITY);
    model_node(&infinite, "Pad", "p", "x pads value", "y", "");
    model_output(&infinite, "y");
    refuse(&infinite, SNED_ERROR_UNSUPPORTED, "node 'p' (Pad, opset 13): with the value -inf");
}

static void clip_with_crossed_bounds_gives_the_upper_one(void **state)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_number(&model, "low", 7);
    model_number(&model, "high", 3);
    model_node(&model, "Clip", "c", "x low high", "y", "");
    model_output(&model, "y");
    assert_computes(&model, 1, (float[]){3, 3}, 2);
}

/* ---- the batch ---- */

static struct builder batch_model(const char *op, const char *input, const char *list, const char *inputs)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", input);
    model_ints(&model, "zero", "0");
    model_ints(&model, "list", list);
    model_node(&model, op, "b", inputs, "y", "");
    model_output(&model, "y");
    return model;
}

static void a_slice_of_the_batch_is_refused_and_all_of_it_is_not(void **state)
{
    struct builder part = batch_model("Slice", "8,2", "3", "x zero list zero");
    refuse(&part, SNED_ERROR_UNSUPPORTED, "node 'b' (Slice, opset 13): it takes a part of the batch");
    struct builder first = batch_model("Slice", "N,2", "1", "x zero list zero");
    refuse(&first, SNED_ERROR_UNSUPPORTED, "it takes a part of the batch");
    struct builder declared = batch_model("Slice", "8,2", "8", "x zero list zero");
    assert_computes(&declared, 1, (float[]){1, 2}, 2);
    struct builder all = batch_model("Slice", "N,2", "9223372036854775807", "x zero list zero");
    assert_computes(&all, 2, (float[]){1, 2, 3, 4}, 4);
}

static void an_axis_before_the_batch_is_refused_unless_the_batch_is_1(void **state)
{
    struct builder open = batch_model("Unsqueeze", "N,2", "0", "x list");
    refuse(&open, SNED_ERROR_UNSUPPORTED, "it puts an axis before the batch");
    struct builder fixed = batch_model("Unsqueeze", "4,2", "0", "x list");
    refuse(&fixed, SNED_ERROR_UNSUPPORTED, "it puts an axis before the batch");
    struct builder one = batch_model("Unsqueeze", "1,2", "0", "x list");
    struct graph *graph = import(&one);
    assert_output(graph, "1,1,2");
    sned_graph_free(graph);
}

static void squeeze_of_all_axes_of_1_leaves_an_open_batch(void **state)
{
    struct builder model = batch_model("Squeeze", "N,2,1,1", "0", "x");
    assert_computes(&model, 2, (float[]){1, 2, 3, 4}, 4);
    struct builder batch = batch_model("Squeeze", "N,1,2", "0", "x list");
    refuse(&batch, SNED_ERROR_UNSUPPORTED, "it takes the batch away");
}

/* ---- LRN as arithmetic ---- */

/* What PyTorch's exporter writes: `before` and `after` zeros around the channels, a mean over 3. */
static struct builder lrn_model(const char *pads, const char *power)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2,1,1");
    model_ints(&model, "deep", "0,1,2,1,-1");
    model_ints(&model, "one", "1");
    model_ints(&model, "pads", pads);
    model_ints(&model, "shape", "0,2,1,1");
    model_number(&model, "alpha", 3);
    model_number(&model, "bias", 4);
    model_number(&model, "beta", 0.5f);
    model_node(&model, "Mul", "m", "x x", "square", "");
    model_node(&model, "Unsqueeze", "u", "square one", "open", "");
    model_node(&model, "Reshape", "r", "open deep", "image", "");
    model_node(&model, "Pad", "p", "image pads", "padded", "");
    model_node(&model, "AveragePool", "a", "padded", "means", "kernel_shape=[3,1,1] strides=[1,1,1]");
    model_node(&model, "Squeeze", "s", "means one", "closed", "");
    model_node(&model, "Reshape", "t", "closed shape", "mean", "");
    model_node(&model, "Mul", "n", "mean alpha", "scaled", "");
    model_node(&model, "Add", "b", "scaled bias", "base", "");
    model_node(&model, "Pow", "w", "base beta", "power", "");
    model_node(&model, "Div", "d", power, "y", "");
    model_output(&model, "y");
    return model;
}

static void lrn_as_arithmetic_becomes_one_lrn(void **state)
{
    struct builder model = lrn_model("0,0,1,0,0,0,0,1,0,0", "x power");
    struct graph *graph = import(&model);
    const struct node *node = node_at(graph, 0, OP_LRN);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(node->u.lrn.size, 3);
    assert_float_equal(node->u.lrn.alpha, 3, 0);
    assert_float_equal(node->u.lrn.beta, 0.5, 0);
    assert_float_equal(node->u.lrn.bias, 4, 0);
    sned_graph_free(graph);
    model = lrn_model("0,0,1,0,0,0,0,1,0,0", "x power"); /* 1 / (4 + 1 + 4)^0.5, 2 / (4 + 1 + 4)^0.5 */
    assert_computes(&model, 1, (float[]){1.0f / 3, 2.0f / 3}, 2);
}

static void arithmetic_that_is_almost_lrn_is_refused(void **state)
{
    struct builder shifted = lrn_model("0,0,2,0,0,0,0,0,0,0", "x power");
    refuse(&shifted, SNED_ERROR_UNSUPPORTED,
           "node 'd' (Div, opset 13): a local response normalisation over 2");
    struct builder other = lrn_model("0,0,1,0,0,0,0,1,0,0", "mean power");
    refuse(&other, SNED_ERROR_UNSUPPORTED, "node 'd' (Div, opset 13): by a power that is no local response");
}

static void a_power_of_2_is_a_product_and_another_is_refused(void **state)
{
    for (int exponent = 1; exponent <= 3; exponent++) {
        struct builder model = {.opset = 13};
        model_input(&model, "x", "N,2");
        model_number(&model, "e", (float)exponent);
        model_node(&model, "Pow", "p", "x e", "t", "");
        model_node(&model, "Relu", "r", "t", "y", "");
        model_output(&model, "y");
        if (exponent == 3)
            refuse(&model, SNED_ERROR_UNSUPPORTED, "input 0 ('t') is a power other than 1 and 2");
        else
            assert_computes(&model, 1, (float[]){1, exponent == 1 ? 2 : 4}, 2);
    }
}

/* ---- If ---- */

static void put_branch(struct buffer *node, const char *name, const char *op, const char *input,
                       const char *output)
{
    struct builder branch = {0};
    struct buffer attribute = {0};
    model_node(&branch, op, "inner", input, output, "");
    model_output(&branch, output);
    put_text(&attribute, 1, name);
    put_number(&attribute, 20, 5);
    put_message(&attribute, 6, &branch.graph);
    put_message(node, 5, &attribute);
}

/* x.squeeze(1) of PyTorch's exporter: is the size of axis 1 equal to 1? then Relu, else LeakyRelu. */
static struct builder if_model(const char *input, const char *then_input)
{
    struct builder model = {.opset = 13};
    struct buffer node = {0};
    model_input(&model, "x", input);
    model_ints(&model, "axis", "1");
    model_ints(&model, "one", "1");
    model_node(&model, "Shape", "s", "x", "sizes", "");
    model_node(&model, "Gather", "g", "sizes axis", "size", "");
    model_node(&model, "Equal", "e", "size one", "is_one", "");
    put_names(&node, 1, "is_one");
    put_names(&node, 2, "y");
    put_text(&node, 3, "if");
    put_text(&node, 4, "If");
    put_branch(&node, "then_branch", "Relu", then_input, "a");
    put_branch(&node, "else_branch", "LeakyRelu", "x", "b");
    put_message(&model.graph, 1, &node);
    model_output(&model, "y");
    return model;
}

static void an_if_on_a_known_size_is_the_branch_it_takes(void **state)
{
    struct builder one = if_model("N,1", "x"), two = if_model("N,2", "x");
    struct graph *graph = import(&one);
    node_at(graph, 0, OP_RELU);
    sned_graph_free(graph);
    graph = import(&two);
    node_at(graph, 0, OP_LEAKY_RELU);
    sned_graph_free(graph);
}

static void a_branch_that_reads_what_nothing_makes_is_refused(void **state)
{
    struct builder nowhere = if_model("N,1", "nothing"), other_branch = if_model("N,1", "b");
    refuse(&nowhere, SNED_ERROR_FORMAT, "reads 'nothing', which nothing defines");
    refuse(&other_branch, SNED_ERROR_UNSUPPORTED, "it reads 'b', an output that is not computed");
}

static void an_if_on_what_the_network_computes_is_refused(void **state)
{
    struct builder model = {.opset = 13};
    struct buffer node = {0};
    model_input(&model, "x", "N,1");
    put_names(&node, 1, "x");
    put_names(&node, 2, "y");
    put_text(&node, 3, "if");
    put_text(&node, 4, "If");
    put_branch(&node, "then_branch", "Relu", "x", "a");
    put_branch(&node, "else_branch", "Relu", "x", "b");
    put_message(&model.graph, 1, &node);
    model_output(&model, "y");
    refuse(&model, SNED_ERROR_UNSUPPORTED,
           "node 'if' (If, opset 13): this operator is handled on constants only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_of_constants_is_added_to_every_row),
        cmocka_unit_test(a_column_of_constants_is_multiplied_along_its_axis),
        cmocka_unit_test(a_whole_image_of_constants_is_subtracted),
        cmocka_unit_test(differences_and_quotients_go_either_way_round_where_they_can),
        cmocka_unit_test(a_constant_for_each_image_of_a_batch_is_refused),
        cmocka_unit_test(gemm_adds_an_activation_times_beta),
        cmocka_unit_test(a_mean_is_taken_over_any_axes_but_the_batch),
        cmocka_unit_test(the_largest_of_a_channel_is_a_global_pool),
        cmocka_unit_test(pad_with_a_value_gives_that_value),
        cmocka_unit_test(clip_with_crossed_bounds_gives_the_upper_one),
        cmocka_unit_test(a_slice_of_the_batch_is_refused_and_all_of_it_is_not),
        cmocka_unit_test(an_axis_before_the_batch_is_refused_unless_the_batch_is_1),
        cmocka_unit_test(squeeze_of_all_axes_of_1_leaves_an_open_batch),
        cmocka_unit_test(lrn_as_arithmetic_becomes_one_lrn),
        cmocka_unit_test(arithmetic_that_is_almost_lrn_is_refused),
        cmocka_unit_test(a_power_of_2_is_a_product_and_another_is_refused),
        cmocka_unit_test(an_if_on_a_known_size_is_the_branch_it_takes),
        cmocka_unit_test(a_branch_that_reads_what_nothing_makes_is_refused),
        cmocka_unit_test(an_if_on_what_the_network_computes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
