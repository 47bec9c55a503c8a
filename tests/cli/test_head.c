/*
 * test_head.c - --head brings one of a network's outputs to the front.
 */
#include "cli/common/head.h"
#include "tests/graph/graph_fixture.h"

#include <stdlib.h>
#include <string.h>

/* Three heads "a", "b", "c" on one input, of which the first names its classes. */
static struct graph *three_heads(void)
{
    sned_error error;
    const char *const classes[] = {"cat", "dog"};
    struct graph *graph = graph_on(SHAPE(1, 2));
    int outputs[3];
    for (int i = 0; i < 3; i++) {
        const char name[] = {(char)('a' + i), 0};
        outputs[i] = APPEND(graph, name, OP_RELU, graph->input)->outputs[0];
        free(graph->tensors[outputs[i]].name);
        graph->tensors[outputs[i]].name = strdup(name);
    }
    succeeds(sned_graph_set_outputs(graph, outputs, 3, &error), &error);
    succeeds(sned_graph_set_labels(graph, classes, 2, &error), &error);
    infer(graph);
    return graph;
}

static const char *name_of(const struct graph *graph, int output)
{
    return graph->tensors[graph->outputs[output]].name;
}

static void the_named_output_comes_first_and_the_others_keep_their_order(void **state)
{
    sned_error error;
    struct graph *graph = three_heads();
    succeeds(head_take(graph, "c", &error), &error);
    assert_string_equal(name_of(graph, 0), "c");
    assert_string_equal(name_of(graph, 1), "a");
    assert_string_equal(name_of(graph, 2), "b");
    check(graph);
    sned_graph_free(graph);
}

static void names_of_classes_stay_with_the_output_they_are_of(void **state)
{
    sned_error error;
    struct graph *graph = three_heads();
    succeeds(head_take(graph, "a", &error), &error);
    assert_int_equal(graph->label_count, 2);
    succeeds(head_take(graph, "b", &error), &error);
    assert_int_equal(graph->label_count, 0);
    sned_graph_free(graph);
}

static void an_unknown_name_is_refused_with_the_names_there_are(void **state)
{
    sned_error error;
    struct graph *graph = three_heads();
    assert_int_equal(head_take(graph, "d", &error), SNED_ERROR_ARGUMENT);
    assert_string_equal(error.message, "--head: 'd' is none of its 3 outputs: a, b, c");
    assert_string_equal(name_of(graph, 0), "a");
    sned_graph_free(graph);
}

static void of_many_long_names_as_many_are_told_as_fit_a_line(void **state)
{
    sned_error error;
    struct graph *graph = three_heads();
    for (int i = 0; i < 3; i++) {
        char *name = calloc(101, 1);
        memset(name, 'a' + i, 100);
        free(graph->tensors[graph->outputs[i]].name);
        graph->tensors[graph->outputs[i]].name = name;
    }
    assert_int_equal(head_take(graph, "d", &error), SNED_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "aaaa, ..."));
    sned_graph_free(graph);
}

static void take_line(void *line, const char *text)
{
    snprintf(line, 128, "%s", text);
}

static void which_output_labels_are_for_is_told_where_there_are_several(void **state)
{
    char line[128] = "";
    const struct reporter reporter = {.message = take_line, .argument = line};
    struct graph *graph = three_heads();
    head_tell(graph, &reporter);
    assert_string_equal(line, "the labels are for output 'a', the first of 3 (--head takes another)");
    line[0] = 0;
    graph->output_count = 1;
    head_tell(graph, &reporter);
    assert_string_equal(line, "");
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_named_output_comes_first_and_the_others_keep_their_order),
        cmocka_unit_test(names_of_classes_stay_with_the_output_they_are_of),
        cmocka_unit_test(an_unknown_name_is_refused_with_the_names_there_are),
        cmocka_unit_test(of_many_long_names_as_many_are_told_as_fit_a_line),
        cmocka_unit_test(which_output_labels_are_for_is_told_where_there_are_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
