/*
 * test_recipe.c - recipes: defaults, every key, and one clear line for what is wrong.
 */
#include "compress/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/sned-recipe-%d.yaml", (int)getpid());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static sned_status read_bytes(struct recipe *recipe, const void *text, size_t size, sned_error *error)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
    return recipe_read(recipe, path, error);
}

static struct recipe read_good(const char *text)
{
    struct recipe recipe;
    sned_error error = {0};

    if (read_bytes(&recipe, text, strlen(text), &error) != SNED_OK)
        fail_msg("%s", error.message);
    return recipe;
}

/* The file is refused with this status, in one line that names the file and holds `part`. */
static void refuses(const char *text, sned_status status, const char *part)
{
    struct recipe recipe;
    sned_error error = {0};

    assert_int_equal(read_bytes(&recipe, text, strlen(text), &error), status);
    if (strstr(error.message, path) == NULL || strstr(error.message, part) == NULL ||
        strchr(error.message, '\n') != NULL)
        fail_msg("'%s' does not name the file and '%s'", error.message, part);
    recipe_free(&recipe); /* nothing is left: safe, and no leak either way */
}

static void the_defaults_need_no_file(void **state)
{
    struct recipe recipe;

    (void)state;
    recipe_defaults(&recipe, METHOD_PAPER);
    assert_int_equal(recipe.order, ORDER_REVERSED);
    assert_true(recipe.peak && recipe.max_drop == 0.1);
    recipe_defaults(&recipe, METHOD_RATE);
    assert_int_equal(recipe.method, METHOD_RATE);
    assert_true(recipe.max_drop == 0.5 && recipe.train.lambda == 0);
    assert_true(recipe.holdout > 0 && recipe.holdout < 0.5);
    assert_string_equal(recipe.saliency, "magnitude");
    assert_int_equal(recipe.rule_count, 0);
    recipe_free(&recipe);
}

static void a_file_changes_what_it_names_and_nothing_else(void **state)
{
    struct recipe recipe = read_good("order: forward\nretrain: {rate: 0.125}\n"), defaults;

    (void)state;
    recipe_defaults(&defaults, METHOD_PAPER);
    assert_int_equal(recipe.order, ORDER_FORWARD);
    assert_true(recipe.retrain.rate == 0.125f);
    assert_true(recipe.retrain.epochs == defaults.retrain.epochs);
    assert_true(recipe.max_drop == defaults.max_drop);
    recipe_free(&recipe);
}

static void every_key_reaches_its_field(void **state)
{
    struct recipe recipe = read_good("order: joint\n"
                                     "peak: no\n"
                                     "max_drop: 0.25\n"
                                     "holdout: 0.2\n"
                                     "holdout_images: 1234\n"
                                     "target_kept: 0.05\n"
                                     "target_cuts: 7\n"
                                     "saliency: magnitude\n"
                                     "structure: unstructured\n"
                                     "regrow: 0.2\n"
                                     "retrain:\n"
                                     "  epochs: 1.5\n"
                                     "  batch: 32\n"
                                     "  rate: 0.01\n"
                                     "  momentum: 0.8\n"
                                     "  decay: 1e-4\n"
                                     "  schedule: step\n"
                                     "  step_epochs: 2\n"
                                     "  step_factor: 0.5\n"
                                     "  shift: 2\n"
                                     "  flip: true\n"
                                     "search: {first: 0.3, step: 0.6, finest: 0.9, rounds: 5}\n"
                                     "finish: {epochs: 9, rate: 0.005}\n"
                                     "quantize: {images: 77, epochs: 3, rate: 0.002}\n"
                                     "layers:\n"
                                     "  - {kind: conv, min_density: 0.1}\n"
                                     "  - {layer: fc2, density: 0.5, bits: 8, skip: false}\n");

    (void)state;
    assert_int_equal(recipe.order, ORDER_JOINT);
    assert_false(recipe.peak);
    assert_true(recipe.max_drop == 0.25 && recipe.holdout == 0.2 && recipe.holdout_images == 1234);
    assert_true(recipe.regrow == 0.2);
    assert_true(recipe.target_kept == 0.05 && recipe.target_cuts == 7);
    assert_true(recipe.retrain.epochs == 1.5 && recipe.retrain.batch == 32);
    assert_true(recipe.retrain.rate == 0.01f && recipe.retrain.momentum == 0.8f &&
                recipe.retrain.decay == 1e-4f);
    assert_true(recipe.retrain.schedule == SCHEDULE_STEP && recipe.retrain.step_epochs == 2);
    assert_true(recipe.retrain.step_factor == 0.5f && recipe.retrain.augmentation.shift == 2);
    assert_true(recipe.retrain.augmentation.flip);
    assert_true(recipe.search.first == 0.3 && recipe.search.step == 0.6 && recipe.search.finest == 0.9);
    assert_int_equal(recipe.search.rounds, 5);
    assert_true(recipe.finish.epochs == 9 && recipe.finish.rate == 0.005f);
    assert_true(recipe.quantize.images == 77 && recipe.quantize.epochs == 3 &&
                recipe.quantize.rate == 0.002f);
    assert_int_equal(recipe.rule_count, 2);
    assert_string_equal(recipe.rules[0].kind, "conv");
    assert_true(recipe.rules[0].min_density == 0.1);
    assert_string_equal(recipe.rules[1].layer, "fc2");
    assert_true(recipe.rules[1].density == 0.5 && recipe.rules[1].bits == 8 && recipe.rules[1].skip == 0);
    recipe_free(&recipe);
}

/* ---- methods ---- */

static void keys_of_the_first_version_mean_method_paper(void **state)
{
    struct recipe general = read_good("order: joint\n"), section = read_good("quantize: {epochs: 1}\n");
    struct recipe rule = read_good("layers: [{kind: fc, density: 0.5}]\n");
    (void)state;
    assert_int_equal(general.method, METHOD_PAPER);
    assert_string_equal(general.implied_by, "order");
    assert_true(general.max_drop == 0.1);
    assert_string_equal(section.implied_by, "quantize.epochs");
    assert_string_equal(rule.implied_by, "layers[1].density");
    recipe_free(&general);
    recipe_free(&section);
    recipe_free(&rule);
}

static void keys_of_both_methods_imply_none(void **state)
{
    struct recipe recipe =
        read_good("max_drop: 0.3\nholdout: 0.2\ndistill: {weight: 0.5}\nquantize: {images: 50}\n");
    (void)state;
    assert_int_equal(recipe.method, METHOD_RATE);
    assert_string_equal(recipe.implied_by, "");
    recipe_free(&recipe);
}

static void every_key_of_method_rate_reaches_its_field(void **state)
{
    struct recipe recipe = read_good("method: rate\n"
                                     "train:\n"
                                     "  epochs: 7.5\n"
                                     "  batch: 48\n"
                                     "  optimizer: sgd\n"
                                     "  rate: 0.03\n"
                                     "  step_rate: 8\n"
                                     "  start: 1e-6\n"
                                     "  lambda: 2e-6\n"
                                     "  shift: 3\n"
                                     "  flip: yes\n");
    const struct recipe_train *train = &recipe.train;
    (void)state;
    assert_true(train->epochs == 7.5 && train->batch == 48 && train->optimizer == OPTIMIZER_SGD);
    assert_true(train->rate == 0.03f && train->step_rate == 8 && train->start == 1e-6);
    assert_true(train->lambda == 2e-6 && train->shift == 3 && train->flip == FLIP_YES);
    recipe_free(&recipe);
}

static void keys_of_the_other_method_are_refused(void **state)
{
    (void)state;
    refuses("method: rate\norder: joint\n", SNED_ERROR_FORMAT,
            "order is a key of method: paper, and the recipe is of method: rate");
    refuses("method: paper\ntrain: {epochs: 3}\n", SNED_ERROR_FORMAT,
            "train.epochs is a key of method: rate, and the recipe is of method: paper");
    refuses("peak: no\ntrain: {epochs: 3}\n", SNED_ERROR_FORMAT,
            "train.epochs is a key of method: rate, and the recipe is of method: paper (because of peak)");
    refuses("method: magic\n", SNED_ERROR_FORMAT, "'magic' is not one of rate paper");
}

/* The blocks of docs/recipe.md in ```yaml ... ```: the first, the second. */
static void read_documentation(char text[2][8192])
{
    FILE *file = fopen("docs/recipe.md", "r");
    char line[512];
    int block = -1;
    bool inside = false;

    if (file == NULL) {
        print_message("docs/recipe.md is not below the working directory\n");
        skip();
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "```", 3) == 0) {
            inside = strncmp(line, "```yaml", 7) == 0;
            block += inside;
        } else if (inside && block < 2 && strlen(text[block]) + strlen(line) < sizeof(text[block])) {
            strcat(text[block], line);
        }
    }
    fclose(file);
}

static void lists_the_defaults(const char *text, enum method method)
{
    struct recipe recipe = read_good(text), defaults;
    struct writer written = {0}, wanted = {0};
    assert_int_equal(recipe.method, method);
    assert_true(recipe.rule_count > 0 || method == METHOD_RATE);
    recipe.rule_count = 0; /* the rules are examples, all else is the default */
    recipe_defaults(&defaults, method);
    recipe_write(&recipe, &written);
    recipe_write(&defaults, &wanted);
    assert_int_equal(written.buffer.size, wanted.buffer.size);
    assert_memory_equal(written.buffer.data, wanted.buffer.data, wanted.buffer.size);
    sned_writer_free(&written);
    sned_writer_free(&wanted);
    recipe_free(&recipe);
}

static void the_documentation_lists_the_defaults(void **state)
{
    char text[2][8192] = {"", ""};
    (void)state;
    read_documentation(text);
    lists_the_defaults(text[0], METHOD_RATE);
    lists_the_defaults(text[1], METHOD_PAPER);
}

static void an_unknown_key_is_named(void **state)
{
    (void)state;
    refuses("ordr: reversed\n", SNED_ERROR_FORMAT, "ordr");
    refuses("retrain:\n  epochs: 1\n  epoch: 2\n", SNED_ERROR_FORMAT, "retrain: Unexpected key: epoch");
    refuses("layers: [{layer: conv1, densty: 0.1}]\n", SNED_ERROR_FORMAT, "densty");
}

static void a_value_of_the_wrong_type_is_named_with_its_key(void **state)
{
    (void)state;
    refuses("max_drop: much\n", SNED_ERROR_FORMAT, "max_drop: 'much' is not a number");
    refuses("retrain: {rate: 0.1 0.2}\n", SNED_ERROR_FORMAT, "retrain.rate");
    refuses("retrain: 5\n", SNED_ERROR_FORMAT, "retrain");
    refuses("order: [reversed]\n", SNED_ERROR_FORMAT, "order");
    refuses("peak: maybe\n", SNED_ERROR_FORMAT, "peak: 'maybe' is not true or false");
    refuses("quantize: {images: 1.5}\n", SNED_ERROR_FORMAT, "quantize.images: '1.5' is not a whole number");
    refuses("order: sideways\n", SNED_ERROR_FORMAT, "reversed forward joint");
    refuses("max_drop:\n", SNED_ERROR_FORMAT, "max_drop");
}

static void a_value_out_of_range_is_named_with_its_key(void **state)
{
    (void)state;
    refuses("holdout: 0.9\n", SNED_ERROR_FORMAT, "holdout: '0.9' is not between");
    refuses("max_drop: nan\n", SNED_ERROR_FORMAT, "max_drop");
    refuses("max_drop: 1e999\n", SNED_ERROR_FORMAT, "max_drop");
    refuses("retrain: {batch: 0}\n", SNED_ERROR_FORMAT, "retrain.batch");
    refuses("layers: [{kind: fc, density: 0}]\n", SNED_ERROR_FORMAT, "layers[1].density");
    refuses("layers: [{kind: fc}, {kind: fc, density: 0.1, min_density: 0.2}]\n", SNED_ERROR_FORMAT,
            "layers[2]");
}

static void mixtures_without_a_teacher_are_refused(void **state)
{
    refuses("distill: {weight: 0, mix: 0.5}\n", SNED_ERROR_FORMAT, "distill.mix");
    refuses("method: paper\ndistill: {mix: 0.5}\n", SNED_ERROR_FORMAT, "distill.mix");
}

static void a_key_given_twice_is_refused(void **state)
{
    (void)state;
    refuses("max_drop: 1\nmax_drop: 2\n", SNED_ERROR_FORMAT, "max_drop");
}

static void a_rule_is_for_a_layer_or_a_kind(void **state)
{
    (void)state;
    refuses("layers: [{density: 0.5}]\n", SNED_ERROR_FORMAT, "either 'layer'");
    refuses("layers: [{layer: a, kind: fc}]\n", SNED_ERROR_FORMAT, "either 'layer'");
    refuses("layers: [{kind: pool}]\n", SNED_ERROR_FORMAT, "'pool' is not conv or fc");
}

static struct structure structure_of(const char *text, bool conv_pairs, enum op op, const char *name)
{
    struct recipe recipe = read_good(text);
    recipe.conv_pairs = conv_pairs;
    const struct structure structure =
        recipe_rule_for(&recipe, &(struct node){.op = op, .name = (char *)name}).structure;
    recipe_free(&recipe);
    return structure;
}

static void a_structure_is_for_all_layers_a_kind_or_one(void **state)
{
    static const char text[] =
        "structure: balanced\n"
        "layers: [{kind: conv, structure: pairs}, {layer: c2, structure: block 4x4}]\n";
    (void)state;
    assert_int_equal(structure_of(text, false, OP_GEMM, "f1").kind, STRUCTURE_BALANCED);
    assert_int_equal(structure_of(text, false, OP_CONV, "c1").filters, 2);
    assert_int_equal(structure_of(text, false, OP_CONV, "c1").channels, 1);
    assert_int_equal(structure_of(text, false, OP_CONV, "c2").channels, 4);
}

static void pairs_for_convs_are_where_nothing_else_is_said(void **state)
{
    (void)state;
    assert_int_equal(structure_of("peak: no\n", true, OP_CONV, "c1").filters, 2);
    assert_int_equal(structure_of("peak: no\n", true, OP_GEMM, "f1").kind, STRUCTURE_UNSTRUCTURED);
    assert_int_equal(structure_of("structure: balanced\n", true, OP_CONV, "c1").kind, STRUCTURE_BALANCED);
    assert_int_equal(
        structure_of("layers: [{layer: c1, structure: unstructured}]\n", true, OP_CONV, "c1").kind,
        STRUCTURE_UNSTRUCTURED);
}

static void what_this_version_lacks_is_said(void **state)
{
    (void)state;
    refuses("structure: 4x1\n", SNED_ERROR_FORMAT, "is not unstructured, block KxC, pairs or balanced");
    refuses("structure: block 0x1\n", SNED_ERROR_FORMAT, "structure");
    refuses("layers: [{kind: fc, bits: 4}]\n", SNED_ERROR_UNSUPPORTED, "not available in this version");
    refuses("structure: round\n", SNED_ERROR_FORMAT, "structure");
    refuses("saliency: luck\n", SNED_ERROR_FORMAT, "magnitude");
}

static void what_is_no_recipe_is_refused(void **state)
{
    (void)state;
    refuses("", SNED_ERROR_FORMAT, "empty");
    refuses("# nothing but a comment\n", SNED_ERROR_FORMAT, "empty");
    refuses("- a\n- b\n", SNED_ERROR_FORMAT, "MAPPING");
    refuses("retrain: {rate: 0.1\n", SNED_ERROR_FORMAT, "libyaml");
    refuses("order: 'reversed\n", SNED_ERROR_FORMAT, "libyaml");
    refuses("\x89PNG\r\n\x1a\n", SNED_ERROR_FORMAT, "libyaml");
    refuses("max_drop: &a 1\nholdout: *a\n", SNED_ERROR_FORMAT, "alias");
    refuses("max_drop: 1\n---\nmax_drop: 2\n", SNED_ERROR_FORMAT, "documents");
}

static void a_missing_file_is_named(void **state)
{
    struct recipe recipe;
    sned_error error = {0};

    (void)state;
    assert_int_equal(recipe_read(&recipe, "/nowhere/recipe.yaml", &error), SNED_ERROR_IO);
    assert_non_null(strstr(error.message, "/nowhere/recipe.yaml"));
}

static void a_truncated_file_never_crashes(void **state)
{
    static const char text[] =
        "order: joint\nretrain: {epochs: 1.5, rate: 0.1}\n"
        "layers:\n  - {kind: conv, min_density: 0.1}\n  - {layer: fc2, density: 0.5}\n";

    (void)state;
    for (size_t size = 0; size < sizeof(text); size++) {
        struct recipe recipe;
        sned_error error = {0};
        if (read_bytes(&recipe, text, size, &error) == SNED_OK)
            recipe_free(&recipe);
        else
            assert_true(error.message[0] != '\0');
    }
}

/* ---- rules ---- */

static struct graph *two_layers(void)
{
    struct graph *graph;
    struct shape image = sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)4, (int64_t)4);
    struct shape kernel = sned_shape(4, (int64_t)2, (int64_t)1, (int64_t)3, (int64_t)3);
    struct node *node;
    int input, weights, output;

    assert_int_equal(sned_graph_new(&graph, "two", NULL), SNED_OK);
    assert_int_equal(sned_graph_add_tensor(graph, "x", TENSOR_F32, &image, NULL, &input, NULL), SNED_OK);
    assert_int_equal(
        sned_graph_add_tensor(graph, "w", TENSOR_F32, &kernel, calloc(18, sizeof(float)), &weights, NULL),
        SNED_OK);
    assert_int_equal(sned_graph_add_tensor(graph, "y", TENSOR_F32, &image, NULL, &output, NULL), SNED_OK);
    assert_int_equal(
        sned_graph_add_node(graph, "conv1", OP_CONV, (int[]){input, weights, -1}, 3, output, &node, NULL),
        SNED_OK);
    assert_int_equal(
        sned_graph_add_node(graph, "fc1", OP_GEMM, (int[]){output, weights, -1}, 3, output, &node, NULL),
        SNED_OK);
    assert_int_equal(sned_graph_add_node(graph, "relu1", OP_RELU, &output, 1, output, &node, NULL), SNED_OK);
    return graph;
}

static void a_layers_own_rule_overrides_its_kinds(void **state)
{
    struct recipe recipe = read_good("layers:\n"
                                     "  - {layer: conv1, density: 0.5, skip: no}\n"
                                     "  - {kind: conv, density: 0.1, min_density: 0.05, skip: yes}\n");
    struct graph *graph = two_layers();
    struct recipe_rule conv = recipe_rule_for(&recipe, &graph->nodes[0]);
    struct recipe_rule fc = recipe_rule_for(&recipe, &graph->nodes[1]);

    (void)state;
    assert_true(conv.density == 0.5 && conv.min_density == 0.05 && conv.skip == 0 && conv.bits == 8);
    assert_true(fc.density == 0 && fc.min_density == 0 && fc.skip == 0 && fc.bits == 8);
    assert_int_equal(recipe_check(&recipe, graph, NULL), SNED_OK);
    sned_graph_free(graph);
    recipe_free(&recipe);
}

static void a_rule_that_matches_no_layer_is_refused(void **state)
{
    struct recipe named = read_good("layers: [{kind: conv}, {layer: conv9, skip: true}]\n");
    struct recipe relu = read_good("layers: [{layer: relu1, skip: true}]\n");
    struct graph *graph = two_layers();
    sned_error error = {0};

    (void)state;
    assert_int_equal(recipe_check(&named, graph, &error), SNED_ERROR_FORMAT);
    assert_non_null(strstr(error.message, path));
    assert_non_null(strstr(error.message, "layers[2].layer"));
    assert_non_null(strstr(error.message, "conv9"));
    assert_int_equal(recipe_check(&relu, graph, &error), SNED_ERROR_FORMAT);
    sned_graph_free(graph);
    recipe_free(&named);
    recipe_free(&relu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_need_no_file),
        cmocka_unit_test(a_file_changes_what_it_names_and_nothing_else),
        cmocka_unit_test(every_key_reaches_its_field),
        cmocka_unit_test(keys_of_the_first_version_mean_method_paper),
        cmocka_unit_test(keys_of_both_methods_imply_none),
        cmocka_unit_test(every_key_of_method_rate_reaches_its_field),
        cmocka_unit_test(keys_of_the_other_method_are_refused),
        cmocka_unit_test(the_documentation_lists_the_defaults),
        cmocka_unit_test(an_unknown_key_is_named),
        cmocka_unit_test(a_value_of_the_wrong_type_is_named_with_its_key),
        cmocka_unit_test(a_value_out_of_range_is_named_with_its_key),
        cmocka_unit_test(mixtures_without_a_teacher_are_refused),
        cmocka_unit_test(a_key_given_twice_is_refused),
        cmocka_unit_test(a_rule_is_for_a_layer_or_a_kind),
        cmocka_unit_test(a_structure_is_for_all_layers_a_kind_or_one),
        cmocka_unit_test(pairs_for_convs_are_where_nothing_else_is_said),
        cmocka_unit_test(what_this_version_lacks_is_said),
        cmocka_unit_test(what_is_no_recipe_is_refused),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_truncated_file_never_crashes),
        cmocka_unit_test(a_layers_own_rule_overrides_its_kinds),
        cmocka_unit_test(a_rule_that_matches_no_layer_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
