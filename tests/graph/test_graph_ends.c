/*
 * test_graph_ends.c - where a graph ends: several outputs, each with an ending of its own, states, and which
 * activations of an integer graph may have 16 bits.
 */
#include "tests/graph/graph_fixture.h"

/* ---- graphs of floats ---- */

/* x -> Gemm a -> Gemm b: b is an output, then a. */
static struct graph *two_heads(void)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 4));
    int a = append_gemm(graph, "a", graph->input, 6, 4), b = append_gemm(graph, "b", a, 3, 6);
    succeeds(sned_graph_set_outputs(graph, (int[]){b, a}, 2, &error), &error);
    infer(graph);
    return graph;
}

/* x -> Add, with a state that becomes the sum. */
static struct graph *running_sum(void)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 4));
    struct shape shape = SHAPE(1, 4);
    int before, sum;
    succeeds(sned_graph_add_tensor(graph, "before", TENSOR_F32, &shape, NULL, &before, &error), &error);
    sum = APPEND(graph, "sum", OP_ADD, graph->input, before)->outputs[0];
    APPEND(graph, "relu", OP_RELU, sum);
    graph->states[graph->state_count++] = (struct state_tensor){before, sum};
    infer(graph);
    return graph;
}

static struct graph *split_graph(void)
{
    struct graph *graph = graph_on(SHAPE(1, 5, 2));
    append_split(graph, "split", graph->input, 1, (int64_t[]){2, 3}, 2);
    infer(graph);
    return graph;
}

static void accepts(struct graph *graph)
{
    check(graph);
    sned_graph_free(graph);
}

static void several_outputs_are_accepted(void **state)
{
    accepts(two_heads());
    accepts(split_graph());
}

static void a_state_is_accepted_and_keeps_its_shape(void **state)
{
    struct graph *graph = running_sum();
    const struct shape wanted = SHAPE(1, 4);
    assert_true(sned_shape_equal(&graph->tensors[graph->states[0].tensor].shape, &wanted));
    accepts(graph);
}

static void a_state_may_become_the_input(void **state)
{
    struct graph *graph = running_sum();
    graph->states[0].next = graph->input;
    accepts(graph);
}

/* Softmax on the first head, Sigmoid on the second, which the first reads too. */
static void each_output_may_have_its_own_ending(void **state)
{
    sned_error error;
    struct graph *graph = two_heads();
    const int b = graph->outputs[0], a = graph->outputs[1];
    const int second = APPEND(graph, "sigmoid", OP_SIGMOID, a)->outputs[0];
    struct node *softmax = APPEND(graph, "softmax", OP_SOFTMAX, b);
    const int first = softmax->outputs[0];
    softmax->u.softmax.axis = 1;
    succeeds(sned_graph_set_outputs(graph, (int[]){first, second}, 2, &error), &error);
    infer(graph);
    const struct scores scores = sned_graph_output_scores(graph, 1);
    assert_int_equal(sned_graph_scores(graph).ending, OP_SOFTMAX);
    assert_int_equal(scores.ending, OP_SIGMOID);
    assert_int_equal(scores.logits, a);
    assert_int_equal(scores.count, 6);
    succeeds(sned_graph_check_ending(graph, &error), &error);
    accepts(graph);
}

static void the_ending_of_the_first_output_is_over_all_its_numbers(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 2, 3));
    int other = APPEND(graph, "relu", OP_RELU, graph->input)->outputs[0];
    struct node *softmax = APPEND(graph, "softmax", OP_SOFTMAX, graph->input);
    softmax->u.softmax.axis = 2;
    succeeds(sned_graph_set_outputs(graph, (int[]){other, softmax->outputs[0]}, 2, &error), &error);
    infer(graph);
    succeeds(sned_graph_check_ending(graph, &error), &error);
    succeeds(sned_graph_set_outputs(graph, (int[]){graph->outputs[1], other}, 2, &error), &error);
    refused(sned_graph_check_ending(graph, &error), &error, SNED_ERROR_UNSUPPORTED,
            "over 3 of the 6 numbers");
    sned_graph_free(graph);
}

static void an_ending_behind_a_reshape_moves_at_every_output(void **state)
{
    sned_error error;
    struct graph *graph = two_heads();
    const int a = graph->outputs[1], b = graph->outputs[0];
    struct node *softmax = APPEND(graph, "softmax", OP_SOFTMAX, a);
    softmax->u.softmax.axis = 1;
    struct node *reshape = APPEND(graph, "reshape", OP_RESHAPE, softmax->outputs[0]);
    reshape->u.reshape.shape = SHAPE(1, 1, 6);
    succeeds(sned_graph_set_outputs(graph, (int[]){b, reshape->outputs[0]}, 2, &error), &error);
    infer(graph);
    succeeds(sned_graph_move_ending(graph, &error), &error);
    infer(graph);
    assert_int_equal(sned_graph_output_scores(graph, 1).ending, OP_SOFTMAX);
    accepts(graph);
}

static void an_ending_behind_a_depth_to_space_moves(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 4, 2, 2));
    struct node *sigmoid = APPEND(graph, "sigmoid", OP_SIGMOID, graph->input);
    struct node *move = APPEND(graph, "move", OP_DEPTH_TO_SPACE, sigmoid->outputs[0]);
    move->u.depth_to_space.block = 2;
    succeeds(sned_graph_set_outputs(graph, move->outputs, 1, &error), &error);
    infer(graph);
    succeeds(sned_graph_move_ending(graph, &error), &error);
    infer(graph);
    assert_int_equal(sned_graph_scores(graph).ending, OP_SIGMOID);
    assert_int_equal(graph->nodes[0].op, OP_DEPTH_TO_SPACE);
    assert_int_equal(graph->nodes[0].inputs[0], graph->input);
    accepts(graph);
}

/* ---- an integer graph in which everything has 8 bits ---- */

enum { FIRST, POOL, SUM, AVERAGE, LAST };

static void quantize(struct graph *graph, int tensor, int bits)
{
    graph->tensors[tensor].quantization =
        (struct quantization){.scale = 0.5f, .bits = (uint8_t)bits, .is_signed = true};
}

static void give_rule(struct graph *graph, int node, int scalings)
{
    sned_error error;
    struct integer_rule *rule = &graph->nodes[node].rules[0];
    rule->low = INT8_MIN;
    rule->high = INT8_MAX;
    rule->scaling_count = scalings;
    if (scalings > 0)
        succeeds(sned_alloc(&rule->scalings, (size_t)scalings, sizeof *rule->scalings, &error), &error);
    for (int i = 0; i < scalings; i++)
        rule->scalings[i] = (struct scaling){.multiplier = 40000, .shift = 20};
}

static int append_layer(struct graph *graph, const char *name, enum op op, int x, struct shape shape)
{
    char text[64];
    snprintf(text, sizeof text, "%s.weight", name);
    const int weights = zeros(graph, text, TENSOR_I8, shape);
    memset(graph->tensors[weights].data, 127, sned_shape_elements(&shape));
    return APPEND(graph, name, op, x, weights)->outputs[0];
}

/* Conv 1x1 -> MaxPool -> Add to itself -> GlobalAveragePool of 4 -> Conv, with weights of 127. */
static struct graph *integers(void)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 2, 2, 2));
    append_layer(graph, "first", OP_CONV, graph->input, SHAPE(2, 2, 1, 1));
    graph->nodes[FIRST].u.conv.window = window_of(1, 1, 0);
    graph->nodes[FIRST].u.conv.groups = 1;
    APPEND(graph, "pool", OP_MAX_POOL, graph->outputs[0])->u.pool.window = window_of(1, 1, 0);
    APPEND(graph, "sum", OP_ADD, graph->outputs[0], graph->outputs[0]);
    APPEND(graph, "average", OP_GLOBAL_AVERAGE_POOL, graph->outputs[0]);
    append_layer(graph, "last", OP_CONV, graph->outputs[0], SHAPE(3, 2, 1, 1));
    graph->nodes[LAST].u.conv.window = window_of(1, 1, 0);
    graph->nodes[LAST].u.conv.groups = 1;
    infer(graph);
    graph->integer = true;
    for (int t = 0; t < graph->tensor_count; t++)
        if (!graph->tensors[t].data)
            quantize(graph, t, 8);
    give_rule(graph, FIRST, 2);
    give_rule(graph, POOL, 0);
    give_rule(graph, SUM, 2);
    give_rule(graph, AVERAGE, 1);
    give_rule(graph, LAST, 3);
    succeeds(sned_alloc(&graph->nodes[AVERAGE].rules[0].counts, 1, sizeof(int), &error), &error);
    graph->nodes[AVERAGE].rules[0].counts[0] = 4;
    return graph;
}

static void widen(struct graph *graph, int node)
{
    quantize(graph, graph->nodes[node].outputs[0], 16);
}

static void sixteen_bits_inside_are_accepted(void **state)
{
    struct graph *graph = integers();
    for (int n = FIRST; n <= LAST; n++)
        widen(graph, n);
    accepts(graph);
}

static void an_integer_state_has_a_quantization(void **state)
{
    sned_error error;
    struct graph *graph = integers();
    struct shape shape = SHAPE(1, 2, 2, 2);
    int before;
    succeeds(sned_graph_add_tensor(graph, "before", TENSOR_F32, &shape, NULL, &before, &error), &error);
    graph->nodes[SUM].inputs[1] = before;
    graph->states[graph->state_count++] = (struct state_tensor){before, graph->nodes[SUM].outputs[0]};
    refused(sned_graph_check(graph, &error), &error, SNED_ERROR_FORMAT, "has no quantization");
    quantize(graph, before, 16);
    refused(sned_graph_check(graph, &error), &error, SNED_ERROR_FORMAT, "which has another quantization");
    quantize(graph, before, 8);
    accepts(graph);
}

static void an_average_of_too_many_wide_numbers_is_refused(void **state)
{
    sned_error error;
    struct graph *graph = integers();
    widen(graph, SUM);
    graph->nodes[AVERAGE].rules[0].counts[0] = (1 << 15) + 1;
    refused(sned_graph_check(graph, &error), &error, SNED_ERROR_FORMAT, "at most 2^15");
    sned_graph_free(graph);
}

/* 127 * 2^15 * 516 is just below 2^31, a weight more is above. */
static void a_sum_of_wide_numbers_that_overflows_is_refused(void **state)
{
    enum { COLUMNS = 517 };
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, COLUMNS));
    append_layer(graph, "first", OP_GEMM, graph->input, SHAPE(COLUMNS, COLUMNS));
    append_layer(graph, "second", OP_GEMM, graph->outputs[0], SHAPE(1, COLUMNS));
    infer(graph);
    graph->integer = true;
    quantize(graph, graph->input, 8);
    quantize(graph, graph->nodes[0].outputs[0], 16);
    quantize(graph, graph->nodes[1].outputs[0], 8);
    give_rule(graph, 0, COLUMNS);
    give_rule(graph, 1, 1);
    refused(sned_graph_check(graph, &error), &error, SNED_ERROR_FORMAT, "can exceed 32 bits");
    ((int8_t *)graph->tensors[node_weights(&graph->nodes[1], 0)].data)[COLUMNS - 1] = 0;
    accepts(graph);
}

static struct graph *integer_split(void)
{
    struct graph *graph = graph_on(SHAPE(1, 5, 2));
    append_split(graph, "split", graph->input, 1, (int64_t[]){2, 3}, 2);
    infer(graph);
    graph->integer = true;
    for (int t = 0; t < graph->tensor_count; t++)
        quantize(graph, t, 8);
    return graph;
}

static void a_split_of_integers_is_accepted(void **state)
{
    accepts(integer_split());
}

/* ---- each damage ---- */

/* Declares a test: a sound graph, damaged by one statement, is refused with a status and words. */
#define REFUSES(behaviour, sound, wanted, words, damage)                                                     \
    static void behaviour(void **state)                                                                      \
    {                                                                                                        \
        sned_error error;                                                                                    \
        struct graph *graph = sound();                                                                       \
        damage;                                                                                              \
        refused(sned_graph_check(graph, &error), &error, wanted, words);                                     \
        sned_graph_free(graph);                                                                              \
    }
#define FORMAT      SNED_ERROR_FORMAT
#define BAD_SHAPE   SNED_ERROR_SHAPE
#define UNSUPPORTED SNED_ERROR_UNSUPPORTED

REFUSES(one_tensor_as_two_outputs, two_heads, FORMAT, "outputs 0 and 1 are both 'b.out'",
        graph->outputs[1] = graph->outputs[0])
REFUSES(a_second_output_out_of_range, two_heads, FORMAT, "has no output 1", graph->outputs[1] = 9999)
REFUSES(a_second_output_that_is_a_constant, two_heads, FORMAT, "has no output 1",
        graph->outputs[1] = graph->nodes[0].inputs[1])
REFUSES(a_second_output_that_is_the_input, two_heads, FORMAT, "computes nothing",
        graph->outputs[1] = graph->input)
REFUSES(no_outputs, two_heads, FORMAT, "has 0 outputs", graph->output_count = 0)
REFUSES(too_many_outputs, two_heads, FORMAT, "has 65 outputs", graph->output_count = GRAPH_MAX_OUTPUTS + 1)
REFUSES(an_ending_that_is_read, two_heads, UNSUPPORTED, "at the end of a network only",
        (graph->nodes[0].op = OP_SIGMOID, graph->nodes[0].input_count = 1,
         graph->tensors[graph->nodes[0].outputs[0]].shape = SHAPE(1, 4), graph->nodes[1].op = OP_RELU,
         graph->nodes[1].activation.kind = ACTIVATION_RELU, graph->nodes[1].input_count = 1,
         graph->tensors[graph->nodes[1].outputs[0]].shape = SHAPE(1, 4)))

REFUSES(a_state_out_of_range, running_sum, FORMAT, "state 0 is tensor 99", graph->states[0].tensor = 99)
REFUSES(a_state_that_is_the_input, running_sum, FORMAT, "which cannot be one",
        graph->states[0].tensor = graph->input)
REFUSES(a_state_that_a_node_makes, running_sum, FORMAT, "which is made already",
        (graph->states[0].tensor = graph->nodes[0].outputs[0],
         graph->states[0].next = graph->nodes[1].outputs[0], graph->nodes[0].inputs[1] = graph->input))
REFUSES(a_state_that_becomes_nothing, running_sum, FORMAT, "which nothing computes",
        graph->states[0].next = -1)
REFUSES(a_state_that_becomes_itself, running_sum, FORMAT, "which nothing computes",
        graph->states[0].next = graph->states[0].tensor)
REFUSES(a_state_twice, running_sum, FORMAT, "is there twice",
        (graph->states[1] = graph->states[0], graph->state_count = 2))
REFUSES(too_many_states, running_sum, FORMAT, "and 65 states", graph->state_count = GRAPH_MAX_STATES + 1)
REFUSES(a_state_that_becomes_another_shape, running_sum, BAD_SHAPE, "which has another shape", {
    struct graph *other = two_heads();
    sned_graph_free(graph);
    struct shape shape = SHAPE(1, 5);
    graph = other;
    succeeds(
        sned_graph_add_tensor(graph, "state", TENSOR_F32, &shape, NULL, &graph->states[0].tensor, &error),
        &error);
    graph->states[0].next = graph->outputs[0];
    graph->state_count = 1;
})
REFUSES(an_output_that_is_a_state, running_sum, FORMAT, "its output 'before' is its state",
        graph->outputs[0] = graph->states[0].tensor)

REFUSES(a_split_that_leaves_something, split_graph, BAD_SHAPE, "leave 1 of 5 on axis 1",
        graph->nodes[0].u.split.sizes[1] = 2)
REFUSES(a_split_of_too_much, split_graph, BAD_SHAPE, "output 1 takes 4 of the 3 that are left",
        graph->nodes[0].u.split.sizes[1] = 4)
REFUSES(a_split_into_nothing, split_graph, BAD_SHAPE, "output 0 takes 0",
        graph->nodes[0].u.split.sizes[0] = 0)
REFUSES(a_split_along_the_batch, split_graph, BAD_SHAPE, "is the batch", graph->nodes[0].u.split.axis = 0)
REFUSES(a_split_that_makes_one_tensor_twice, split_graph, FORMAT, "made already",
        (graph->output_count = 1, graph->nodes[0].outputs[1] = graph->nodes[0].outputs[0]))
REFUSES(two_outputs_of_what_has_one, two_heads, FORMAT, "2 outputs, which this operator does not make",
        graph->nodes[0].output_count = 2)
REFUSES(a_split_that_changes_a_quantization, integer_split, FORMAT, "its outputs must share one quantization",
        graph->tensors[graph->outputs[1]].quantization.scale = 0.25f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_outputs_are_accepted),
        cmocka_unit_test(a_state_is_accepted_and_keeps_its_shape),
        cmocka_unit_test(a_state_may_become_the_input),
        cmocka_unit_test(each_output_may_have_its_own_ending),
        cmocka_unit_test(the_ending_of_the_first_output_is_over_all_its_numbers),
        cmocka_unit_test(an_ending_behind_a_reshape_moves_at_every_output),
        cmocka_unit_test(an_ending_behind_a_depth_to_space_moves),
        cmocka_unit_test(sixteen_bits_inside_are_accepted),
        cmocka_unit_test(an_integer_state_has_a_quantization),
        cmocka_unit_test(an_average_of_too_many_wide_numbers_is_refused),
        cmocka_unit_test(a_sum_of_wide_numbers_that_overflows_is_refused),
        cmocka_unit_test(a_split_of_integers_is_accepted),
        cmocka_unit_test(one_tensor_as_two_outputs),
        cmocka_unit_test(a_second_output_out_of_range),
        cmocka_unit_test(a_second_output_that_is_a_constant),
        cmocka_unit_test(a_second_output_that_is_the_input),
        cmocka_unit_test(no_outputs),
        cmocka_unit_test(too_many_outputs),
        cmocka_unit_test(an_ending_that_is_read),
        cmocka_unit_test(a_state_out_of_range),
        cmocka_unit_test(a_state_that_is_the_input),
        cmocka_unit_test(a_state_that_a_node_makes),
        cmocka_unit_test(a_state_that_becomes_nothing),
        cmocka_unit_test(a_state_that_becomes_itself),
        cmocka_unit_test(a_state_twice),
        cmocka_unit_test(too_many_states),
        cmocka_unit_test(a_state_that_becomes_another_shape),
        cmocka_unit_test(an_output_that_is_a_state),
        cmocka_unit_test(a_split_that_leaves_something),
        cmocka_unit_test(a_split_of_too_much),
        cmocka_unit_test(a_split_into_nothing),
        cmocka_unit_test(a_split_along_the_batch),
        cmocka_unit_test(a_split_that_makes_one_tensor_twice),
        cmocka_unit_test(two_outputs_of_what_has_one),
        cmocka_unit_test(a_split_that_changes_a_quantization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
