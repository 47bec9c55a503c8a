/*
 * test_compress.c - the method on a network so small that all of it takes a moment.
 *
 * The data are 12 x 12 pictures of three kinds (a horizontal, a vertical, a diagonal bar on noise), written
 * as IDX files so that they come through the real loader; the network is a convolution and two Gemm.
 */
#include "base/random.h"
#include "codec/codec.h"
#include "compress/compress.h"
#include "compress/compress_session.h"
#include "train/checkpoint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIDE = 12, CLASSES = 3, TRAIN = 900, TEST = 300, FILTERS = 4, HIDDEN = 16 };

static char folder[64], checkpoint[96];
static struct dataset *dataset;
static struct graph *trained; /* what every test starts from, by a copy */

/* ---- data ---- */

static void put_u32(FILE *file, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        fputc((int)(value >> shift & 255), file);
}

static void draw(struct random *random, int label, uint8_t *pixels)
{
    int at = 2 + (int)sned_random_below(random, SIDE - 4);

    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            bool on = label == 0 ? y == at : label == 1 ? x == at : x == y;
            pixels[y * SIDE + x] = (uint8_t)(sned_random_below(random, 90) + (on ? 130 : 0));
        }
}

static void write_split(const char *name, int count, uint64_t stream)
{
    char path[160];
    struct random random;
    uint8_t pixels[SIDE * SIDE];

    snprintf(path, sizeof(path), "%s/%s-images-idx3-ubyte", folder, name);
    FILE *images = fopen(path, "wb");
    snprintf(path, sizeof(path), "%s/%s-labels-idx1-ubyte", folder, name);
    FILE *labels = fopen(path, "wb");
    assert_true(images != NULL && labels != NULL);
    put_u32(images, 0x803);
    put_u32(images, (uint32_t)count);
    put_u32(images, SIDE);
    put_u32(images, SIDE);
    put_u32(labels, 0x801);
    put_u32(labels, (uint32_t)count);
    sned_random_seed(&random, 7, stream);
    for (int i = 0; i < count; i++) {
        int label = (int)sned_random_below(&random, CLASSES);
        draw(&random, label, pixels);
        fwrite(pixels, 1, sizeof(pixels), images);
        fputc(label, labels);
    }
    fclose(images);
    fclose(labels);
}

static void remove_data(void)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    char path[160];

    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* ---- the network ---- */

static int add(struct graph *graph, const char *name, struct shape shape, void *data)
{
    int index;

    assert_int_equal(sned_graph_add_tensor(graph, name, TENSOR_F32, &shape, data, &index, NULL), SNED_OK);
    return index;
}

static int constant(struct graph *graph, const char *name, struct shape shape, float spread, uint64_t stream)
{
    size_t count = sned_shape_elements(&shape);
    struct random random;
    float *values = NULL;

    assert_int_equal(sned_alloc(&values, count, sizeof(float), NULL), SNED_OK);
    sned_random_seed(&random, 3, stream);
    for (size_t i = 0; i < count; i++)
        values[i] = spread * sned_random_normal(&random);
    return add(graph, name, shape, values);
}

static struct graph *make_network(void)
{
    struct graph *graph;
    struct node *node;
    struct shape features = sned_shape(4, (int64_t)1, (int64_t)FILTERS, (int64_t)SIDE - 2, (int64_t)SIDE - 2);
    int flat = FILTERS * (SIDE - 2) * (SIDE - 2);

    assert_int_equal(sned_graph_new(&graph, "bars", NULL), SNED_OK);
    int input =
        add(graph, "input", sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE), NULL);
    int w1 = constant(graph, "conv.weight",
                      sned_shape(4, (int64_t)FILTERS, (int64_t)1, (int64_t)3, (int64_t)3), 0.4f, 1);
    int b1 = constant(graph, "conv.bias", sned_shape(1, (int64_t)FILTERS), 0, 2);
    int w2 = constant(graph, "fc1.weight", sned_shape(2, (int64_t)HIDDEN, (int64_t)flat), 0.07f, 3);
    int b2 = constant(graph, "fc1.bias", sned_shape(1, (int64_t)HIDDEN), 0, 4);
    int w3 = constant(graph, "fc2.weight", sned_shape(2, (int64_t)CLASSES, (int64_t)HIDDEN), 0.3f, 5);
    int b3 = constant(graph, "fc2.bias", sned_shape(1, (int64_t)CLASSES), 0, 6);
    int y1 = add(graph, "y1", features, NULL), y2 = add(graph, "y2", features, NULL);
    int y3 = add(graph, "y3", sned_shape(2, (int64_t)1, (int64_t)flat), NULL);
    int y4 = add(graph, "y4", sned_shape(2, (int64_t)1, (int64_t)HIDDEN), NULL);
    int y5 = add(graph, "y5", sned_shape(2, (int64_t)1, (int64_t)HIDDEN), NULL);
    int y6 = add(graph, "y6", sned_shape(2, (int64_t)1, (int64_t)CLASSES), NULL);

    sned_graph_add_node(graph, "conv", OP_CONV, (int[]){input, w1, b1}, 3, y1, &node, NULL);
    node->u.conv.groups = 1;
    node->u.conv.window = (struct window){.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}};
    sned_graph_add_node(graph, "relu1", OP_RELU, &y1, 1, y2, &node, NULL);
    node->activation.kind = ACTIVATION_RELU;
    sned_graph_add_node(graph, "flatten", OP_FLATTEN, &y2, 1, y3, &node, NULL);
    node->u.flatten.axis = 1;
    sned_graph_add_node(graph, "fc1", OP_GEMM, (int[]){y3, w2, b2}, 3, y4, &node, NULL);
    sned_graph_add_node(graph, "relu2", OP_RELU, &y4, 1, y5, &node, NULL);
    node->activation.kind = ACTIVATION_RELU;
    sned_graph_add_node(graph, "fc2", OP_GEMM, (int[]){y5, w3, b3}, 3, y6, &node, NULL);
    graph->input = input;
    graph->output = y6;
    graph->rule = (struct input_rule){.is_image = true, .color = "gray", .mean = {45}, .scale = {1.0f / 128}};
    assert_int_equal(sned_graph_infer(graph, NULL), SNED_OK);
    return graph;
}

static int setup(void **state)
{
    struct train_options options = train_defaults();
    struct train_result result;
    struct dataset_options data = {.split = SPLIT_TRAIN, .input = {1, SIDE, SIDE}, .color = "gray"};
    uint32_t indices[TRAIN];
    sned_error error = {0};

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/sned-compress-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(checkpoint, sizeof(checkpoint), "%s.checkpoint", folder);
    write_split("train", TRAIN, 1);
    write_split("t10k", TEST, 2);
    if (dataset_open(&dataset, folder, &data, &error) != SNED_OK)
        fail_msg("%s", error.message);
    trained = make_network();
    for (uint32_t i = 0; i < TRAIN; i++)
        indices[i] = i;
    options.epochs = 12;
    options.batch = 32;
    options.rate = 0.05f;
    options.momentum = 0.9f;
    options.decay = 1e-4f;
    options.threads = 1;
    if (train_network(trained, dataset, indices, TRAIN, &options, &result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sned_graph_free(trained);
    dataset_free(dataset);
    unlink(checkpoint);
    remove_data();
    return 0;
}

/* ---- running it ---- */

static struct compress_options quick(void)
{
    struct compress_options options = {.max_drop = -1, .seed = 5, .threads = 1};

    recipe_defaults(&options.recipe);
    options.recipe.max_drop = 1;
    options.recipe.holdout = 0.2;
    options.recipe.retrain.epochs = 1;
    options.recipe.retrain.batch = 32;
    options.recipe.retrain.rate = 0.02f;
    options.recipe.search.rounds = 1;
    options.recipe.search.saving = 0;
    options.recipe.settle.passes = 1;
    options.recipe.finish.epochs = 2;
    options.recipe.quantize.images = 100;
    options.recipe.quantize.epochs = 1;
    return options;
}

/* What a run left: the float network, the integer network, the log. */
struct outcome {
    struct graph *graph, *integer;
    struct compress_result result;
};

static struct outcome run(const struct compress_options *options)
{
    struct outcome outcome = {0};
    sned_error error = {0};

    assert_int_equal(sned_graph_copy(&outcome.graph, trained, NULL), SNED_OK);
    if (compress_network(&outcome.integer, outcome.graph, dataset, options, &outcome.result, &error) !=
        SNED_OK)
        fail_msg("%s", error.message);
    return outcome;
}

static void outcome_free(struct outcome *outcome)
{
    sned_graph_free(outcome->graph);
    sned_graph_free(outcome->integer);
    compress_result_free(&outcome->result);
}

static sned_status run_failing(const struct compress_options *options, struct dataset *images,
                               sned_error *error)
{
    struct outcome outcome = {0};

    assert_int_equal(sned_graph_copy(&outcome.graph, trained, NULL), SNED_OK);
    sned_status status =
        compress_network(&outcome.integer, outcome.graph, images, options, &outcome.result, error);
    assert_null(outcome.integer);
    outcome_free(&outcome);
    return status;
}

static const struct node *find(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i].name, name) == 0)
            return &graph->nodes[i];
    fail_msg("no node %s", name);
    return NULL;
}

static void assert_same_file(const struct graph *a, const struct graph *b)
{
    struct buffer first = {0}, second = {0};

    assert_int_equal(sned_pack(a, NULL, &first, NULL, NULL, NULL), SNED_OK);
    assert_int_equal(sned_pack(b, NULL, &second, NULL, NULL, NULL), SNED_OK);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    sned_buffer_free(&first);
    sned_buffer_free(&second);
}

static double density(const struct graph *graph, const char *name)
{
    const struct node *node = find(graph, name);

    return (double)sned_node_kept(graph, node) / (double)sned_node_weights(graph, node);
}

static uint64_t kept(const struct graph *graph)
{
    return sned_node_kept(graph, find(graph, "conv")) + sned_node_kept(graph, find(graph, "fc1")) +
           sned_node_kept(graph, find(graph, "fc2"));
}

/* The first decision of a phase on a layer, or -1. */
static int first_decision(const struct compress_result *result, const char *phase, const char *layer)
{
    for (int i = 0; i < result->decision_count; i++)
        if (strcmp(result->decisions[i].phase, phase) == 0 && strcmp(result->decisions[i].layer, layer) == 0)
            return i;
    return -1;
}

/* ---- behaviours ---- */

static void a_network_gets_smaller_and_stays_accurate(void **state)
{
    struct compress_options options = quick();
    struct outcome outcome = run(&options);

    (void)state;
    assert_true(outcome.integer->integer);
    assert_true(outcome.result.accuracy_before > 95);
    assert_true(outcome.result.accuracy_after >= outcome.result.accuracy_before - 2);
    assert_true(density(outcome.graph, "fc1") < 0.5);
    assert_true(density(outcome.integer, "fc1") <= density(outcome.graph, "fc1"));
    outcome_free(&outcome);
}

static void reversed_starts_at_the_last_layer_and_forward_at_the_first(void **state)
{
    struct compress_options options = quick();
    struct outcome reversed = run(&options);

    (void)state;
    assert_true(first_decision(&reversed.result, "reversed", "fc2") >= 0);
    assert_true(first_decision(&reversed.result, "reversed", "fc2") <
                first_decision(&reversed.result, "reversed", "fc1"));
    assert_true(first_decision(&reversed.result, "reversed", "fc1") <
                first_decision(&reversed.result, "reversed", "conv"));
    outcome_free(&reversed);
    options.recipe.order = ORDER_FORWARD;
    struct outcome forward = run(&options);
    assert_true(first_decision(&forward.result, "forward", "conv") >= 0);
    assert_true(first_decision(&forward.result, "forward", "conv") <
                first_decision(&forward.result, "forward", "fc1"));
    assert_true(first_decision(&forward.result, "forward", "fc1") <
                first_decision(&forward.result, "forward", "fc2"));
    outcome_free(&forward);
}

static void joint_cuts_all_layers_at_once(void **state)
{
    struct compress_options options = quick();

    (void)state;
    options.recipe.order = ORDER_JOINT;
    options.recipe.peak = false;
    struct outcome outcome = run(&options);
    assert_true(first_decision(&outcome.result, "joint", "all") >= 0);
    assert_true(density(outcome.graph, "fc1") < 1);
    outcome_free(&outcome);
}

static void peak_pruning_takes_the_largest_saving_first(void **state)
{
    struct compress_options options = quick();
    struct outcome outcome = run(&options);
    int first = first_decision(&outcome.result, "peak", "fc1");

    (void)state;
    assert_true(first >= 0);
    assert_true(first_decision(&outcome.result, "peak", "fc2") > first);
    options.recipe.peak = false;
    struct outcome without = run(&options);
    assert_int_equal(first_decision(&without.result, "peak", "fc1"), -1);
    outcome_free(&outcome);
    outcome_free(&without);
}

static void every_decision_says_what_it_did(void **state)
{
    struct compress_options options = quick();
    struct outcome outcome = run(&options);

    (void)state;
    assert_true(outcome.result.decision_count > 3);
    for (int i = 0; i < outcome.result.decision_count; i++) {
        const struct decision *d = &outcome.result.decisions[i];
        assert_true(d->layer[0] != '\0' && d->phase[0] != '\0');
        assert_true(d->density_to > 0 && d->density_to <= d->density_from && d->density_from <= 1);
        assert_true(d->accuracy_pruned >= 0 && d->accuracy_pruned <= 100);
        assert_true(d->accuracy_retrained >= 0 && d->accuracy_retrained <= 100);
    }
    assert_true(first_decision(&outcome.result, "finish", "all") > 0);
    assert_int_equal(first_decision(&outcome.result, "quantize", "all"), outcome.result.decision_count - 1);
    outcome_free(&outcome);
}

static void a_cut_that_costs_too_much_is_taken_back(void **state)
{
    struct compress_options options = quick();
    double lowest = 1;

    (void)state;
    options.max_drop = 0;
    struct outcome outcome = run(&options);
    for (int i = 0; i < outcome.result.decision_count; i++)
        if (strcmp(outcome.result.decisions[i].layer, "fc1") == 0 && outcome.result.decisions[i].accepted)
            lowest = outcome.result.decisions[i].density_to;
    assert_true(fabs(density(outcome.graph, "fc1") - lowest) < 1e-9);
    outcome_free(&outcome);
}

static void rules_are_kept(void **state)
{
    struct compress_options options = quick();
    struct recipe_rule rules[] = {{.layer = "conv", .skip = 1},
                                  {.layer = "fc1", .density = 0.1, .skip = -1},
                                  {.layer = "fc2", .min_density = 0.5, .skip = -1}};

    (void)state;
    options.recipe.rules = rules;
    options.recipe.rule_count = 3;
    options.max_drop = 100;
    for (int order = ORDER_REVERSED; order <= ORDER_JOINT; order++) {
        options.recipe.order = (enum order)order;
        struct outcome outcome = run(&options);
        assert_true(density(outcome.graph, "conv") == 1);
        assert_true(fabs(density(outcome.graph, "fc1") - 0.1) < 0.001);
        assert_true(density(outcome.graph, "fc2") >= 0.5);
        outcome_free(&outcome);
    }
}

static void a_target_gives_every_order_the_same_weights_and_work(void **state)
{
    struct compress_options options = quick();
    uint64_t wanted = 0;
    int decisions = 0;

    (void)state;
    options.recipe.target_kept = 0.1;
    options.recipe.target_cuts = 3;
    for (int i = 0; i < 4; i++) {
        options.recipe.order = i < 3 ? (enum order)i : ORDER_REVERSED;
        options.recipe.peak = i == 3;
        struct outcome outcome = run(&options);
        if (i == 0) {
            wanted = kept(outcome.graph);
            decisions = outcome.result.decision_count;
        }
        assert_int_equal(kept(outcome.graph), wanted);
        assert_int_equal(outcome.result.decision_count, decisions);
        outcome_free(&outcome);
    }
    assert_true(fabs((double)wanted - 0.1 * (FILTERS * 9 + HIDDEN * 400 + CLASSES * HIDDEN)) < 2);
}

static void a_target_below_what_rules_keep_is_refused(void **state)
{
    struct compress_options options = quick();
    struct recipe_rule rule = {.layer = "fc1", .skip = 1};
    sned_error error = {0};

    (void)state;
    options.recipe.target_kept = 0.1;
    options.recipe.rules = &rule;
    options.recipe.rule_count = 1;
    assert_int_equal(run_failing(&options, dataset, &error), SNED_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "target_kept"));
}

static void the_same_seed_gives_the_same_network(void **state)
{
    struct compress_options options = quick();
    struct outcome a = run(&options), b = run(&options);

    (void)state;
    assert_true(graph_state_hash(a.graph) == graph_state_hash(b.graph));
    assert_same_file(a.integer, b.integer);
    outcome_free(&a);
    outcome_free(&b);
}

/* ---- interruptions ---- */

struct bomb {
    int messages_left;
};

static void count_down(void *argument, const char *line)
{
    struct bomb *bomb = argument;

    (void)line;
    if (--bomb->messages_left < 0)
        _exit(9); /* as kill -9 would: nothing is cleaned up */
}

/* Runs until the n-th line of the log, in a process that then dies. False where it finished before. */
static bool die_after(struct compress_options options, int n)
{
    struct bomb bomb = {n};
    struct reporter reporter = {.message = count_down, .argument = &bomb};
    int result = 0;

    pid_t child = fork();
    if (child == 0) {
        struct graph *graph = NULL, *integer = NULL;
        struct compress_result outcome;
        options.reporter = &reporter;
        if (sned_graph_copy(&graph, trained, NULL) != SNED_OK)
            _exit(1);
        compress_network(&integer, graph, dataset, &options, &outcome, NULL);
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &result, 0) == child && WIFEXITED(result));
    return WEXITSTATUS(result) == 9;
}

static void a_killed_run_is_resumed_and_ends_the_same(void **state)
{
    struct compress_options options = quick();
    struct outcome whole = run(&options);
    bool died = true;

    (void)state;
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    for (int n = 0; died; n += 4) /* each time a little further than the run before */
        died = die_after(options, n % 12);
    struct outcome resumed = run(&options);
    assert_true(graph_state_hash(resumed.graph) == graph_state_hash(whole.graph));
    assert_same_file(resumed.integer, whole.integer);
    assert_int_equal(resumed.result.decision_count, whole.result.decision_count);
    for (int i = 0; i < whole.result.decision_count; i++) {
        assert_string_equal(resumed.result.decisions[i].layer, whole.result.decisions[i].layer);
        assert_true(resumed.result.decisions[i].density_to == whole.result.decisions[i].density_to);
        assert_true(resumed.result.decisions[i].accuracy_retrained ==
                    whole.result.decisions[i].accuracy_retrained);
    }
    outcome_free(&whole);
    outcome_free(&resumed);
    unlink(checkpoint);
}

static void another_runs_checkpoint_is_not_resumed_from(void **state)
{
    struct compress_options options = quick();

    (void)state;
    struct outcome alone = run(&options);
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    options.seed++;
    die_after(options, 6);
    options.seed--;
    struct outcome after = run(&options);
    assert_true(graph_state_hash(alone.graph) == graph_state_hash(after.graph));
    outcome_free(&alone);
    outcome_free(&after);
    unlink(checkpoint);
}

static void a_spent_time_budget_still_gives_a_network(void **state)
{
    struct compress_options options = quick();

    (void)state;
    options.time_budget = 1e-6;
    struct outcome outcome = run(&options);
    assert_true(outcome.integer->integer);
    assert_int_equal(first_decision(&outcome.result, "reversed", "fc2"), -1);
    outcome_free(&outcome);
}

/* ---- what cannot work ---- */

static void a_rule_for_no_layer_is_refused(void **state)
{
    struct compress_options options = quick();
    struct recipe_rule rule = {.layer = "conv7", .skip = 1};
    sned_error error = {0};

    (void)state;
    options.recipe.rules = &rule;
    options.recipe.rule_count = 1;
    assert_int_equal(run_failing(&options, dataset, &error), SNED_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "conv7"));
}

static void a_single_image_is_too_few(void **state)
{
    struct dataset_options data = {
        .split = SPLIT_TRAIN, .input = {1, SIDE, SIDE}, .color = "gray", .limit = 1};
    struct compress_options options = quick();
    struct dataset *one = NULL;
    sned_error error = {0};

    (void)state;
    assert_int_equal(dataset_open(&one, folder, &data, &error), SNED_OK);
    assert_int_equal(run_failing(&options, one, &error), SNED_ERROR_DATA);
    dataset_free(one);
}

static void a_checkpoint_that_cannot_be_written_is_an_error(void **state)
{
    struct compress_options options = quick();
    sned_error error = {0};

    (void)state;
    options.checkpoint = "/nowhere/at/all.checkpoint";
    assert_int_equal(run_failing(&options, dataset, &error), SNED_ERROR_IO);
    assert_non_null(strstr(error.message, "/nowhere/at/all.checkpoint"));
}

static void held_out_images_are_not_those_that_train(void **state)
{
    struct compress_options options = quick();
    struct compress_result result = {0};
    struct session session;
    struct graph *graph;
    bool seen[TRAIN] = {false};

    (void)state;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    options.recipe.holdout_images = 100;
    assert_int_equal(session_open(&session, graph, dataset, &options, &result, NULL), SNED_OK);
    assert_int_equal(session.held_count, 100);
    assert_int_equal(session.train_count, TRAIN - 100);
    for (int i = 0; i < TRAIN; i++) {
        assert_false(seen[session.indices[i]]);
        seen[session.indices[i]] = true;
    }
    session_close(&session);
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_network_gets_smaller_and_stays_accurate),
        cmocka_unit_test(reversed_starts_at_the_last_layer_and_forward_at_the_first),
        cmocka_unit_test(joint_cuts_all_layers_at_once),
        cmocka_unit_test(peak_pruning_takes_the_largest_saving_first),
        cmocka_unit_test(every_decision_says_what_it_did),
        cmocka_unit_test(a_cut_that_costs_too_much_is_taken_back),
        cmocka_unit_test(rules_are_kept),
        cmocka_unit_test(a_target_gives_every_order_the_same_weights_and_work),
        cmocka_unit_test(a_target_below_what_rules_keep_is_refused),
        cmocka_unit_test(the_same_seed_gives_the_same_network),
        cmocka_unit_test(a_killed_run_is_resumed_and_ends_the_same),
        cmocka_unit_test(another_runs_checkpoint_is_not_resumed_from),
        cmocka_unit_test(a_spent_time_budget_still_gives_a_network),
        cmocka_unit_test(a_rule_for_no_layer_is_refused),
        cmocka_unit_test(a_single_image_is_too_few),
        cmocka_unit_test(a_checkpoint_that_cannot_be_written_is_an_error),
        cmocka_unit_test(held_out_images_are_not_those_that_train),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
