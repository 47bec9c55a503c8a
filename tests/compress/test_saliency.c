/*
 * test_saliency.c - criteria, and the cut that follows from scores.
 */
#include "base/random.h"
#include "compress/prune/prune.h"
#include "compress/prune/saliency.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tensor make_weights(const float *values, size_t count)
{
    struct tensor tensor = {.type = TENSOR_F32, .shape = sned_shape(2, (int64_t)1, (int64_t)count)};

    tensor.data = malloc(count * sizeof(float));
    memcpy(tensor.data, values, count * sizeof(float));
    return tensor;
}

static void free_weights(struct tensor *tensor)
{
    free(tensor->data);
    free(tensor->mask);
}

static void expect_weights(const struct tensor *tensor, const float *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(((float *)tensor->data)[i] == wanted[i]);
        assert_int_equal(tensor->mask[i], wanted[i] != 0);
    }
}

/* ---- criteria ---- */

static void magnitude_scores_by_absolute_value(void **state)
{
    struct tensor tensors[2] = {{0}, make_weights((float[]){-3, 0, 0.5f, 2}, 4)};
    struct graph graph = {.tensors = tensors, .tensor_count = 2};
    const struct saliency_context context = {.graph = &graph};
    struct node node = {.op = OP_GEMM, .inputs = (int[]){0, 1}, .input_count = 2};
    float scores[4];

    (void)state;
    assert_int_equal(saliency_find("magnitude")->score(&context, &node, &tensors[1], scores, NULL), SNED_OK);
    assert_true(scores[0] == 3 && scores[1] == 0 && scores[2] == 0.5f && scores[3] == 2);
    free_weights(&tensors[1]);
}

static void an_unknown_criterion_is_not_found(void **state)
{
    (void)state;
    assert_null(saliency_find("luck"));
    assert_non_null(strstr(saliency_names(), "magnitude"));
}

/* ---- one layer ---- */

static void the_highest_scores_stay(void **state)
{
    struct tensor weights = make_weights((float[]){1, -4, 2, -3}, 4);

    (void)state;
    assert_int_equal(prune_tensor(&weights, (float[]){1, 4, 2, 3}, 2, NULL), SNED_OK);
    expect_weights(&weights, (float[]){0, -4, 0, -3}, 4);
    free_weights(&weights);
}

static void of_equal_scores_the_lower_index_stays(void **state)
{
    struct tensor weights = make_weights((float[]){1, 1, 5, 1, 1}, 5);

    (void)state;
    assert_int_equal(prune_tensor(&weights, (float[]){1, 1, 5, 1, 1}, 3, NULL), SNED_OK);
    expect_weights(&weights, (float[]){1, 1, 5, 0, 0}, 5);
    free_weights(&weights);
}

static void what_was_cut_never_comes_back(void **state)
{
    struct tensor weights = make_weights((float[]){1, 2, 3, 4}, 4);

    (void)state;
    assert_int_equal(prune_tensor(&weights, (float[]){1, 2, 3, 4}, 2, NULL), SNED_OK);
    assert_int_equal(prune_tensor(&weights, (float[]){9, 9, 3, 4}, 1, NULL), SNED_OK);
    expect_weights(&weights, (float[]){0, 0, 0, 4}, 4);
    free_weights(&weights);
}

static void keeping_more_than_there_is_changes_nothing(void **state)
{
    struct tensor weights = make_weights((float[]){1, 2}, 2);

    (void)state;
    assert_int_equal(prune_tensor(&weights, (float[]){1, 2}, 5, NULL), SNED_OK);
    assert_null(weights.mask);
    assert_true(((float *)weights.data)[0] == 1);
    free_weights(&weights);
}

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x < y) - (x > y);
}

static void counting_finds_what_sorting_finds(void **state)
{
    enum { COUNT = 5000 };
    float values[COUNT], scores[COUNT], sorted[COUNT];
    struct random random;

    (void)state;
    sned_random_seed(&random, 1, 0);
    for (int i = 0; i < COUNT; i++) {
        values[i] = sned_random_normal(&random) * powf(10, (float)(i % 7) - 5);
        scores[i] = sorted[i] = fabsf(values[i]);
    }
    qsort(sorted, COUNT, sizeof(float), descending);
    for (size_t keep = 1; keep < COUNT; keep += 613) {
        struct tensor weights = make_weights(values, COUNT);
        assert_int_equal(prune_tensor(&weights, scores, keep, NULL), SNED_OK);
        size_t kept = 0;
        for (int i = 0; i < COUNT; i++) {
            kept += weights.mask[i];
            assert_int_equal(weights.mask[i], scores[i] >= sorted[keep - 1]);
        }
        assert_int_equal(kept, keep);
        free_weights(&weights);
    }
}

static void a_density_never_leaves_a_layer_empty(void **state)
{
    (void)state;
    assert_int_equal(prune_keep_count(1000, 0.25), 250);
    assert_int_equal(prune_keep_count(1000, 1e-9), 1);
    assert_int_equal(prune_keep_count(1000, 2), 1000);
}

/* ---- a total over layers ---- */

static void the_keeps_sum_to_the_total(void **state)
{
    enum { COUNT = 3000 };
    static float a[COUNT], b[COUNT / 10];
    struct random random;

    (void)state;
    sned_random_seed(&random, 2, 0);
    for (int i = 0; i < COUNT; i++)
        a[i] = fabsf(sned_random_normal(&random));
    for (int i = 0; i < COUNT / 10; i++)
        b[i] = fabsf(sned_random_normal(&random)) * 20;
    for (size_t total = 50; total < 3300; total += 731) {
        struct prune_share shares[2] = {{.scores = a, .count = COUNT}, {.scores = b, .count = COUNT / 10}};
        assert_int_equal(prune_divide(shares, 2, total, NULL), SNED_OK);
        assert_int_equal(shares[0].keep + shares[1].keep, total);
        assert_true(shares[0].keep >= 1 && shares[1].keep >= 1);
    }
}

static void equal_scores_still_sum_to_the_total(void **state)
{
    float a[100], b[100];
    struct prune_share shares[2] = {{.scores = a, .count = 100}, {.scores = b, .count = 100}};

    (void)state;
    for (int i = 0; i < 100; i++)
        a[i] = b[i] = 1;
    assert_int_equal(prune_divide(shares, 2, 31, NULL), SNED_OK);
    assert_int_equal(shares[0].keep + shares[1].keep, 31);
}

static void the_division_does_not_depend_on_a_layers_scale(void **state)
{
    float a[64], b[64];
    struct prune_share shares[2] = {{.scores = a, .count = 64}, {.scores = b, .count = 64}};

    (void)state;
    for (int i = 0; i < 64; i++) {
        a[i] = (float)(i + 1);
        b[i] = a[i] * 1000;
    }
    assert_int_equal(prune_divide(shares, 2, 40, NULL), SNED_OK);
    assert_int_equal(shares[0].keep, 20);
    assert_int_equal(shares[1].keep, 20);
}

static void a_layers_least_is_respected_and_its_mask_counts(void **state)
{
    float a[64], b[64];
    uint8_t mask[64] = {0};
    struct prune_share shares[2] = {{.scores = a, .count = 64, .least = 30},
                                    {.scores = b, .count = 64, .mask = mask}};

    (void)state;
    for (int i = 0; i < 64; i++) {
        a[i] = (float)(i + 1);
        b[i] = 1;
        mask[i] = i < 3;
    }
    assert_int_equal(prune_divide(shares, 2, 32, NULL), SNED_OK);
    assert_true(shares[0].keep >= 30);
    assert_true(shares[1].keep <= 3);
    assert_int_equal(shares[0].keep + shares[1].keep, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(magnitude_scores_by_absolute_value),
        cmocka_unit_test(an_unknown_criterion_is_not_found),
        cmocka_unit_test(the_highest_scores_stay),
        cmocka_unit_test(of_equal_scores_the_lower_index_stays),
        cmocka_unit_test(what_was_cut_never_comes_back),
        cmocka_unit_test(keeping_more_than_there_is_changes_nothing),
        cmocka_unit_test(counting_finds_what_sorting_finds),
        cmocka_unit_test(a_density_never_leaves_a_layer_empty),
        cmocka_unit_test(the_keeps_sum_to_the_total),
        cmocka_unit_test(equal_scores_still_sum_to_the_total),
        cmocka_unit_test(the_division_does_not_depend_on_a_layers_scale),
        cmocka_unit_test(a_layers_least_is_respected_and_its_mask_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
