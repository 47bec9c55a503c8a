/*
 * test_accel_program.c - a compiled network, executed by the golden model, gives the runtime's scores bit for
 * bit.
 */
#include "tests/accel/accel_check.h"
#include "tests/common/accel_networks.h"

/* In a list of one to five images. */
static bool check_images(struct graph *graph, const struct accel_config *config, struct random *random)
{
    const struct accel_request request = {.images = random_range(random, 1, 5)};
    struct seen seen = {0};
    return check_network(graph, config, &request, &seen, random);
}

static void random_networks_give_the_runtimes_scores(void **state)
{
    enum { NETWORKS = 150 };
    struct random random;
    int compiled = 0;
    sned_random_seed(&random, 21, 0);
    for (int i = 0; i < NETWORKS; i++)
        compiled +=
            check_images(accel_random_network((uint64_t)i), config_named(i % 4 ? "ci" : "ecp5"), &random);
    /* Some need more memory than ci has, or a filter has too many weights. */
    assert_true(compiled > NETWORKS * 9 / 10);
}

static void convs_in_parts_give_the_runtimes_scores(void **state)
{
    enum { NETWORKS = 200 };
    struct random random;
    struct seen seen = {0};
    sned_random_seed(&random, 24, 0);
    for (int i = 0; i < NETWORKS; i++) {
        const struct accel_request request = {.images = 1, .parts = random_range(&random, 2, 6)};
        check_network(accel_random_network(3000 + (uint64_t)i), config_named(i % 2 ? "ci" : "ecp5"), &request,
                      &seen, &random);
    }
    assert_true(seen.parts > NETWORKS / 4);
}

/* Too little memory for all images at once, and often for two. */
static void images_in_little_memory_do_not_disturb_each_other(void **state)
{
    enum { NETWORKS = 800 };
    struct random random;
    int compiled = 0;
    sned_random_seed(&random, 23, 0);
    for (int i = 0; i < NETWORKS; i++) {
        struct accel_config config = *config_named("ci");
        config.activation_bytes = 2048 << random_range(&random, 0, 4);
        compiled += check_images(accel_random_network(1000 + (uint64_t)i), &config, &random);
    }
    assert_true(compiled > NETWORKS / 4);
}

/* Convs and pools whose activations do not fit as a whole: in strips, of which pools and the next strip's
 * Convs run side by side. */
static void strips_of_rows_give_the_runtimes_scores(void **state)
{
    enum { NETWORKS = 400 };
    struct random random;
    struct seen seen = {0};
    sned_random_seed(&random, 25, 0);
    for (int i = 0; i < NETWORKS; i++) {
        struct accel_config config = *config_named("ci");
        const struct accel_request request = {.images = random_range(&random, 1, 3),
                                              .parts = random_range(&random, 0, 4)};
        config.activation_bytes = 2048 << random_range(&random, 0, 2);
        check_network(accel_random_chain((uint64_t)i), &config, &request, &seen, &random);
    }
    assert_true(seen.strips > NETWORKS / 4);
    assert_true(seen.stretches > NETWORKS / 100);
    assert_true(seen.parts > NETWORKS / 2);
}

static void a_branching_network_gives_the_runtimes_scores(void **state)
{
    struct random random;
    sned_random_seed(&random, 22, 0);
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct graph *graph = branching_network(seed);
        for (int n = 0; n < graph->node_count; n++)
            graph->nodes[n].rules[0].slope = 0;
        assert_true(check_images(graph, config_named(seed % 2 ? "zcu104" : "ci"), &random));
    }
}

static void what_is_left_to_the_host_goes_on_from_the_accelerators_scores(void **state)
{
    enum { NETWORKS = 100 };
    struct random random;
    int parts = 0;
    sned_random_seed(&random, 24, 0);
    for (uint64_t seed = 0; seed < NETWORKS; seed++) {
        struct graph *graph = accel_random_network(seed);
        struct accel_program program;
        sned_model *model;
        struct node *node = &graph->nodes[random_range(&random, 0, graph->node_count - 1)];
        const struct accel_request request = {
            .images = 1, .parts = random_range(&random, 0, 4), .to_host = true};
        if (node->op == OP_CONV || node->op == OP_GEMM)
            node->rules[0].slope = 8192; /* a LeakyRelu */
        assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
        if (accel_compile(&program, graph, config_named("ci"), &request, NULL) == SNED_OK) {
            check_part(&program, model, &random);
            parts += program.why != NULL;
            accel_program_free(&program);
        }
        sned_close(model);
    }
    assert_true(parts > NETWORKS / 10);
}

static void expect_refused(struct graph *graph, const char *name, const char *words)
{
    struct accel_program program;
    sned_error error = {0};
    const struct accel_request one = {.images = 1};
    if (sned_graph_infer(graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(accel_compile(&program, graph, config_named(name), &one, &error),
                     SNED_ERROR_UNSUPPORTED);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
    sned_graph_free(graph);
}

/* Sizes whose products leave 32 bits: rows as wide as the one, as many as the other. */
static void what_no_memory_holds_is_refused(void **state)
{
    enum { SIDE = 1 << 15 };
    const struct window tall = {{SIDE, 1}, {1, 1}, {1, 1}, {0, SIDE}, {0, SIDE}};
    struct random random;
    sned_random_seed(&random, 26, 0);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE), unsigned8);
    random_conv(graph, &random, &tall, 1, 1, unsigned8);
    accel_no_slope(graph);
    expect_refused(graph, "zcu104", "bytes on chip");
}

/* They would be zeros for every image. */
static void states_are_refused(void **state)
{
    struct graph *graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)8, (int64_t)8), unsigned8);
    const struct shape shape = graph->tensors[graph->input].shape;
    graph->state_count = 1;
    add_activation(graph, &shape, unsigned8, &graph->states[0].tensor);
    graph->states[0].next = graph->input;
    const int parts[2] = {graph->input, graph->states[0].tensor};
    add_node(graph, OP_CONCAT, parts, 2, unsigned8)->u.concat.axis = 1;
    expect_refused(graph, "zcu104", "states");
}

static void what_cannot_be_placed_is_named(void **state)
{
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)300, (int64_t)300), unsigned8);
    add_node(graph, OP_MAX_POOL, &graph->outputs[0], 1, unsigned8)->u.pool.window =
        (struct window){{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
    expect_refused(graph, "ci", "65536");

    graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)8, (int64_t)8), unsigned8);
    const int square[2] = {graph->input, graph->input};
    set_scalings(add_node(graph, OP_MUL, square, 2, unsigned8), 1);
    expect_refused(graph, "ci",
                   "node 'node0' (Mul): the accelerator has no unit for products of activations");

    graph = new_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)8, (int64_t)8), unsigned8);
    struct node *average = add_node(graph, OP_GLOBAL_AVERAGE_POOL, &graph->outputs[0], 1, signed8);
    scalings_by_count(average, 64);
    average->rules[0].slope = 3000;
    expect_refused(graph, "ci", "node 'node0' (GlobalAveragePool): the accelerator has no LeakyRelu");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_networks_give_the_runtimes_scores),
        cmocka_unit_test(convs_in_parts_give_the_runtimes_scores),
        cmocka_unit_test(images_in_little_memory_do_not_disturb_each_other),
        cmocka_unit_test(strips_of_rows_give_the_runtimes_scores),
        cmocka_unit_test(what_is_left_to_the_host_goes_on_from_the_accelerators_scores),
        cmocka_unit_test(a_branching_network_gives_the_runtimes_scores),
        cmocka_unit_test(what_no_memory_holds_is_refused),
        cmocka_unit_test(states_are_refused),
        cmocka_unit_test(what_cannot_be_placed_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
