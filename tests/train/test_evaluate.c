/*
 * test_evaluate.c - what an evaluation counts.
 */
#include "tests/train/train_data.h"

#include "tests/common/integer_graphs.h"
#include "runtime/runtime.h"

static struct graph *integer_network(void)
{
    struct shape input = sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE);
    struct maker maker = maker_begin("integer", &input, 1, 3);
    maker_image(&maker);
    add_one(&maker, "flatten", OP_FLATTEN, 0, S8)->u.flatten.axis = 1;
    add_gemm(&maker, "fc", CLASSES, SIDE * SIDE, S16);
    return maker_end(&maker);
}

/* Counted image by image through sned.h. */
static void integer_evaluation_counts_what_the_runtime_says(void **state)
{
    static uint8_t pixels[IMAGES * SIDE * SIDE];
    static int32_t labels[IMAGES];
    struct graph *graph = integer_network(), *copy;
    struct dataset *dataset = open_data(folder);
    struct evaluation expected = {0}, actual;
    sned_model *model;
    sned_context *context;
    size_t got;
    must(dataset_read(dataset, all_images(), IMAGES, pixels, labels, &got, error));
    must(sned_graph_copy(&copy, graph, error));
    must(sned_model_from_graph(&model, copy, error));
    must(sned_context_new(&context, model, error));
    for (int i = 0; i < IMAGES; i++) {
        float scores[CLASSES];
        const struct scores kind = sned_graph_scores(graph);
        must(sned_run_pixels(context, pixels + i * SIDE * SIDE, 1, scores, error));
        evaluation_add(&expected, &kind, scores, labels[i]);
    }
    sned_context_free(context);
    sned_close(model);
    for (int threads = 1; threads <= 3; threads++) {
        must(evaluate_integer(graph, dataset, all_images(), IMAGES,
                              &(struct evaluate_options){.threads = threads}, &actual, error));
        assert_int_equal(actual.images, IMAGES);
        assert_true(fabs(actual.top1 - expected.top1 * 100 / IMAGES) < 1e-9);
        assert_true(actual.top5 == 100 && actual.loss > 0);
    }
    assert_int_equal(
        evaluate_integer(graph, dataset, NULL, 0, &(struct evaluate_options){.threads = 1}, &actual, NULL),
        SNED_ERROR_DATA);
    dataset_free(dataset);
    sned_graph_free(graph);
}

static void answers_come_by_the_images_indices(void **state)
{
    struct graph *graph = integer_network();
    struct dataset *dataset = open_data(folder);
    static int32_t all[IMAGES], some[IMAGES];
    const uint32_t chosen[3] = {400, 7, 33};
    struct evaluation evaluation;
    for (int i = 0; i < IMAGES; i++)
        all[i] = some[i] = -1;
    must(evaluate_integer(graph, dataset, all_images(), IMAGES, &(struct evaluate_options){.answers = all},
                          &evaluation, error));
    must(evaluate_integer(graph, dataset, chosen, 3, &(struct evaluate_options){.answers = some}, &evaluation,
                          error));
    for (uint32_t i = 0; i < IMAGES; i++) {
        assert_in_range(all[i], 0, CLASSES - 1);
        assert_int_equal(some[i], i == 400 || i == 7 || i == 33 ? all[i] : -1);
    }
    dataset_relabel(dataset, all); /* against its own answers a network is always right */
    must(evaluate_integer(graph, dataset, all_images(), IMAGES, &(struct evaluate_options){0}, &evaluation,
                          error));
    assert_true(evaluation.top1 == 100);
    dataset_free(dataset);
    sned_graph_free(graph);
}

static void equal_scores_rank_by_class_index(void **state)
{
    struct evaluation evaluation = {0};
    const float scores[6] = {1, 1, 1, 1, 1, 1};
    const struct scores kind = {.ending = OP_IDENTITY, .count = 6, .classes = 6};
    evaluation_add(&evaluation, &kind, scores, 0);
    evaluation_add(&evaluation, &kind, scores, 4);
    evaluation_add(&evaluation, &kind, scores, 5);
    assert_int_equal(evaluation.images, 3);
    assert_true(evaluation.top1 == 1 && evaluation.top5 == 2);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integer_evaluation_counts_what_the_runtime_says),
        cmocka_unit_test(answers_come_by_the_images_indices),
        cmocka_unit_test(equal_scores_rank_by_class_index),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
