/*
 * test_compress.c - the method: what is cut when, what is kept, what is refused.
 */
#include "tests/compress/compress_fixture.h"

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

static const struct tensor *weights_named(const struct graph *graph, const char *name)
{
    for (int n = 0; n < graph->node_count; n++)
        if (strcmp(graph->nodes[n].name, name) == 0)
            return &graph->tensors[node_weights(&graph->nodes[n], 0)];
    fail_msg("no layer %s", name);
    return NULL;
}

static size_t kept_of(const uint8_t *mask, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        kept += mask[i];
    return kept;
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

/* Convs in pairs of filters, fc1 with as many weights in each row, whatever the order. */
static void layers_are_cut_in_their_structure(void **state)
{
    struct compress_options options = quick();
    struct recipe_rule rules[] = {
        {.kind = "conv", .density = 0.5, .skip = -1, .structure = {STRUCTURE_BLOCK, 2, 1}},
        {.layer = "fc1", .skip = -1, .structure = {STRUCTURE_BALANCED, 1, 1}}};

    (void)state;
    options.recipe.rules = rules;
    options.recipe.rule_count = 2;
    options.recipe.target_kept = 0.1;
    options.recipe.target_cuts = 1;
    options.recipe.peak = false;
    for (int order = ORDER_REVERSED; order <= ORDER_JOINT; order += ORDER_JOINT - ORDER_REVERSED) {
        options.recipe.order = (enum order)order;
        struct outcome outcome = run(&options);
        const struct tensor *conv = weights_named(outcome.graph, "conv"),
                            *fc1 = weights_named(outcome.graph, "fc1");
        const size_t taps = sned_shape_elements(&conv->shape) / FILTERS,
                     inputs = sned_shape_elements(&fc1->shape) / HIDDEN;
        for (size_t i = 0; i < taps; i++)
            for (int pair = 0; pair < FILTERS; pair += 2)
                assert_int_equal(conv->mask[(size_t)pair * taps + i],
                                 conv->mask[(size_t)(pair + 1) * taps + i]);
        const size_t first = kept_of(fc1->mask, inputs);
        assert_true(first < inputs);
        for (size_t k = 1; k < HIDDEN; k++)
            assert_int_equal(kept_of(fc1->mask + k * inputs, inputs), first);
        outcome_free(&outcome);
    }
}

/* fc1 alone, to a tenth: as many weights as without regrowth, and others. */
static void cut_weights_come_back_while_the_density_stays(void **state)
{
    struct compress_options options = quick();
    struct recipe_rule rules[] = {{.layer = "fc1", .density = 0.1, .skip = -1},
                                  {.layer = "fc2", .skip = 1},
                                  {.kind = "conv", .skip = 1}};
    (void)state;
    options.recipe.rules = rules;
    options.recipe.rule_count = 3;
    options.recipe.peak = false;
    struct outcome without = run(&options);
    options.recipe.regrow = 0.3;
    struct outcome with = run(&options), again = run(&options);
    const struct tensor *before = weights_named(without.graph, "fc1"),
                        *after = weights_named(with.graph, "fc1");
    const size_t count = sned_shape_elements(&before->shape);
    size_t back = 0;
    for (size_t i = 0; i < count; i++) {
        back += after->mask[i] && !before->mask[i] && ((const float *)after->data)[i] != 0;
        assert_true(after->mask[i] || ((const float *)after->data)[i] == 0);
    }
    assert_int_equal(kept_of(before->mask, count), count / 10);
    assert_int_equal(kept_of(after->mask, count), count / 10);
    assert_true(back * 10 > kept_of(after->mask, count));
    assert_true(with.result.accuracy_after >= without.result.accuracy_after - 2);
    assert_memory_equal(weights_named(again.graph, "fc1")->mask, after->mask, count);
    outcome_free(&without);
    outcome_free(&with);
    outcome_free(&again);
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
        .split = SPLIT_TRAIN, .form = {.input = {1, SIDE, SIDE}, .color = "gray"}, .limit = 1};
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
    struct compression compression;
    struct graph *graph;
    bool seen[TRAIN] = {false};

    (void)state;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    options.recipe.holdout_images = 100;
    assert_int_equal(compression_open(&compression, graph, dataset, &options, &result, NULL), SNED_OK);
    assert_int_equal(compression.held_count, 100);
    assert_int_equal(compression.train_count, TRAIN - 100);
    for (int i = 0; i < TRAIN; i++) {
        assert_false(seen[compression.indices[i]]);
        seen[compression.indices[i]] = true;
    }
    compression_close(&compression);
    sned_graph_free(graph);
}

/* ---- several outputs ---- */

/* The trained network with another output beside its scores: a Gemm that reads what the last layer reads. */
static struct graph *with_another_head(void)
{
    struct graph *graph;
    struct node *node;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    const int features = find(graph, "fc2")->inputs[0];
    const int weight = constant(graph, "other.weight", sned_shape(2, (int64_t)2, (int64_t)HIDDEN), 0.3f, 7);
    const int bias = constant(graph, "other.bias", sned_shape(1, (int64_t)2), 0.1f, 8);
    const int result = add(graph, "other", sned_shape(2, (int64_t)1, (int64_t)2), NULL);
    assert_int_equal(
        sned_graph_add_node(graph, "other", OP_GEMM, (int[]){features, weight, bias}, 3, result, &node, NULL),
        SNED_OK);
    const int outputs[] = {graph->outputs[0], result};
    assert_int_equal(sned_graph_set_outputs(graph, outputs, 2, NULL), SNED_OK);
    return graph;
}

struct lines {
    int about_other;
};

static void count_lines(void *argument, const char *line)
{
    struct lines *lines = argument;
    lines->about_other += strstr(line, "1 layer (other) is neither cut nor retrained") != NULL;
}

static void what_the_first_output_does_not_depend_on_stays_as_it_is(void **state)
{
    struct compress_options options = quick();
    struct lines lines = {0};
    struct reporter reporter = {.message = count_lines, .argument = &lines};
    struct graph *graph = with_another_head(), *integer;
    struct compress_result result;
    float before[2 * HIDDEN], biases[2];
    sned_error error = {0};
    (void)state;
    options.reporter = &reporter;
    options.recipe.order = ORDER_JOINT;
    options.recipe.target_kept = 0.3;
    options.recipe.peak = false;
    options.recipe.target_cuts = 1;
    memcpy(before, graph->tensors[find(graph, "other")->inputs[1]].data, sizeof before);
    memcpy(biases, graph->tensors[find(graph, "other")->inputs[2]].data, sizeof biases);
    if (compress_paper(&integer, graph, dataset, &options, &result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_memory_equal(graph->tensors[find(graph, "other")->inputs[1]].data, before, sizeof before);
    assert_memory_equal(graph->tensors[find(graph, "other")->inputs[2]].data, biases, sizeof biases);
    assert_true(density(graph, "fc1") < 0.5);
    assert_int_equal(result.unjudged_count, 1);
    assert_string_equal(result.unjudged[0], "other");
    assert_int_equal(lines.about_other, 1);
    assert_int_equal(integer->output_count, 2);
    assert_int_equal(integer->tensors[integer->outputs[0]].quantization.bits, 16);
    assert_int_equal(integer->tensors[integer->outputs[1]].quantization.bits, 16);
    assert_int_equal(integer->tensors[find(integer, "other")->inputs[1]].type, TENSOR_I8);
    sned_graph_free(graph);
    sned_graph_free(integer);
    compress_result_free(&result);
}

static void a_first_output_without_weights_is_refused(void **state)
{
    struct compress_options options = quick();
    struct graph *graph = with_another_head(), *integer;
    struct compress_result result;
    struct node *node;
    sned_error error = {0};
    (void)state;
    const int given =
        add(graph, "given", sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE), NULL);
    assert_int_equal(sned_graph_add_node(graph, "as it comes", OP_RELU, &graph->input, 1, given, &node, NULL),
                     SNED_OK);
    node->activation.kind = ACTIVATION_RELU;
    graph->outputs[0] = given;
    assert_int_equal(compress_paper(&integer, graph, dataset, &options, &result, &error),
                     SNED_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "'given' depends on no weights"));
    assert_null(integer);
    sned_graph_free(graph);
    compress_result_free(&result);
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
        cmocka_unit_test(layers_are_cut_in_their_structure),
        cmocka_unit_test(cut_weights_come_back_while_the_density_stays),
        cmocka_unit_test(a_target_gives_every_order_the_same_weights_and_work),
        cmocka_unit_test(a_target_below_what_rules_keep_is_refused),
        cmocka_unit_test(the_same_seed_gives_the_same_network),
        cmocka_unit_test(a_rule_for_no_layer_is_refused),
        cmocka_unit_test(a_single_image_is_too_few),
        cmocka_unit_test(a_checkpoint_that_cannot_be_written_is_an_error),
        cmocka_unit_test(held_out_images_are_not_those_that_train),
        cmocka_unit_test(what_the_first_output_does_not_depend_on_stays_as_it_is),
        cmocka_unit_test(a_first_output_without_weights_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
