/*
 * test_mix.c - images laid over each other for a teacher.
 */
#include "train/mix.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BATCH = 6, SIZE = 5, MIXED = 3 };

/* Image n is n everywhere, so a mixture of n and m is a n + (1 - a) m everywhere. */
static void fill(float *values)
{
    for (int i = 0; i < BATCH * SIZE; i++)
        values[i] = (float)(i / SIZE);
}

static void only_the_last_images_are_mixed(void **state)
{
    float values[BATCH * SIZE], mixed[BATCH * SIZE];
    fill(values);
    mix_images(values, BATCH, SIZE, MIXED, 1, 7, mixed);
    assert_memory_equal(mixed, values, (BATCH - MIXED) * SIZE * sizeof *mixed);
    for (int n = BATCH - MIXED; n < BATCH; n++) {
        const float *image = mixed + (size_t)n * SIZE;
        assert_true(image[0] > (float)(n - BATCH / 2) && image[0] < (float)n);
        for (int i = 1; i < SIZE; i++)
            assert_true(fabsf(image[i] - image[0]) < 1e-5f);
    }
}

static void a_whole_batch_can_be_mixed(void **state)
{
    float values[BATCH * SIZE], mixed[BATCH * SIZE];
    fill(values);
    mix_images(values, BATCH, SIZE, BATCH, 1, 7, mixed);
    for (int n = 0; n < BATCH; n++) {
        const int other = (n + BATCH / 2) % BATCH;
        const float low = (float)(n < other ? n : other), high = (float)(n < other ? other : n);
        assert_true(mixed[n * SIZE] >= low && mixed[n * SIZE] <= high);
    }
}

static void mixtures_depend_on_seed_and_step_alone(void **state)
{
    float values[BATCH * SIZE], mixed[3][BATCH * SIZE], again[BATCH * SIZE];
    fill(values);
    mix_images(values, BATCH, SIZE, MIXED, 1, 7, mixed[0]);
    mix_images(values, BATCH, SIZE, MIXED, 1, 8, mixed[1]);
    mix_images(values, BATCH, SIZE, MIXED, 2, 7, mixed[2]);
    mix_images(values, BATCH, SIZE, MIXED, 1, 7, again);
    assert_memory_equal(again, mixed[0], sizeof again);
    assert_memory_not_equal(mixed[1], mixed[0], sizeof again);
    assert_memory_not_equal(mixed[2], mixed[0], sizeof again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_last_images_are_mixed),
        cmocka_unit_test(a_whole_batch_can_be_mixed),
        cmocka_unit_test(mixtures_depend_on_seed_and_step_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
