/*
 * test_scaling.c - the numbers of an integer network against their definitions: scalings, tables, the input's
 * rule, and the histograms that scales come from.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "compress/quantize/calibrate_histogram.h"
#include "compress/quantize/lower_scaling.h"
#include "runtime/micro/lrn.h"
#include "runtime/micro/requantize.h"

/* ---- scalings ---- */

static void a_scaling_is_the_nearest_one(void **state)
{
    struct random random;
    sned_random_seed(&random, 1, 0);
    for (int i = 0; i < 2000; i++) {
        struct scaling scaling;
        double ratio =
            ldexp(0.5 + sned_random_uniform(&random) / 2, (int)sned_random_below(&random, 60) - 44);
        assert_true(scaling_from_ratio(ratio, &scaling));
        assert_true(scaling.multiplier >= 1 << 15);
        assert_true(scaling.shift >= 1 && scaling.shift <= 62);
        assert_true(fabs(scaling_ratio(scaling) / ratio - 1) <= ldexp(1, -16));
    }
}

static void a_ratio_just_below_a_power_of_two_rounds_up_to_it(void **state)
{
    struct scaling scaling;
    assert_true(scaling_from_ratio(1 - 1e-9, &scaling));
    assert_int_equal(scaling.multiplier, 1 << 15);
    assert_int_equal(scaling.shift, 15);
}

static void ratios_too_small_are_zero_and_too_large_are_refused(void **state)
{
    struct scaling scaling;
    assert_true(scaling_from_ratio(1e-30, &scaling));
    assert_int_equal(scaling.multiplier, 0);
    assert_int_equal(scaling.shift, 1);
    assert_true(scaling_from_ratio(0, &scaling));
    assert_int_equal(scaling.multiplier, 0);
    assert_true(scaling_from_ratio(32767.4, &scaling));
    assert_false(scaling_from_ratio(32768, &scaling));
    assert_false(scaling_from_ratio(INFINITY, &scaling));
    assert_false(scaling_from_ratio(NAN, &scaling));
}

static void a_pair_shares_the_shift_of_the_larger(void **state)
{
    struct scaling pair[2], alone;
    assert_true(scaling_pair((const double[]){0.01, 0.7}, pair));
    assert_true(scaling_from_ratio(0.7, &alone));
    assert_int_equal(pair[0].shift, pair[1].shift);
    assert_memory_equal(&pair[1].multiplier, &alone.multiplier, sizeof alone.multiplier);
    assert_int_equal(pair[0].multiplier, lround(0.01 * ldexp(1, pair[0].shift)));
}

/* Every activation times the table's entry is what LRN's formula says, within half a step and the table's
 * width. */
static void an_lrn_table_follows_the_formula(void **state)
{
    const struct node node = {.op = OP_LRN, .u.lrn = {.size = 5, .alpha = 1e-2f, .beta = 0.75f, .bias = 2}};
    const float in = 0.2f, out = 0.1f;
    uint16_t table[LRN_TABLE_SIZE];
    uint8_t shift;
    assert_true(lrn_table(&node, in, out, table, &shift));
    for (uint32_t sum = 0; sum < 5 * 255 * 255; sum += sum < 300 ? 1 : 97) {
        double exact = pow(2 + 1e-2 / 5 * in * in * sum, -0.75) * in / out;
        double entry = ldexp(table[lrn_index(sum)], -shift);
        assert_true(fabs(entry / exact - 1) < 0.75 / 128 + 1e-4);
    }
}

/* HardSwish(1) = 2/3, of -1.5 it is -3/8, of 6.35 itself, of -4 it is 0; in steps of 0.02. */
static void a_look_up_table_has_the_result_of_each_byte(void **state)
{
    const struct node node = {.op = OP_HARD_SWISH, .rules[0] = {.low = -128, .high = 127}};
    const struct quantization in = {.scale = 0.05f, .bits = 8, .is_signed = true};
    uint16_t table[LOOKUP_TABLE_SIZE];
    assert_true(lookup_table(&node, &in, 0.02f, table));
    assert_int_equal(table[0], 0);
    assert_int_equal(table[20], 33);
    assert_int_equal(table[256 - 30], 256 - 19);
    assert_int_equal(table[127], 127);
    assert_int_equal(table[256 - 80], 0);
}

static void pixels_become_what_mean_and_scale_say(void **state)
{
    struct input_rule rule = {.is_image = true, .mean = {123.7f, 0, -5}, .scale = {0.017f, 1.0f / 255, -2}};
    const float scale = 1.0f / 64;
    assert_true(input_rule_from_scale(&rule, 3, scale));
    for (int c = 0; c < 3; c++)
        for (int pixel = 0; pixel <= 255; pixel++) {
            int64_t sum = (int64_t)pixel * rule.integer[c].multiplier + rule.integer[c].offset;
            double exact = ((double)pixel - rule.mean[c]) * rule.scale[c] / scale;
            assert_true(fabs((double)round_shift(sum, rule.integer[c].shift) - exact) <= 0.5 + 1e-4);
        }
}

/* ---- histograms ---- */

static void an_outlier_is_clipped(void **state)
{
    static struct histogram histogram;
    static float values[200000];
    struct random random;
    sned_random_seed(&random, 3, 0);
    for (int i = 0; i < 200000; i++)
        values[i] = sned_random_normal(&random);
    values[77] = 12;
    assert_true(histogram_add(&histogram, values, 200000));
    float clip = histogram_clip(&histogram, 127);
    assert_true(clip > 4 && clip < 10);
}

static void evenly_spread_values_are_not_clipped(void **state)
{
    static struct histogram histogram;
    float values[4096];
    for (int i = 0; i < 4096; i++)
        values[i] = (float)(i - 2048) / 2048;
    for (int part = 0; part < 4; part++) /* the range grows: small values first */
        assert_true(histogram_add(&histogram, values + 2048 - 512 * (part + 1), 1024 * (size_t)(part + 1)));
    float clip = histogram_clip(&histogram, 127);
    assert_true(clip > 0.97f && clip <= 1);
}

static void zeros_alone_ask_for_no_range(void **state)
{
    static struct histogram histogram;
    const float zeros[8] = {0};
    assert_true(histogram_add(&histogram, zeros, 8));
    assert_true(histogram_clip(&histogram, 127) == 0);
}

static void a_value_that_is_no_number_is_told(void **state)
{
    static struct histogram histogram;
    assert_false(histogram_add(&histogram, (const float[]){1, NAN}, 2));
    assert_false(histogram_add(&histogram, (const float[]){INFINITY, 1}, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scaling_is_the_nearest_one),
        cmocka_unit_test(a_ratio_just_below_a_power_of_two_rounds_up_to_it),
        cmocka_unit_test(ratios_too_small_are_zero_and_too_large_are_refused),
        cmocka_unit_test(a_pair_shares_the_shift_of_the_larger),
        cmocka_unit_test(an_lrn_table_follows_the_formula),
        cmocka_unit_test(a_look_up_table_has_the_result_of_each_byte),
        cmocka_unit_test(pixels_become_what_mean_and_scale_say),
        cmocka_unit_test(an_outlier_is_clipped),
        cmocka_unit_test(evenly_spread_values_are_not_clipped),
        cmocka_unit_test(zeros_alone_ask_for_no_range),
        cmocka_unit_test(a_value_that_is_no_number_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
