/*
 * test_accel_pairs.c - random networks in which each kind of node feeds each other kind give the runtime's
 * scores, bit for bit, compiled for several configurations; and the runtime gives what Python computes.
 *
 * ACCEL_PROGRAMS=20000 makes it a campaign; ACCEL_FIRST=N begins with program N, to repeat what a failure
 * names; of ACCEL_PYTHON=N programs Python computes one (0: none).
 */
#include "tests/accel/accel_check.h"
#include "tests/accel/accel_kinds.h"
#include "tests/common/python_executor.h"

#include <stdlib.h>

enum { PROGRAMS = 1000, TRIES = 300, PYTHON = 8 };

/* What is being checked, for who reads of a failure. */
static struct {
    int program, tries;
    enum accel_kind maker, reader;
    const char *config;
} now;

static int tell_failure(void **state)
{
    if (now.program >= 0)
        print_error("program %d (try %d): %s feeds %s, configuration '%s'; ACCEL_FIRST=%d repeats it\n",
                    now.program, now.tries, accel_kind_words[now.maker], accel_kind_words[now.reader],
                    now.config, now.program);
    return 0;
}

static int number_of(const char *name, int otherwise)
{
    const char *asked = getenv(name);
    return asked ? atoi(asked) : otherwise;
}

/* ---- configurations ---- */

static struct accel_config random_config(struct random *random)
{
    static const char *const names[] = {"ci", "ecp5", "zcu104"};
    const int pick = random_range(random, 0, 5);
    struct accel_config config = *config_named(names[pick < 3 ? pick : 0]);
    if (pick < 3)
        return config;
    config.name = "random";
    config.collectors = random_range(random, 1, 2);
    config.lanes = config.collectors * random_range(random, 1, 4);
    config.pixels = random_range(random, 6, 40);
    config.half_rows = 32 << random_range(random, 0, 2);
    config.slots = 4 << random_range(random, 0, 2);
    config.table_rows = 512 << random_range(random, 0, 2);
    config.table_pairs = 2 * config.slots << random_range(random, 0, 2); /* a half of them holds a pass */
    config.stream_words = 512 << random_range(random, 0, 2);
    config.fc_ports = 1 << random_range(random, 0, 2);
    config.fc_lanes = config.fc_ports * (4 << random_range(random, 0, 2));
    config.fc_rows = 16 << random_range(random, 0, 4);
    config.activation_bytes = 4096 << random_range(random, 0, 6);
    return config;
}

/* ---- networks ---- */

static bool has_pair(const struct graph *graph, enum accel_kind maker, enum accel_kind reader)
{
    int pairs[KIND_COUNT][KIND_COUNT] = {0};
    count_pairs(pairs, graph);
    return pairs[maker][reader] > 0;
}

/* An input's values as the runtime takes them, and all that it makes of them, for Python. */
static void hand_to_python(struct python_executor *python, const sned_model *model, struct random *random)
{
    const struct graph *graph = sned_model_graph(model);
    const struct tensor *in = &graph->tensors[graph->input];
    const size_t count = sned_shape_elements(&in->shape);
    int32_t *input = calloc(count, sizeof *input);
    float *values = calloc(count, sizeof *values);
    float *scores = calloc(sned_shape_elements(&graph->tensors[graph->outputs[0]].shape), sizeof *scores);
    sned_context *context;
    random_input(graph, random, input);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)input[i] * in->quantization.scale;
    assert_int_equal(sned_context_new_keep(&context, model, NULL), SNED_OK);
    assert_int_equal(sned_run_values(context, values, 1, scores, NULL), SNED_OK);
    python_executor_add(python, model, context, values, count * sizeof *values);
    sned_context_free(context);
    free(input);
    free(values);
    free(scores);
}

/* A program with the pair in it; false: this try makes none that compiles. */
static bool check_pair(uint64_t seed, enum accel_kind maker, enum accel_kind reader, struct seen *seen,
                       int pairs[KIND_COUNT][KIND_COUNT], struct python_executor *python)
{
    struct graph *graph = accel_pair_network(seed, maker, reader);
    if (!graph || !has_pair(graph, maker, reader)) {
        sned_graph_free(graph);
        return false;
    }
    struct random random;
    sned_model *model;
    sned_error error = {0};
    sned_random_seed(&random, seed, 7);
    const struct accel_config config = random_config(&random);
    const struct accel_request request = {.images = random_range(&random, 1, 4),
                                          .parts = random_range(&random, 0, 4)};
    now.config = config.name;
    if (sned_model_from_graph(&model, graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    const bool compiled = check_model(model, &config, &request, seen, &random);
    if (compiled)
        count_pairs(pairs, graph);
    if (compiled && python)
        hand_to_python(python, model, &random);
    sned_close(model);
    return compiled;
}

/* ---- all pairs in turn ---- */

static void next_pair(enum accel_kind *maker, enum accel_kind *reader)
{
    do {
        *reader = (enum accel_kind)((*reader + 1) % KIND_COUNT);
        if (*reader == 0)
            *maker = (enum accel_kind)((*maker + 1) % KIND_COUNT);
    } while (!may_follow(*maker, *reader));
}

static void every_kind_feeds_every_other(void **state)
{
    const int first = number_of("ACCEL_FIRST", 0), programs = number_of("ACCEL_PROGRAMS", PROGRAMS);
    int pairs[KIND_COUNT][KIND_COUNT] = {0};
    struct seen seen = {0};
    struct python_executor python;
    const bool have = python_executor_begin(&python);
    const int each = number_of("ACCEL_PYTHON", PYTHON);
    now.maker = now.reader = (enum accel_kind)0;
    for (int i = 0; i < first + programs; i++) {
        next_pair(&now.maker, &now.reader);
        now.program = i;
        bool checked = i < first;
        for (now.tries = 0; !checked && now.tries < TRIES; now.tries++)
            checked = check_pair((uint64_t)i * TRIES + (uint64_t)now.tries, now.maker, now.reader, &seen,
                                 pairs, have && each && i % each == 0 ? &python : NULL);
        if (!checked)
            fail_msg("no network compiles in which a node of the one kind feeds one of the other");
    }
    if (have)
        python_executor_end(&python);
    for (int m = 0; m < KIND_COUNT && first == 0; m++)
        for (int r = 0; r < KIND_COUNT; r++)
            if (may_follow((enum accel_kind)m, (enum accel_kind)r) && !pairs[m][r])
                fail_msg("no program in which %s feeds %s", accel_kind_words[m], accel_kind_words[r]);
    assert_true(first > 0 || seen.outputs >= programs / 10);
    now.program = -1;
}

/* Somewhere in a network there is a LeakyRelu, which the accelerator has not. */
static void the_host_goes_on_from_any_node(void **state)
{
    enum { NETWORKS = 600 };
    const struct accel_request request = {.images = 1, .to_host = true};
    int on_host = 0;
    struct random random;
    sned_random_seed(&random, 8, 0);
    for (uint64_t seed = 0; seed < NETWORKS; seed++) {
        struct accel_program program;
        sned_model *model;
        next_pair(&now.maker, &now.reader);
        struct graph *graph = accel_pair_network(seed, now.maker, now.reader);
        if (!graph)
            continue;
        struct node *node = &graph->nodes[random_range(&random, 0, graph->node_count - 1)];
        if (node->rules[0].scaling_count)
            node->rules[0].slope = 8192;
        assert_int_equal(sned_model_from_graph(&model, graph, NULL), SNED_OK);
        if (accel_compile(&program, graph, config_named("ci"), &request, NULL) == SNED_OK) {
            check_part(&program, model, &random);
            on_host += program.why != NULL;
            accel_program_free(&program);
        }
        sned_close(model);
    }
    assert_true(on_host > NETWORKS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_kind_feeds_every_other, tell_failure),
        cmocka_unit_test(the_host_goes_on_from_any_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
