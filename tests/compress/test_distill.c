/*
 * test_distill.c - the unpruned network as a teacher: without labels, and with them.
 */
#include "tests/compress/compress_fixture.h"

static struct compress_options taught(double weight)
{
    struct compress_options options = quick();
    options.recipe.target_kept = 0.3;
    options.recipe.peak = false;
    options.recipe.target_cuts = 2;
    options.recipe.peak = false;
    options.recipe.settle.passes = 0;
    options.recipe.distill.weight = weight;
    return options;
}

static struct outcome run_on(struct dataset *images, const struct compress_options *options)
{
    struct dataset *before = dataset;
    dataset = images;
    struct outcome outcome = run(options);
    dataset = before;
    return outcome;
}

/* The training images with `label` (0 to 2) for all of them; -1: with their own. */
static struct dataset *open_images(int label)
{
    const struct dataset_options data = {.split = SPLIT_TRAIN,
                                         .form = {.input = {1, SIDE, SIDE}, .color = "gray"}};
    struct dataset *images;
    int32_t labels[TRAIN];
    assert_int_equal(dataset_open(&images, folder, &data, NULL), SNED_OK);
    for (int i = 0; i < TRAIN; i++)
        labels[i] = label;
    dataset_relabel(images, labels);
    return images;
}

static double test_accuracy(const struct graph *integer)
{
    const struct dataset_options data = {.split = SPLIT_TEST,
                                         .form = {.input = {1, SIDE, SIDE}, .color = "gray"}};
    struct dataset *tests;
    struct evaluation evaluation;
    uint32_t indices[TEST];
    for (uint32_t i = 0; i < TEST; i++)
        indices[i] = i;
    assert_int_equal(dataset_open(&tests, folder, &data, NULL), SNED_OK);
    assert_int_equal(
        evaluate_integer(integer, tests, indices, TEST, &(struct evaluate_options){0}, &evaluation, NULL),
        SNED_OK);
    dataset_free(tests);
    return evaluation.top1;
}

static void labels_are_not_looked_at_where_the_teacher_has_all_the_weight(void **state)
{
    const struct compress_options options = taught(1);
    struct dataset *right = open_images(-1), *wrong = open_images(2);
    struct outcome a = run_on(right, &options), b = run_on(wrong, &options);
    assert_same_file(a.integer, b.integer);
    assert_true(a.result.accuracy_before == 100 &&
                b.result.accuracy_before == 100); /* it agrees with itself */
    assert_true(test_accuracy(b.integer) > 90);
    outcome_free(&a);
    outcome_free(&b);
    dataset_free(right);
    dataset_free(wrong);
}

static void without_a_teacher_wrong_labels_are_learnt(void **state)
{
    const struct compress_options options = taught(0);
    struct dataset *wrong = open_images(2);
    struct outcome outcome = run_on(wrong, &options);
    assert_true(test_accuracy(outcome.integer) < 60);
    outcome_free(&outcome);
    dataset_free(wrong);
}

static void a_teacher_beside_labels_changes_what_is_learnt(void **state)
{
    const struct compress_options plain = taught(0), both = taught(0.5);
    struct dataset *images = open_images(-1);
    struct outcome a = run_on(images, &plain), b = run_on(images, &both);
    assert_true(graph_state_hash(a.graph) != graph_state_hash(b.graph));
    assert_true(test_accuracy(b.integer) > 90);
    outcome_free(&a);
    outcome_free(&b);
    dataset_free(images);
}

static void a_teacher_of_other_classes_is_refused(void **state)
{
    struct train_options options = train_defaults();
    struct train_result result;
    const uint32_t indices[2] = {0, 1};
    sned_error error = {0};
    struct graph *teacher, *student;
    assert_int_equal(sned_graph_copy(&teacher, trained, NULL), SNED_OK);
    assert_int_equal(sned_graph_copy(&student, trained, NULL), SNED_OK);
    teacher->outputs[0] = teacher->nodes[3].outputs[0]; /* the hidden layer's */
    options.teacher = teacher;
    options.teacher_weight = options.temperature = 1;
    assert_int_equal(train_network(student, dataset, indices, 2, &options, &result, &error),
                     SNED_ERROR_SHAPE);
    assert_non_null(strstr(error.message, "teacher"));
    sned_graph_free(teacher);
    sned_graph_free(student);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_not_looked_at_where_the_teacher_has_all_the_weight),
        cmocka_unit_test(without_a_teacher_wrong_labels_are_learnt),
        cmocka_unit_test(a_teacher_beside_labels_changes_what_is_learnt),
        cmocka_unit_test(a_teacher_of_other_classes_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
