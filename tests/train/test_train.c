/*
 * test_train.c - the training loop: learns, honours masks, is deterministic, recovers from divergence.
 */
#include "tests/train/train_data.h"

static void learns(void **state)
{
    struct graph *graph = new_network();
    struct train_options options = options_for(4);
    struct train_result result;
    struct evaluation evaluation;
    must(train(graph, folder, &options, &result, error));
    assert_true(result.accuracy > 80);
    assert_true(result.images_per_second > 0);
    assert_int_equal(result.rollbacks, 0);
    struct dataset *dataset = open_data(folder);
    must(evaluate_network(graph, dataset, all_images(), IMAGES, &(struct evaluate_options){.threads = 2},
                          &evaluation, error));
    dataset_free(dataset);
    assert_int_equal(evaluation.images, IMAGES);
    assert_int_equal(evaluation.skipped, 0);
    assert_true(evaluation.top1 > 90 && evaluation.top1 <= 100);
    assert_true(evaluation.top5 == 100); /* of four classes */
    assert_true(evaluation.loss > 0 && evaluation.loss < 0.5);
    sned_graph_free(graph);
}

static void two_runs_give_the_same_bits(void **state)
{
    struct train_options options = options_for(2);
    uint64_t first = trained_hash(&options);
    assert_true(first == trained_hash(&options));
    options.seed++;
    assert_true(first != trained_hash(&options));
}

static void pruned_weights_stay_zero(void **state)
{
    struct graph *graph = new_network();
    struct train_options options = options_for(2);
    struct train_result result;
    for (int t = 0; t < graph->tensor_count; t++) {
        struct tensor *tensor = &graph->tensors[t];
        if (!tensor->data || tensor->shape.rank < 2)
            continue;
        size_t count = sned_shape_elements(&tensor->shape);
        tensor->mask = malloc(count);
        for (size_t i = 0; i < count; i++) {
            tensor->mask[i] = i % 3 != 0;
            ((float *)tensor->data)[i] *= tensor->mask[i];
        }
    }
    must(train(graph, folder, &options, &result, error));
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct tensor *tensor = &graph->tensors[t];
        for (size_t i = 0; tensor->mask && i < sned_shape_elements(&tensor->shape); i++)
            assert_true((((float *)tensor->data)[i] != 0) == tensor->mask[i]);
    }
    sned_graph_free(graph);
}

static void rounded_weights_train_too(void **state)
{
    struct graph *graph = new_network();
    struct train_options options = options_for(3);
    struct train_result result;
    struct evaluation rounded;
    options.quantize_weights = true;
    graph->tensors[graph->input].quantization = (struct quantization){0.02f, 8, true};
    graph->tensors[graph->outputs[0]].quantization = (struct quantization){0.05f, 16, true};
    graph->tensors[graph->nodes[2].outputs[0]].quantization = (struct quantization){0.03f, 8, false};
    must(train(graph, folder, &options, &result, error));
    struct dataset *dataset = open_data(folder);
    must(evaluate_network(graph, dataset, all_images(), IMAGES,
                          &(struct evaluate_options){.quantize_weights = true, .threads = 2}, &rounded,
                          error));
    dataset_free(dataset);
    assert_true(rounded.top1 > 90);
    sned_graph_free(graph);
}

static void half_an_epoch_is_half_of_the_images(void **state)
{
    struct graph *graph = new_network();
    struct observer observer = {0};
    struct reporter reporter = {observe, hear, &observer};
    struct train_options options = options_for(0.5);
    struct train_result result;
    options.reporter = &reporter;
    must(train(graph, folder, &options, &result, error));
    assert_int_equal(observer.last_done, IMAGES / 2);
    assert_int_equal(observer.last_total, IMAGES / 2);
    sned_graph_free(graph);
}

static void a_time_budget_ends_training(void **state)
{
    struct graph *graph = new_network();
    struct train_options options = options_for(100000);
    struct train_result result;
    options.time_budget = 0.2;
    must(train(graph, folder, &options, &result, error));
    assert_true(result.seconds < 10);
    assert_true(result.loss < 2);
    sned_graph_free(graph);
}

static void divergence_lowers_the_rate(void **state)
{
    struct graph *graph = new_network();
    struct observer observer = {0};
    struct reporter reporter = {observe, hear, &observer};
    struct train_options options = options_for(3);
    struct train_result result;
    options.rate = 8;
    options.schedule = SCHEDULE_CONSTANT;
    options.reporter = &reporter;
    sned_error problem;
    sned_status status = train(graph, folder, &options, &result, &problem);
    assert_true(status == SNED_OK || status == SNED_ERROR_DIVERGED);
    assert_true(result.rollbacks > 0);
    assert_non_null(
        strstr(observer.first_message, "diverged in epoch 1: back to its start, rate lowered from 8 to 2"));
    sned_graph_free(graph);
}

static void hopeless_divergence_fails_and_keeps_the_parameters(void **state)
{
    struct graph *graph = new_network();
    uint64_t before = graph_state_hash(graph);
    struct train_options options = options_for(3);
    struct train_result result;
    sned_error problem;
    options.rate = 1e6f;
    assert_int_equal(train(graph, folder, &options, &result, &problem), SNED_ERROR_DIVERGED);
    assert_int_equal(result.rollbacks, 3);
    assert_non_null(strstr(problem.message, "lower rate"));
    assert_true(before == graph_state_hash(graph));
    sned_graph_free(graph);
}

static void labels_beyond_the_classes_are_refused(void **state)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE), 11);
    build_flatten(&b);
    build_gemm(&b, SIDE * SIDE, CLASSES - 1);
    struct graph *graph = build_graph(&b);
    struct train_options options = options_for(1);
    struct train_result result;
    sned_error problem;
    assert_int_equal(train(graph, folder, &options, &result, &problem), SNED_ERROR_DATA);
    assert_non_null(strstr(problem.message, "label 3 is not one of the network's 3 classes"));
    sned_graph_free(graph);
}

static void images_of_another_size_are_refused(void **state)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE + 1), 11);
    build_flatten(&b);
    build_gemm(&b, SIDE * (SIDE + 1), CLASSES);
    struct graph *graph = build_graph(&b);
    struct train_options options = options_for(1);
    struct train_result result;
    assert_int_equal(train(graph, folder, &options, &result, NULL), SNED_ERROR_SHAPE);
    sned_graph_free(graph);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns),
        cmocka_unit_test(two_runs_give_the_same_bits),
        cmocka_unit_test(pruned_weights_stay_zero),
        cmocka_unit_test(rounded_weights_train_too),
        cmocka_unit_test(half_an_epoch_is_half_of_the_images),
        cmocka_unit_test(a_time_budget_ends_training),
        cmocka_unit_test(divergence_lowers_the_rate),
        cmocka_unit_test(hopeless_divergence_fails_and_keeps_the_parameters),
        cmocka_unit_test(labels_beyond_the_classes_are_refused),
        cmocka_unit_test(images_of_another_size_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
