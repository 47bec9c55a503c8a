/*
 * test_passes_order.c - sorting, identities and leftovers, also of networks of several outputs and with
 * states.
 */
#include "tests/graph/graph_evaluate.h"

/* ---- sorting ---- */

static void sorting_keeps_nodes_that_are_in_order(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 2, 4, 4));
    int a = APPEND(graph, "a", OP_RELU, graph->input)->outputs[0],
        b = APPEND(graph, "b", OP_RELU, graph->input)->outputs[0];
    APPEND(graph, "c", OP_ADD, b, a);
    succeeds(sned_graph_sort(graph, &error), &error);
    for (int i = 0; i < 3; i++)
        assert_int_equal(graph->nodes[i].name[0], "abc"[i]);
    sned_graph_free(graph);
}

static void sorting_puts_producers_first(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 2, 4, 4));
    int a = APPEND(graph, "a", OP_RELU, graph->input)->outputs[0];
    APPEND(graph, "b", OP_RELU, a);
    struct node swapped = graph->nodes[0];
    graph->nodes[0] = graph->nodes[1];
    graph->nodes[1] = swapped;
    succeeds(sned_graph_sort(graph, &error), &error);
    assert_string_equal(graph->nodes[0].name, "a");
    infer(graph);
    check(graph);
    sned_graph_free(graph);
}

static void sort_refuses(struct graph *graph, const char *words)
{
    sned_error error;
    refused(sned_graph_sort(graph, &error), &error, SNED_ERROR_FORMAT, words);
    sned_graph_free(graph);
}

static void a_cycle_is_refused(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 4, 4));
    int a = APPEND(graph, "a", OP_ADD, graph->input, graph->input)->outputs[0];
    int b = APPEND(graph, "b", OP_RELU, a)->outputs[0];
    graph->nodes[0].inputs[1] = b;
    sort_refuses(graph, "cycle");
}

static void a_node_that_reads_itself_is_a_cycle(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 4, 4));
    int a = APPEND(graph, "a", OP_ADD, graph->input, graph->input)->outputs[0];
    graph->nodes[0].inputs[1] = a;
    sort_refuses(graph, "cycle");
}

static void a_long_chain_backwards_is_sorted_without_recursion(void **state)
{
    enum { LENGTH = 60000 };
    sned_error error;
    struct shape shape = SHAPE(1, 2);
    struct graph *graph = graph_on(shape);
    int first = 0;
    for (int i = 0; i <= LENGTH; i++)
        succeeds(sned_graph_add_tensor(graph, "t", TENSOR_F32, &shape, NULL, &first, &error), &error);
    for (int i = LENGTH; i > 0; i--)
        succeeds(sned_graph_add_node(graph, "n", OP_RELU, &i, 1, i + 1, NULL, &error), &error);
    graph->input = 1;
    graph->outputs[0] = LENGTH + 1;
    succeeds(sned_graph_sort(graph, &error), &error);
    assert_int_equal(graph->nodes[0].outputs[0], 2);
    sned_graph_free(graph);
}

static void two_producers_are_refused(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 4, 4));
    int a = APPEND(graph, "a", OP_RELU, graph->input)->outputs[0];
    APPEND(graph, "b", OP_RELU, graph->input)->outputs[0] = a;
    sort_refuses(graph, "there already");
}

static void reading_what_nothing_makes_is_refused(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 4, 4));
    struct shape shape = SHAPE(1, 2, 4, 4);
    sned_error error;
    int orphan;
    succeeds(sned_graph_add_tensor(graph, "orphan", TENSOR_F32, &shape, NULL, &orphan, &error), &error);
    APPEND(graph, "a", OP_RELU, orphan);
    sort_refuses(graph, "reads 'orphan', which no node makes");
}

static void a_tensor_made_twice_by_one_node_is_refused(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 2, 2));
    struct node *split = append_split(graph, "split", graph->input, 1, (int64_t[]){2, 2}, 2);
    split->outputs[1] = split->outputs[0];
    sort_refuses(graph, "there already");
}

static void what_reads_a_second_output_comes_behind(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 4, 2, 2));
    int second = append_split(graph, "split", graph->input, 1, (int64_t[]){2, 2}, 2)->outputs[1];
    APPEND(graph, "relu", OP_RELU, second);
    struct node swapped = graph->nodes[0];
    graph->nodes[0] = graph->nodes[1];
    graph->nodes[1] = swapped;
    succeeds(sned_graph_sort(graph, &error), &error);
    assert_string_equal(graph->nodes[0].name, "split");
    sned_graph_free(graph);
}

/* ---- identities and leftovers ---- */

static void identities_go(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    int a = APPEND(graph, "before", OP_IDENTITY, graph->input)->outputs[0];
    int b = append_conv(graph, "conv", a, 3, 2, 1, window_of(3, 1, 1));
    int c = APPEND(graph, "drop", OP_DROPOUT, b)->outputs[0];
    int d = APPEND(graph, "again", OP_IDENTITY, c)->outputs[0];
    APPEND(graph, "sum", OP_ADD, c, d);
    keeps_the_function(graph, sned_graph_remove_identities);
    assert_int_equal(graph->node_count, 2);
    sned_graph_free(graph);
}

static void the_output_keeps_its_name_without_its_identity(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    int a = append_conv(graph, "conv", graph->input, 3, 2, 1, window_of(3, 1, 1));
    APPEND(graph, "logits", OP_IDENTITY, a);
    keeps_the_function(graph, sned_graph_remove_identities);
    assert_int_equal(graph->node_count, 1);
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "logits.out");
    sned_graph_free(graph);
}

static void a_network_that_only_copies_keeps_one_identity(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    int a = APPEND(graph, "first", OP_IDENTITY, graph->input)->outputs[0];
    APPEND(graph, "second", OP_DROPOUT, a);
    keeps_the_function(graph, sned_graph_remove_identities);
    assert_int_equal(graph->node_count, 1);
    sned_graph_free(graph);
}

static void what_the_output_does_not_need_goes(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    int used = append_conv(graph, "conv", graph->input, 3, 2, 1, window_of(3, 1, 1));
    append_conv(graph, "unused", used, 4, 3, 1, window_of(3, 1, 1));
    floats(graph, "forgotten", SHAPE(9));
    graph->outputs[0] = used;
    keeps_the_function(graph, sned_graph_remove_unused);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(graph->tensor_count, 4); /* x, weights, bias, result */
    sned_graph_free(graph);
}

/* ---- several outputs, and states ---- */

static void two_outputs(struct graph *graph, int first, int second)
{
    sned_error error;
    succeeds(sned_graph_set_outputs(graph, (int[]){first, second}, 2, &error), &error);
}

/* A state of this shape that becomes tensor `next`, or the caller sets it. */
static int append_state(struct graph *graph, const char *name, struct shape shape, int next)
{
    sned_error error;
    int tensor;
    succeeds(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, NULL, &tensor, &error), &error);
    graph->states[graph->state_count++] = (struct state_tensor){tensor, next};
    return tensor;
}

static void each_output_keeps_its_name_without_its_identity(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    int a = append_conv(graph, "conv", graph->input, 3, 2, 1, window_of(3, 1, 1));
    int b = append_conv(graph, "other", a, 3, 3, 1, window_of(3, 1, 1));
    int first = APPEND(graph, "first", OP_IDENTITY, a)->outputs[0];
    int second = APPEND(graph, "second", OP_DROPOUT, b)->outputs[0];
    two_outputs(graph, second, first);
    keeps_the_function(graph, sned_graph_remove_identities);
    assert_int_equal(graph->node_count, 2);
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "second.out");
    assert_string_equal(graph->tensors[graph->outputs[1]].name, "first.out");
    sned_graph_free(graph);
}

static void an_identity_between_two_outputs_becomes_a_reshape(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    int a = append_conv(graph, "conv", graph->input, 3, 2, 1, window_of(3, 1, 1));
    int again = APPEND(graph, "again", OP_IDENTITY, a)->outputs[0];
    two_outputs(graph, a, again);
    keeps_the_function(graph, sned_graph_remove_identities);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(nodes_of(graph, OP_RESHAPE), 1);
    sned_graph_free(graph);
}

static void two_outputs_that_copy_one_tensor_stay_two(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    int a = append_conv(graph, "conv", graph->input, 3, 2, 1, window_of(3, 1, 1));
    int first = APPEND(graph, "first", OP_IDENTITY, a)->outputs[0];
    int second = APPEND(graph, "second", OP_IDENTITY, a)->outputs[0];
    two_outputs(graph, first, second);
    keeps_the_function(graph, sned_graph_remove_identities);
    assert_int_equal(graph->node_count, 2);
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "first.out");
    assert_string_equal(graph->tensors[graph->outputs[1]].name, "second.out");
    sned_graph_free(graph);
}

static void what_a_second_output_needs_stays(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 5, 5));
    int a = append_conv(graph, "conv", graph->input, 3, 2, 1, window_of(3, 1, 1));
    int b = append_conv(graph, "other", graph->input, 4, 2, 1, window_of(3, 1, 1));
    append_conv(graph, "unused", b, 2, 4, 1, window_of(1, 1, 0));
    two_outputs(graph, a, b);
    keeps_the_function(graph, sned_graph_remove_unused);
    assert_int_equal(graph->node_count, 2);
    sned_graph_free(graph);
}

static void a_split_stays_whole_where_one_output_is_read(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 4, 3, 3));
    int read = append_split(graph, "split", graph->input, 1, (int64_t[]){1, 3}, 2)->outputs[1];
    append_conv(graph, "conv", read, 2, 3, 1, window_of(3, 1, 1));
    graph->output_count = 1;
    keeps_the_function(graph, sned_graph_prepare);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(graph->nodes[0].output_count, 2);
    sned_graph_free(graph);
}

static void a_state_that_is_read_keeps_what_it_becomes(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 3, 3));
    int memory = append_state(graph, "memory", SHAPE(1, 2, 3, 3), -1);
    int next = append_conv(graph, "next", graph->input, 2, 2, 1, window_of(3, 1, 1));
    graph->states[0].next = next;
    APPEND(graph, "sum", OP_ADD, graph->input, memory);
    keeps_the_function(graph, sned_graph_remove_unused);
    assert_int_equal(graph->node_count, 2);
    assert_int_equal(graph->state_count, 1);
    sned_graph_free(graph);
}

static void a_state_that_no_output_depends_on_goes(void **state)
{
    sned_error error;
    struct graph *graph = graph_on(SHAPE(1, 2, 3, 3));
    int count = append_state(graph, "count", SHAPE(1, 2, 3, 3), -1);
    graph->states[0].next = APPEND(graph, "next", OP_ADD, graph->input, count)->outputs[0];
    append_conv(graph, "conv", graph->input, 2, 2, 1, window_of(3, 1, 1));
    infer(graph);
    succeeds(sned_graph_remove_unused(graph, &error), &error);
    check(graph);
    assert_int_equal(graph->node_count, 1);
    assert_int_equal(graph->state_count, 0);
    sned_graph_free(graph);
}

static void what_a_state_becomes_is_not_renamed_away(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 3, 3));
    int memory = append_state(graph, "memory", SHAPE(1, 2, 3, 3), -1);
    int sum = APPEND(graph, "sum", OP_ADD, graph->input, memory)->outputs[0];
    graph->states[0].next = sum;
    APPEND(graph, "result", OP_IDENTITY, sum);
    keeps_the_function(graph, sned_graph_prepare);
    assert_int_equal(graph->state_count, 1);
    sned_graph_free(graph);
}

/* conv -> bn -> conv -> Relu: the first Conv's result is an output too, the second's what a state becomes. */
static void what_is_seen_in_the_middle_is_not_folded_or_fused_away(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 3, 5, 5));
    int a = append_conv(graph, "conv", graph->input, 3, 3, 1, window_of(3, 1, 1));
    int b = append_batch_normalization(graph, "bn", a, 3);
    int c = append_conv(graph, "other", b, 3, 3, 1, window_of(3, 1, 1));
    int d = APPEND(graph, "relu", OP_RELU, c)->outputs[0];
    int memory = append_state(graph, "memory", SHAPE(1, 3, 5, 5), c);
    int e = APPEND(graph, "sum", OP_ADD, d, memory)->outputs[0];
    two_outputs(graph, e, a);
    keeps_the_function(graph, sned_graph_prepare);
    assert_int_equal(nodes_of(graph, OP_CONV), 3); /* the normalization became one */
    assert_int_equal(nodes_of(graph, OP_RELU), 1);
    sned_graph_free(graph);
}

/* conv -> Relu -> conv: the first two are a chain, unless what lies between is an output too. */
static void a_chain_ends_where_an_output_is_made(void **state)
{
    struct graph *graph = graph_on(SHAPE(1, 2, 6, 6));
    int a = append_conv(graph, "conv", graph->input, 2, 2, 1, window_of(3, 1, 1));
    int b = APPEND(graph, "relu", OP_RELU, a)->outputs[0];
    append_conv(graph, "last", b, 2, 2, 1, window_of(3, 1, 1));
    infer(graph);
    assert_int_equal(sned_graph_chain(graph), 3);
    two_outputs(graph, graph->outputs[0], b);
    assert_int_equal(sned_graph_chain(graph), 2);
    graph->output_count = 1;
    append_state(graph, "memory", SHAPE(1, 2, 6, 6), a);
    assert_int_equal(sned_graph_chain(graph), 1);
    sned_graph_free(graph);
}

/* x * 2 is what a Conv reads; where it is an output too, it stays a node. */
static void a_scaled_picture_that_is_an_output_is_not_part_of_the_rule(void **state)
{
    for (int outputs = 1; outputs <= 2; outputs++) {
        sned_error error;
        struct graph *graph = graph_on(SHAPE(1, 3, 4, 4));
        const int two = floats(graph, "two", SHAPE(1));
        ((float *)graph->tensors[two].data)[0] = 2.0f;
        const int scaled = APPEND(graph, "mul", OP_MUL, graph->input, two)->outputs[0];
        const int last = append_conv(graph, "conv", scaled, 2, 3, 1, window_of(3, 1, 1));
        graph->rule = (struct input_rule){.is_image = true, .color = "RGB", .scale = {1, 1, 1}};
        succeeds(sned_graph_set_outputs(graph, (int[]){last, scaled}, outputs, &error), &error);
        infer(graph);
        succeeds(sned_graph_absorb_input(graph, &error), &error);
        check(graph);
        assert_int_equal(graph->node_count, outputs);
        assert_true(graph->rule.scale[0] == (outputs == 1 ? 2.0f : 1.0f));
        sned_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_keeps_nodes_that_are_in_order),
        cmocka_unit_test(sorting_puts_producers_first),
        cmocka_unit_test(a_cycle_is_refused),
        cmocka_unit_test(a_node_that_reads_itself_is_a_cycle),
        cmocka_unit_test(a_long_chain_backwards_is_sorted_without_recursion),
        cmocka_unit_test(two_producers_are_refused),
        cmocka_unit_test(reading_what_nothing_makes_is_refused),
        cmocka_unit_test(a_tensor_made_twice_by_one_node_is_refused),
        cmocka_unit_test(what_reads_a_second_output_comes_behind),
        cmocka_unit_test(identities_go),
        cmocka_unit_test(the_output_keeps_its_name_without_its_identity),
        cmocka_unit_test(a_network_that_only_copies_keeps_one_identity),
        cmocka_unit_test(what_the_output_does_not_need_goes),
        cmocka_unit_test(each_output_keeps_its_name_without_its_identity),
        cmocka_unit_test(an_identity_between_two_outputs_becomes_a_reshape),
        cmocka_unit_test(two_outputs_that_copy_one_tensor_stay_two),
        cmocka_unit_test(what_a_second_output_needs_stays),
        cmocka_unit_test(a_split_stays_whole_where_one_output_is_read),
        cmocka_unit_test(a_state_that_is_read_keeps_what_it_becomes),
        cmocka_unit_test(a_state_that_no_output_depends_on_goes),
        cmocka_unit_test(what_a_state_becomes_is_not_renamed_away),
        cmocka_unit_test(what_is_seen_in_the_middle_is_not_folded_or_fused_away),
        cmocka_unit_test(a_chain_ends_where_an_output_is_made),
        cmocka_unit_test(a_scaled_picture_that_is_an_output_is_not_part_of_the_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
