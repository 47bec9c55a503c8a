/*
 * test_cost.c - what integers will take in a coded file, against the formulas of cost.h worked out by NumPy.
 */
#include "codec/cost.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct layer_cost cost_of(const int8_t *integers, size_t filters, size_t channels, size_t positions)
{
    struct layer_cost cost;
    assert_int_equal(sned_cost_new(&cost, filters, channels, positions, NULL), SNED_OK);
    assert_int_equal(sned_cost_update(&cost, integers, NULL), SNED_OK);
    return cost;
}

static void near(double value, double expected, double tolerance)
{
    if (fabs(value - expected) > tolerance)
        fail_msg("%.7f, expected %.7f", value, expected);
}

/* [2][3][2] */
static const int8_t small[] = {3, 0, -1, 0, 0, 0, 0, 0, 1, 1, 0, 0};

static void becoming_non_zero_costs_position_sign_and_magnitude(void **state)
{
    static const double expected[] = {1.52557827, 3.33445905, 1.04929672, 2.53857588, 3.44356136, 3.44356136,
                                      2.43001866, 4.23889944, 0.30465715, 1.7939363,  3.44356136, 3.44356136};
    static const float x[12] = {0.5f, -0.9f, 0, 0.999f};
    float slopes[12];
    struct layer_cost cost = cost_of(small, 2, 3, 2);
    for (size_t k = 0; k < 2; k++)
        sned_cost_slopes(&cost, k, 0, 6, x, slopes + 6 * k);
    for (int i = 0; i < 12; i++)
        near(slopes[i], expected[i], 1e-5);
    sned_cost_free(&cost);
}

static void a_larger_magnitude_costs_the_step_to_it(void **state)
{
    static const float x[] = {1, -1.99f, 2.5f, 3, 126.9f};
    static const double expected[] = {2.67242534, 2.67242534, 0.1, 3, 1.5849625};
    float slopes[5];
    struct layer_cost cost = cost_of(small, 2, 3, 2);
    sned_cost_slopes(&cost, 0, 1, 5, x, slopes);
    for (int i = 0; i < 5; i++)
        near(slopes[i], expected[i], 1e-5);
    sned_cost_free(&cost);
}

static void all_bits_are_counted(void **state)
{
    struct layer_cost cost = cost_of(small, 2, 3, 2);
    near(cost.bits, 15.2169083, 12.0 / 64 / log(2)); /* each position to 1/64 in its logit */
    assert_int_equal(cost.live_filters, 2);
    sned_cost_free(&cost);
}

static void a_stretch_of_a_row_has_the_slopes_of_the_whole(void **state)
{
    static int8_t integers[3 * 7 * 5];
    static const float x[35];
    float whole[35], part[35];
    for (int i = 0; i < 3 * 7 * 5; i++)
        integers[i] = (int8_t)(i * i % 11 == 0 ? i % 5 - 2 : 0);
    struct layer_cost cost = cost_of(integers, 3, 7, 5);
    sned_cost_slopes(&cost, 1, 0, 35, x, whole);
    for (size_t first = 0; first < 35; first++) {
        sned_cost_slopes(&cost, 1, first, 35 - first, x, part);
        assert_memory_equal(part, whole + first, (35 - first) * sizeof *part);
    }
    sned_cost_free(&cost);
}

/* Where they are together the coder expects them. */
static void non_zeros_in_few_rows_and_columns_cost_less(void **state)
{
    static int8_t together[32 * 32], spread[32 * 32];
    for (int i = 0; i < 64; i++) {
        together[i / 8 * 32 + i % 8] = 1;
        spread[i / 2 * 32 + (i / 2 * 5 + i % 2 * 16) % 32] = 1;
    }
    struct layer_cost few = cost_of(together, 32, 32, 1), many = cost_of(spread, 32, 32, 1);
    assert_true(few.bits < 0.6 * many.bits);
    assert_int_equal(few.live_filters, 8);
    sned_cost_free(&few);
    sned_cost_free(&many);
}

static void a_layer_of_zeros_is_cheap_and_its_slopes_are_finite(void **state)
{
    static const int8_t zeros[64];
    static const float x[8] = {0, 0.5f, 1, 2, 30, 127};
    float slopes[8];
    struct layer_cost cost = cost_of(zeros, 8, 8, 1);
    assert_true(cost.bits < 8);
    sned_cost_slopes(&cost, 7, 0, 8, x, slopes);
    for (int i = 0; i < 8; i++)
        assert_true(slopes[i] >= 0.1f && slopes[i] <= 14);
    sned_cost_free(&cost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(becoming_non_zero_costs_position_sign_and_magnitude),
        cmocka_unit_test(a_larger_magnitude_costs_the_step_to_it),
        cmocka_unit_test(all_bits_are_counted),
        cmocka_unit_test(a_stretch_of_a_row_has_the_slopes_of_the_whole),
        cmocka_unit_test(non_zeros_in_few_rows_and_columns_cost_less),
        cmocka_unit_test(a_layer_of_zeros_is_cheap_and_its_slopes_are_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
