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
    const struct block_grid grid = {filters, channels, positions, 1, 1};
    struct layer_cost cost;
    assert_int_equal(sned_cost_new(&cost, &grid, false, NULL), SNED_OK);
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
        sned_cost_slopes(&cost, k, 0, 6, x, NULL, slopes + 6 * k);
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
    sned_cost_slopes(&cost, 0, 1, 5, x, NULL, slopes);
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
    sned_cost_slopes(&cost, 1, 0, 35, x, NULL, whole);
    for (size_t first = 0; first < 35; first++) {
        sned_cost_slopes(&cost, 1, first, 35 - first, x, NULL, part);
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
    sned_cost_slopes(&cost, 7, 0, 8, x, NULL, slopes);
    for (int i = 0; i < 8; i++)
        assert_true(slopes[i] >= 0.1f && slopes[i] <= 14);
    sned_cost_free(&cost);
}

/* ---- blocks, and balance ---- */

/* [3][3][2]; integers are x's but for some that training has just moved. */
static const int8_t blocks[] = {1, 0, 2, 0, 0, 0, 0, 0, -1, 1, 0, 0, 0, 0, 0, 0, 0, 3};
static const float blocks_x[] = {0.9f, 0.2f, 1.8f, 0,    0.1f, 0.3f, 0.4f, -0.3f, -1.2f,
                                 0.6f, 0,    0.4f, 0.1f, 0,    0,    0.2f, -0.2f, 3.1f};

static void costs_are(size_t height, size_t width, bool balanced, const double *sizes, size_t size_count,
                      const double slopes[18], double bits)
{
    const struct block_grid grid = {3, 3, 2, height, width};
    struct layer_cost cost;
    float found[18] = {0}, found_sizes[18];
    assert_int_equal(sned_cost_new(&cost, &grid, balanced, NULL), SNED_OK);
    assert_int_equal(sned_cost_update(&cost, blocks, NULL), SNED_OK);
    near(cost.bits, bits, 0.1); /* each position to 1/64 in its logit */
    assert_int_equal(cost.live_filters, 3);
    const size_t of_row = cost.channels_of_blocks * 2;
    for (size_t b = 0; b < cost.rows_of_blocks; b++)
        sned_cost_sizes(&cost, b, blocks_x, 1, found_sizes + b * of_row);
    for (size_t i = 0; i < size_count; i++)
        near(found_sizes[i], sizes[i], 1e-6);
    for (size_t k = 0; k < 3; k++)
        for (size_t first = 0; first < 6; first += 3) /* in two stretches */
            sned_cost_slopes(&cost, k, first, 3, blocks_x + k * 6 + first, found_sizes + k / height * of_row,
                             found + k * 6 + first);
    for (int i = 0; i < 18; i++)
        near(found[i], slopes[i], 1e-5);
    sned_cost_free(&cost);
}

static void weights_of_a_block_share_what_it_costs(void **state)
{
    static const double sizes[] = {1.18848643, 0.35,       0.07071068, 0.35355339,
                                   0.07071068, 0.14142136, 0.2,        3.1};
    static const double slopes[] = {1.42098677, 1.01969439, 1.50523531, 0.0,        3.52393123, 1.74764652,
                                    1.42098677, 1.52954158, 1.50523531, 3.05908317, 0.0,        2.33019536,
                                    3.27824865, 0.0,        0.0,        3.27824865, 2.40493376, 3.0};
    costs_are(2, 2, false, sizes, 8, slopes, 25.81025946);
}

static void pairs_share_what_they_cost(void **state)
{
    static const double sizes[] = {0.69641941, 0.25495098, 1.52970585, 0.42426407, 0.07071068, 0.35355339,
                                   0.1,        0.0,        0.0,        0.2,        0.2,        3.1};
    static const double slopes[] = {2.45131957, 2.19749688, 1.50523531, 0.0,        4.60112978, 1.99323475,
                                    1.08947536, 3.29624533, 1.50523531, 2.52754624, 0.0,        2.65764633,
                                    2.76798167, 0.0,        0.0,        3.03071706, 3.22020186, 3.0};
    costs_are(2, 1, false, sizes, 12, slopes, 24.953831);
}

/* What the first row costs more for being full, others cost less. */
static void a_full_filter_pays_where_all_are_to_have_as_many(void **state)
{
    static const double slopes[] = {2.45788071, 4.2752893,  1.50523531, 3.31737679, 5.24842171, 3.43101313,
                                    3.43101313, 5.24842171, 1.50523531, 2.57912994, 5.24842171, 3.43101313,
                                    2.00292904, 3.82033763, 1.65580001, 2.86242512, 2.84720521, 3.0};
    costs_are(1, 1, true, NULL, 0, slopes, 21.75032864);
}

/* 32 weights in 2 blocks of 4 x 4, and in 32. */
static void weights_in_few_blocks_cost_less(void **state)
{
    static int8_t together[32 * 32], spread[32 * 32];
    const struct block_grid grid = {32, 32, 1, 4, 4};
    struct layer_cost few, many;
    for (int i = 0; i < 32; i++) {
        together[i / 4 * 32 + i % 4] = 1;
        spread[i / 4 % 8 * 4 * 32 + i % 4 * 8] = 1;
    }
    assert_int_equal(sned_cost_new(&few, &grid, false, NULL), SNED_OK);
    assert_int_equal(sned_cost_new(&many, &grid, false, NULL), SNED_OK);
    assert_int_equal(sned_cost_update(&few, together, NULL), SNED_OK);
    assert_int_equal(sned_cost_update(&many, spread, NULL), SNED_OK);
    assert_true(few.bits < 0.6 * many.bits);
    sned_cost_free(&few);
    sned_cost_free(&many);
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
        cmocka_unit_test(weights_of_a_block_share_what_it_costs),
        cmocka_unit_test(pairs_share_what_they_cost),
        cmocka_unit_test(a_full_filter_pays_where_all_are_to_have_as_many),
        cmocka_unit_test(weights_in_few_blocks_cost_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
