/*
 * test_search.c - method rate: a size or an accuracy is asked for, and what comes of it.
 */
#include "tests/compress/compress_fixture.h"
#include "compress/search/search.h"
#include "graph/passes/compact.h"

static struct compress_options asking(void)
{
    struct compress_options options = {.max_drop = -1, .format = -1, .seed = 5, .threads = 1};
    recipe_defaults(&options.recipe, METHOD_RATE);
    options.recipe.holdout = 0.2;
    options.recipe.train.epochs = 4;
    options.recipe.train.batch = 32;
    options.recipe.train.rate = 0.01f; /* for few steps */
    options.recipe.quantize.images = 100;
    return options;
}

static sned_status search_with(struct outcome *outcome, const struct compress_options *options,
                               struct dataset *images, sned_error *error)
{
    *outcome = (struct outcome){0};
    assert_int_equal(sned_graph_copy(&outcome->graph, trained, NULL), SNED_OK);
    return compress_rate(&outcome->integer, outcome->graph, images, options, &outcome->result, error);
}

static struct outcome search(const struct compress_options *options)
{
    struct outcome outcome;
    sned_error error = {0};
    if (search_with(&outcome, options, dataset, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return outcome;
}

static size_t file_size(const struct graph *integer)
{
    struct buffer file = {0};
    assert_int_equal(compress_pack(&file, integer, -1, 0, NULL, NULL, NULL), SNED_OK);
    const size_t size = file.size;
    sned_buffer_free(&file);
    return size;
}

/* A share of what the network takes as it is. */
static double bytes_of(double share)
{
    const struct compress_options options = asking();
    struct graph *integer = NULL;
    uint64_t checkpoint_bytes;
    assert_int_equal(compress_rehearse(&integer, &checkpoint_bytes, trained, dataset, &options, NULL),
                     SNED_OK);
    const double bytes = (double)file_size(integer);
    sned_graph_free(integer);
    return floor(share * bytes);
}

/* The only one that is chosen. */
static const struct curve_point *chosen(const struct compress_result *result)
{
    const struct curve_point *found = NULL;
    for (int i = 0; i < result->point_count; i++)
        if (result->points[i].chosen) {
            assert_null(found);
            found = &result->points[i];
        }
    assert_non_null(found);
    return found;
}

/* ---- what is asked for ---- */

static void a_file_has_no_more_bytes_than_were_asked_for(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_bytes = bytes_of(0.5);
    struct outcome outcome = search(&options);
    assert_string_equal(outcome.result.missed, "");
    assert_true((double)file_size(outcome.integer) <= options.max_bytes);
    assert_true(outcome.result.accuracy_after > 90);
    outcome_free(&outcome);
}

/* Rounded nearly to it at once. */
static void with_a_teacher_training_begins_near_the_size(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_bytes = bytes_of(0.1);
    options.recipe.train.epochs = 1;
    options.recipe.distill.weight = 0;
    struct outcome alone = search(&options);
    options.recipe.distill.weight = 0.9;
    struct outcome taught = search(&options);
    const struct curve_point *first = &taught.result.points[0];
    assert_true(alone.result.points[0].bytes > 1.2 * options.max_bytes);
    assert_true(fabs(first->bytes / options.max_bytes - 1) < 0.2);
    outcome_free(&alone);
    outcome_free(&taught);
}

static uint64_t places(const struct graph *graph)
{
    uint64_t count = 0;
    for (int n = 0; n < graph->node_count; n++)
        count += sned_node_has_weights(&graph->nodes[n]) ? sned_node_weights(graph, &graph->nodes[n]) : 0;
    return count;
}

/* 25 weights a byte are enough. */
static void a_network_far_too_wide_for_the_size_is_narrowed(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_bytes = 180;
    assert_true(places(trained) > 25 * 180);
    struct outcome outcome = search(&options);
    assert_true(places(outcome.graph) <= 25 * 180);
    outcome_free(&outcome);
}

static void where_an_accuracy_is_asked_for_too_it_is_not(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_bytes = 180;
    options.max_drop = 50;
    struct outcome outcome = search(&options);
    assert_int_equal(places(outcome.graph), places(trained));
    outcome_free(&outcome);
}

/* Killed when the baseline is there, when the network has been narrowed, and at each point after that. The
 * first of the tests: a process that has once made threads for oneDNN cannot be forked. */
static void a_narrowed_search_that_is_killed_ends_the_same(void **state)
{
    struct compress_options options = asking();
    int deaths = 0;
    (void)state;
    options.max_bytes = 180;
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    for (bool died = true; died; deaths += died) /* a resumed run begins with a line that says so */
        died = die_after(compress_rate, options, deaths < 2 ? deaths : 2);
    assert_true(deaths >= 4);
    struct outcome resumed = search(&options);
    options.checkpoint = NULL;
    struct outcome whole = search(&options);
    assert_same_file(whole.integer, resumed.integer);
    outcome_free(&whole);
    outcome_free(&resumed);
    unlink(checkpoint);
}

static void an_accuracy_is_kept_with_the_fewest_bytes_found(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_drop = 3;
    struct outcome outcome = search(&options);
    const struct compress_result *result = &outcome.result;
    assert_string_equal(result->missed, "");
    assert_true(result->accuracy_before - result->accuracy_after <= 3);
    assert_true(result->point_count >= 3);
    assert_true(chosen(result)->bytes < result->points[0].bytes * 0.75);
    outcome_free(&outcome);
}

/* Training that is too short to do much: rounding, which takes none, still makes the file smaller. */
static void where_training_comes_to_nothing_rounding_makes_the_file_smaller(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_drop = 20;
    options.recipe.train.epochs = 0.1;
    struct outcome outcome = search(&options);
    const struct curve_point *points = outcome.result.points;
    assert_true(outcome.result.point_count > 2 && points[1].wanted > 0 && points[2].wanted == 0);
    assert_true(points[2].bytes < 0.95 * points[1].bytes && points[2].lambda > points[0].lambda);
    assert_true(outcome.result.accuracy_before - points[2].accuracy <= 20);
    assert_true(chosen(&outcome.result)->bytes <= points[2].bytes);
    assert_string_equal(outcome.result.missed, "");
    outcome_free(&outcome);
}

static void a_percentage_and_a_drop_to_it_are_the_same(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_drop = 2;
    struct outcome by_drop = search(&options);
    options.max_drop = -1;
    options.min_accuracy = by_drop.result.accuracy_before - 2;
    struct outcome by_accuracy = search(&options);
    assert_same_file(by_drop.integer, by_accuracy.integer);
    outcome_free(&by_drop);
    outcome_free(&by_accuracy);
}

static void without_a_target_the_recipes_drop_is_meant(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.recipe.max_drop = 2;
    struct outcome by_recipe = search(&options);
    options.max_drop = 2;
    struct outcome by_option = search(&options);
    assert_same_file(by_recipe.integer, by_option.integer);
    outcome_free(&by_recipe);
    outcome_free(&by_option);
}

static void the_chosen_point_is_the_result(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_bytes = bytes_of(0.4);
    struct outcome outcome = search(&options);
    const struct curve_point *point = chosen(&outcome.result);
    assert_int_equal(point->bytes, file_size(outcome.integer));
    assert_true(point->accuracy == outcome.result.accuracy_after);
    assert_true(point->wanted <= options.max_bytes && point->wanted > options.max_bytes * 0.9);
    assert_true(point->epochs >= 4 && point->lambda > 0);
    outcome_free(&outcome);
}

static void what_is_not_met_is_said_and_the_nearest_is_given(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.max_bytes = bytes_of(0.1);
    options.recipe.train.epochs = 0.2;
    struct outcome outcome = search(&options);
    assert_non_null(strstr(outcome.result.missed, " bytes were asked for, and "));
    assert_int_equal(chosen(&outcome.result)->bytes, file_size(outcome.integer));
    for (int i = 0; i < outcome.result.point_count; i++)
        assert_true(outcome.result.points[i].bytes >= chosen(&outcome.result)->bytes);
    outcome_free(&outcome);
}

static void a_price_of_bits_that_is_said_is_trained_with_once(void **state)
{
    struct compress_options options = asking();
    (void)state;
    options.recipe.train.lambda = 1e-5;
    struct outcome outcome = search(&options);
    assert_int_equal(outcome.result.point_count, 2);
    assert_true(outcome.result.points[1].lambda == 1e-5);
    assert_true(outcome.result.points[1].bytes < outcome.result.points[0].bytes);
    outcome_free(&outcome);
}

/* ---- what the network's own accuracy is worth ---- */

/* Every fifth picture is called something else: what is right there is known by heart. */
static void call_some_otherwise(int32_t right[TRAIN], int32_t otherwise[TRAIN])
{
    static uint8_t pictures[TRAIN * SIDE * SIDE];
    uint32_t indices[TRAIN];
    size_t count = 0;
    for (uint32_t i = 0; i < TRAIN; i++)
        indices[i] = i;
    assert_int_equal(dataset_read(dataset, indices, TRAIN, pictures, right, &count, NULL), SNED_OK);
    assert_int_equal(count, TRAIN);
    for (int i = 0; i < TRAIN; i++)
        otherwise[i] = i % 5 == 0 ? (right[i] + 1) % CLASSES : right[i];
    dataset_relabel(dataset, otherwise);
}

/* The network trained long on the first `count` of the images, in the order that compression has them in. */
static struct graph *taught(const uint32_t *indices, size_t count)
{
    struct train_options options = train_defaults();
    struct train_result result;
    struct graph *graph = make_network();
    sned_error error = {0};
    options.epochs = 24;
    options.batch = 32;
    options.rate = 0.05f;
    options.momentum = 0.9f;
    options.threads = 1;
    if (train_network(graph, dataset, indices, count, &options, &result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return graph;
}

/* What the network is right on before, and what compression counts from. */
static void find_reference(bool all, double *held_out, double *trained_on, double *reference)
{
    struct compress_options options = asking();
    const struct evaluate_options how = {.threads = 1};
    struct evaluation held = {0}, seen = {0};
    struct outcome outcome = {0};
    int32_t right[TRAIN], otherwise[TRAIN];
    uint32_t indices[TRAIN];
    const size_t train = compress_split(indices, TRAIN, options.recipe.holdout, 5000);
    sned_error error = {0};
    call_some_otherwise(right, otherwise);
    outcome.graph = taught(indices, all ? TRAIN : train);
    assert_int_equal(
        evaluate_network(outcome.graph, dataset, indices + train, TRAIN - train, &how, &held, NULL), SNED_OK);
    assert_int_equal(evaluate_network(outcome.graph, dataset, indices, train, &how, &seen, NULL), SNED_OK);
    options.max_drop = 30;
    options.recipe.train.epochs = 0.1;
    if (compress_rate(&outcome.integer, outcome.graph, dataset, &options, &outcome.result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    *held_out = held.top1;
    *trained_on = seen.top1;
    *reference = outcome.result.accuracy_before;
    outcome_free(&outcome);
    dataset_relabel(dataset, right);
}

/* It is as good on images that nobody could know who has not seen them: it is trained on without those, and
 * what it then forgets is not counted as a loss later. */
static void what_a_network_knows_by_heart_is_forgotten_first(void **state)
{
    double held_out, trained_on, reference;
    (void)state;
    find_reference(true, &held_out, &trained_on, &reference);
    assert_true(held_out > 95 && trained_on > 95);
    assert_true(reference < held_out - 0.1);
}

static void a_network_that_has_not_seen_the_held_out_images_is_taken_as_it_is(void **state)
{
    double held_out, trained_on, reference;
    (void)state;
    find_reference(false, &held_out, &trained_on, &reference);
    assert_true(held_out < 85 && trained_on > 95);
    assert_true(reference == held_out);
}

/* ---- what cannot be ---- */

static void what_cannot_be_is_refused_before_the_work(void **state)
{
    struct compress_options options = asking();
    struct graph *integer = NULL, *untrained = make_network();
    uint64_t checkpoint_bytes;
    sned_error error = {0};
    (void)state;
    assert_int_equal(compress_rehearse(&integer, &checkpoint_bytes, untrained, dataset, &options, NULL),
                     SNED_OK);
    options.max_bytes = 10;
    assert_int_equal(search_check_targets(&options, untrained, integer, dataset, &error), SNED_ERROR_LIMIT);
    assert_non_null(strstr(error.message, "--max-bytes 10: "));
    assert_non_null(strstr(error.message, "bytes even with one unit in each layer and every weight 0"));
    options.max_bytes = 1e6;
    options.min_accuracy = 90;
    assert_int_equal(search_check_targets(&options, untrained, integer, dataset, &error), SNED_ERROR_LIMIT);
    assert_non_null(strstr(error.message, "--min-accuracy 90: the network itself has"));
    options.min_accuracy = 1;
    assert_int_equal(search_check_targets(&options, untrained, integer, dataset, &error), SNED_OK);
    sned_graph_free(integer);
    sned_graph_free(untrained);
}

static double least_of(const char *message)
{
    return strtod(strstr(message, " takes ") + strlen(" takes "), NULL);
}

/* The file of a network that has lost all of its units but one in each layer. */
static void the_least_that_is_named_can_be_had(void **state)
{
    struct compress_options options = asking();
    struct graph *integer = NULL, *narrow = NULL;
    uint64_t checkpoint_bytes;
    sned_error error = {0};
    (void)state;
    assert_int_equal(compress_rehearse(&integer, &checkpoint_bytes, trained, dataset, &options, NULL),
                     SNED_OK);
    options.max_bytes = 10;
    assert_int_equal(search_check_targets(&options, trained, integer, dataset, &error), SNED_ERROR_LIMIT);
    const double least = least_of(error.message);
    sned_graph_free(integer);
    assert_int_equal(sned_graph_copy(&narrow, trained, NULL), SNED_OK);
    assert_int_equal(sned_graph_narrow(narrow, 0, NULL, NULL), SNED_OK);
    for (int t = 0; t < narrow->tensor_count; t++)
        if (narrow->tensors[t].data)
            memset(narrow->tensors[t].data, 0,
                   sned_shape_elements(&narrow->tensors[t].shape) * sizeof(float));
    assert_int_equal(compress_rehearse(&integer, &checkpoint_bytes, narrow, dataset, &options, NULL),
                     SNED_OK);
    assert_int_equal(file_size(integer), least);
    options.max_bytes = least;
    assert_int_equal(search_check_targets(&options, trained, integer, dataset, &error), SNED_OK);
    sned_graph_free(integer);
    sned_graph_free(narrow);
}

/* ---- labels ---- */

static void labels_are_not_looked_at_where_the_network_teaches_itself(void **state)
{
    struct compress_options options = asking();
    int32_t wrong[TRAIN];
    (void)state;
    options.max_bytes = bytes_of(0.4);
    options.recipe.distill.weight = 1;
    struct outcome right = search(&options);
    for (int i = 0; i < TRAIN; i++)
        wrong[i] = i % CLASSES;
    dataset_relabel(dataset, wrong);
    struct outcome other = search(&options);
    assert_same_file(right.integer, other.integer);
    assert_true(right.result.accuracy_before == 100); /* agreement with itself */
    outcome_free(&right);
    outcome_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_narrowed_search_that_is_killed_ends_the_same),
        cmocka_unit_test(a_file_has_no_more_bytes_than_were_asked_for),
        cmocka_unit_test(with_a_teacher_training_begins_near_the_size),
        cmocka_unit_test(a_network_far_too_wide_for_the_size_is_narrowed),
        cmocka_unit_test(where_an_accuracy_is_asked_for_too_it_is_not),
        cmocka_unit_test(an_accuracy_is_kept_with_the_fewest_bytes_found),
        cmocka_unit_test(where_training_comes_to_nothing_rounding_makes_the_file_smaller),
        cmocka_unit_test(a_percentage_and_a_drop_to_it_are_the_same),
        cmocka_unit_test(without_a_target_the_recipes_drop_is_meant),
        cmocka_unit_test(the_chosen_point_is_the_result),
        cmocka_unit_test(what_is_not_met_is_said_and_the_nearest_is_given),
        cmocka_unit_test(a_price_of_bits_that_is_said_is_trained_with_once),
        cmocka_unit_test(what_a_network_knows_by_heart_is_forgotten_first),
        cmocka_unit_test(a_network_that_has_not_seen_the_held_out_images_is_taken_as_it_is),
        cmocka_unit_test(what_cannot_be_is_refused_before_the_work),
        cmocka_unit_test(the_least_that_is_named_can_be_had),
        cmocka_unit_test(labels_are_not_looked_at_where_the_network_teaches_itself), /* relabels */
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
