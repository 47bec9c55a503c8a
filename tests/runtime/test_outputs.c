/*
 * test_outputs.c - networks with several outputs and networks with states, through sned.h: values by hand.
 */
#include "codec/codec.h"
#include "runtime/runtime.h"
#include "tests/common/random_graphs.h"

#include <math.h>
#include <stdlib.h>

static sned_model *open_graph(struct graph *graph)
{
    sned_model *model;
    struct buffer file = {0};
    sned_error error = {0};
    if (sned_graph_infer(graph, &error) != SNED_OK ||
        sned_pack(graph, NULL, &file, NULL, NULL, &error) != SNED_OK ||
        sned_open_memory(&model, file.data, file.size, &error) != SNED_OK)
        fail_msg("%s", error.message);
    sned_buffer_free(&file);
    sned_graph_free(graph);
    return model;
}

static sned_context *new_context(const sned_model *model)
{
    sned_context *context;
    assert_int_equal(sned_context_new(&context, model, NULL), SNED_OK);
    return context;
}

static void rename_tensor(struct graph *graph, int tensor, const char *name)
{
    free(graph->tensors[tensor].name);
    graph->tensors[tensor].name = strdup(name);
}

static int add_ending(struct graph *graph, enum op op, int input, int axis)
{
    struct node *node = add_node(graph, op, &input, 1, (struct quantization){0});
    node->rules[0].low = node->rules[0].high = 0;
    if (op != OP_SIGMOID)
        node->u.softmax.axis = axis;
    return graph->outputs[0];
}

/* ---- several outputs ---- */

enum { LEFT = 1, MIDDLE = 2, RIGHT = 3, ELEMENTS = LEFT + MIDDLE + RIGHT };

/* Six values in pieces of 1, 2 and 3: the sigmoid of the first, the second as they are, the softmax of the
 * third, which is the first output. One step is a quarter. */
static struct graph *pieces_graph(void)
{
    static const int64_t sizes[3] = {LEFT, MIDDLE, RIGHT};
    struct graph *graph = new_graph(sned_shape(2, (int64_t)1, (int64_t)ELEMENTS), signed8);
    const struct shape shape = graph->tensors[graph->input].shape;
    int pieces[3], outputs[3];
    for (int k = 0; k < 3; k++)
        add_activation(graph, &shape, signed8, &pieces[k]);
    struct node *node = add_node_outputs(graph, OP_SPLIT, &graph->input, 1, pieces, 3);
    node->u.split.axis = 1;
    assert_int_equal(sned_alloc(&node->u.split.sizes, 3, sizeof *sizes, NULL), SNED_OK);
    memcpy(node->u.split.sizes, sizes, sizeof sizes);
    outputs[1] = add_ending(graph, OP_SIGMOID, pieces[0], 0);
    outputs[2] = pieces[1];
    outputs[0] = add_ending(graph, OP_SOFTMAX, pieces[2], 1);
    assert_int_equal(sned_graph_set_outputs(graph, outputs, 3, NULL), SNED_OK);
    rename_tensor(graph, outputs[0], "shares");
    rename_tensor(graph, outputs[1], "gate");
    rename_tensor(graph, outputs[2], "values");
    return graph;
}

/* Buffers are sized by channels * height * width. */
static void an_input_of_six_dimensions_is_told_whole(void **state)
{
    struct graph *graph = new_graph(
        sned_shape(6, (int64_t)1, (int64_t)2, (int64_t)3, (int64_t)4, (int64_t)5, (int64_t)6), signed8);
    struct node *node = add_node(graph, OP_FLATTEN, &graph->input, 1, signed8);
    node->u.flatten.axis = 1;
    sned_model *model;
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
    const sned_model_info *info = sned_model_get_info(model);
    assert_int_equal(info->channels, 2);
    assert_int_equal(info->height, 3);
    assert_int_equal(info->width, 4 * 5 * 6);
    assert_int_equal(info->classes, 720);
    sned_close(model);
}

static void outputs_are_told_by_index_and_found_by_name(void **state)
{
    static const char *const names[3] = {"shares", "gate", "values"};
    static const size_t elements[3] = {RIGHT, LEFT, MIDDLE};
    static const sned_ending endings[3] = {SNED_ENDING_SOFTMAX, SNED_ENDING_SIGMOID, SNED_ENDING_NONE};
    sned_model *model = open_graph(pieces_graph());
    sned_output output;
    assert_int_equal(sned_model_get_info(model)->outputs, 3);
    assert_int_equal(sned_model_get_info(model)->classes, RIGHT);
    for (int k = 0; k < 3; k++) {
        assert_int_equal(sned_model_get_output(model, k, &output), SNED_OK);
        assert_string_equal(output.name, names[k]);
        assert_int_equal(output.elements, elements[k]);
        assert_int_equal(output.rank, 1);
        assert_int_equal(output.shape[0], elements[k]);
        assert_int_equal(output.ending, endings[k]);
        assert_int_equal(sned_model_find_output(model, names[k]), k);
    }
    assert_int_equal(sned_model_get_output(model, 3, &output), SNED_ERROR_ARGUMENT);
    sned_close(model);
}

static void every_output_has_its_own_ending(void **state)
{
    /* 0.5, 1, -2 and 0, 1, 2 in quarters: nothing is rounded on the way in. */
    static const float images[2][ELEMENTS] = {{0.5f, 1, -2, 0, 1, 2}, {-1, 0.25f, 3, 1, 1, 1}};
    sned_model *model = open_graph(pieces_graph());
    sned_context *context = new_context(model);
    float shares[2][RIGHT], gate[2][LEFT], values[2][MIDDLE];
    float *const outputs[3] = {shares[0], gate[0], values[0]};
    assert_int_equal(sned_run_values_outputs(context, images[0], 2, outputs, 3, NULL), SNED_OK);
    for (int n = 0; n < 2; n++) {
        const float *image = images[n];
        const double sum = exp(image[3]) + exp(image[4]) + exp(image[5]);
        assert_true(fabs(gate[n][0] - 1 / (1 + exp(-image[0]))) < 1e-6);
        assert_memory_equal(values[n], image + 1, sizeof values[n]);
        for (int i = 0; i < RIGHT; i++)
            assert_true(fabs(shares[n][i] - exp(image[3 + i]) / sum) < 1e-6);
    }
    sned_context_free(context);
    sned_close(model);
}

static void outputs_that_nobody_wants_are_left_out(void **state)
{
    static const float image[ELEMENTS] = {0.5f, 1, -2, 0, 1, 2};
    sned_model *model = open_graph(pieces_graph());
    sned_context *context = new_context(model);
    float values[MIDDLE] = {0}, shares[RIGHT] = {0}, alone[RIGHT];
    float *const third[3] = {NULL, NULL, values}, *const first[1] = {shares};
    assert_int_equal(sned_run_values_outputs(context, image, 1, third, 3, NULL), SNED_OK);
    assert_memory_equal(values, image + 1, sizeof values);
    assert_int_equal(sned_run_values_outputs(context, image, 1, first, 1, NULL), SNED_OK);
    assert_int_equal(sned_run_values(context, image, 1, alone, NULL), SNED_OK);
    assert_memory_equal(shares, alone, sizeof alone);
    assert_int_equal(sned_run_values_outputs(context, image, 1, third, 4, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_run_values_outputs(context, image, 1, third, -1, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_run_values_outputs(context, image, 1, NULL, 0, NULL), SNED_ERROR_ARGUMENT);
    sned_context_free(context);
    sned_close(model);
}

/* [2][3]: along the first axis, each of three columns by itself. The first output is another one, since a
 * classification's Softmax is over all its numbers. */
static void a_softmax_of_another_output_may_be_along_any_axis(void **state)
{
    static const float image[6] = {0, 1, 2, 1, -1, 2};
    struct graph *graph = new_graph(sned_shape(3, (int64_t)1, (int64_t)2, (int64_t)3), signed8);
    int outputs[2];
    outputs[1] = add_ending(graph, OP_LOG_SOFTMAX, graph->input, 1);
    add_node(graph, OP_FLATTEN, &graph->input, 1, signed8)->u.flatten.axis = 1;
    outputs[0] = graph->outputs[0];
    assert_int_equal(sned_graph_set_outputs(graph, outputs, 2, NULL), SNED_OK);
    sned_model *model = open_graph(graph);
    sned_context *context = new_context(model);
    float columns[6];
    float *const wanted[2] = {NULL, columns};
    assert_int_equal(sned_run_values_outputs(context, image, 1, wanted, 2, NULL), SNED_OK);
    for (int i = 0; i < 6; i++) {
        const double sum = exp(image[i % 3]) + exp(image[3 + i % 3]);
        assert_true(fabs(columns[i] - (image[i] - log(sum))) < 1e-6);
    }
    sned_context_free(context);
    sned_close(model);
}

/* ---- states ---- */

enum { WIDTH = 3 };
static const struct quantization whole = {1, 8, true};

/* sum = input + what sum was the run before, from -128 to 127; and what the input was the run before. */
static struct graph *accumulator_graph(void)
{
    struct graph *graph = new_graph(sned_shape(2, (int64_t)1, (int64_t)WIDTH), whole);
    const struct shape shape = graph->tensors[graph->input].shape;
    int sum_before, input_before, outputs[2];
    add_activation(graph, &shape, whole, &sum_before);
    add_activation(graph, &shape, whole, &input_before);
    struct node *node = add_node(graph, OP_ADD, (int[]){graph->input, sum_before}, 2, whole);
    set_scalings(node, 2);
    node->rules[0].scalings[0] = node->rules[0].scalings[1] = (struct scaling){1 << 15, 15};
    outputs[0] = graph->outputs[0];
    node = add_node(graph, OP_RESHAPE, &input_before, 1, whole);
    node->u.reshape.shape = shape;
    outputs[1] = graph->outputs[0];
    graph->state_count = 2;
    graph->states[0] = (struct state_tensor){sum_before, outputs[0]};
    graph->states[1] = (struct state_tensor){input_before, graph->input};
    assert_int_equal(sned_graph_set_outputs(graph, outputs, 2, NULL), SNED_OK);
    return graph;
}

static void expect_sum(sned_context *context, float a, float b, float c, float sum_a, float sum_b,
                       float sum_c)
{
    const float input[WIDTH] = {a, b, c}, wanted[WIDTH] = {sum_a, sum_b, sum_c};
    float sum[WIDTH];
    assert_int_equal(sned_run_values(context, input, 1, sum, NULL), SNED_OK);
    assert_memory_equal(sum, wanted, sizeof sum);
}

static void a_state_is_what_it_became_the_run_before(void **state)
{
    sned_model *model = open_graph(accumulator_graph());
    sned_context *context = new_context(model);
    assert_int_equal(sned_model_get_info(model)->state_bytes, 2 * WIDTH);
    expect_sum(context, 1, -2, 100, 1, -2, 100);
    expect_sum(context, 1, -2, 100, 2, -4, 127); /* clamped */
    expect_sum(context, 0, 5, -100, 2, 1, 27);   /* and kept so */
    sned_context_free(context);
    sned_close(model);
}

static void images_of_one_call_are_one_sequence(void **state)
{
    static const float images[3][WIDTH] = {{1, 2, 3}, {10, 20, 30}, {-5, 0, 5}};
    static const float sums[3][WIDTH] = {{1, 2, 3}, {11, 22, 33}, {6, 22, 38}};
    static const float befores[3][WIDTH] = {{0, 0, 0}, {1, 2, 3}, {10, 20, 30}};
    sned_model *model = open_graph(accumulator_graph());
    sned_context *context = new_context(model);
    float sum[3][WIDTH], before[3][WIDTH];
    float *const outputs[2] = {sum[0], before[0]};
    assert_int_equal(sned_run_values_outputs(context, images[0], 3, outputs, 2, NULL), SNED_OK);
    assert_memory_equal(sum, sums, sizeof sums);
    assert_memory_equal(before, befores, sizeof befores);
    expect_sum(context, 1, 1, 1, 7, 23, 39);
    sned_context_free(context);
    sned_close(model);
}

static void a_reset_begins_another_sequence(void **state)
{
    sned_model *model = open_graph(accumulator_graph());
    sned_context *context = new_context(model);
    expect_sum(context, 1, 2, 3, 1, 2, 3);
    sned_context_reset(context);
    expect_sum(context, 4, 5, 6, 4, 5, 6);
    sned_context_reset(NULL);
    sned_context_free(context);
    sned_close(model);
}

static void contexts_of_one_model_have_states_of_their_own(void **state)
{
    sned_model *model = open_graph(accumulator_graph());
    sned_context *one = new_context(model), *other = new_context(model);
    expect_sum(one, 1, 1, 1, 1, 1, 1);
    expect_sum(other, 5, 5, 5, 5, 5, 5);
    expect_sum(one, 1, 1, 1, 2, 2, 2);
    sned_context_reset(other);
    expect_sum(one, 1, 1, 1, 3, 3, 3);
    expect_sum(other, 5, 5, 5, 5, 5, 5);
    sned_context_free(one);
    sned_context_free(other);
    sned_close(model);
}

static void states_begin_with_zeros_in_memory_that_held_something_else(void **state)
{
    sned_model *model = open_graph(accumulator_graph());
    sned_context *context;
    const size_t size = sned_memory_needed(model);
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    assert_non_null(memory);
    memset(memory, 0x5a, size);
    assert_int_equal(sned_context_place(&context, model, memory, size, NULL), SNED_OK);
    expect_sum(context, 1, 2, 3, 1, 2, 3);
    expect_sum(context, 1, 2, 3, 2, 4, 6);
    sned_context_free(context);
    free(memory);
    sned_close(model);
}

/* The file's records, as a stranger may write them. */
static void what_a_state_becomes_must_be_like_it(void **state)
{
    sned_error error = {0};
    for (int wrong = 0; wrong < 4; wrong++) {
        struct graph *graph = accumulator_graph();
        struct state_tensor *first = &graph->states[0];
        assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
        if (wrong == 0)
            graph->tensors[first->tensor].quantization.scale = 2;
        else if (wrong == 1)
            graph->tensors[first->tensor].shape.dim[1] = WIDTH + 1;
        else if (wrong == 2)
            first->next = graph->tensor_count;
        else
            graph->states[1].tensor = first->tensor;
        assert_int_not_equal(sned_graph_check(graph, &error), SNED_OK);
        assert_true(error.message[0] && !strchr(error.message, '\n'));
        sned_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_input_of_six_dimensions_is_told_whole),
        cmocka_unit_test(outputs_are_told_by_index_and_found_by_name),
        cmocka_unit_test(every_output_has_its_own_ending),
        cmocka_unit_test(outputs_that_nobody_wants_are_left_out),
        cmocka_unit_test(a_softmax_of_another_output_may_be_along_any_axis),
        cmocka_unit_test(a_state_is_what_it_became_the_run_before),
        cmocka_unit_test(images_of_one_call_are_one_sequence),
        cmocka_unit_test(a_reset_begins_another_sequence),
        cmocka_unit_test(contexts_of_one_model_have_states_of_their_own),
        cmocka_unit_test(states_begin_with_zeros_in_memory_that_held_something_else),
        cmocka_unit_test(what_a_state_becomes_must_be_like_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
