/*
 * test_sets.c - which sets of filters the taps of a shared list count to. Sets are bits.
 */
#include "tests/common/random_graphs.h"
#include "runtime/conv/lister.h"

enum { A = 1, B = 2, C = 4, AB = A | B, AC = A | C, BC = B | C, ABC = A | B | C };

static void what_is_left_of_sets_makes_quads_of_near_ones(void **state)
{
    struct set_plan plan = {.taps = {[A] = 5, [B] = 4, [AB] = 7}};
    sned_plan_few_quads(&plan);
    assert_int_equal(plan.taps[A], 4);
    assert_int_equal(plan.taps[B], 4);
    assert_int_equal(plan.taps[AB], 8);
}

static void a_tap_too_many_is_one_for_each_filter(void **state)
{
    struct set_plan plan = {.taps = {[AB] = 6}};
    sned_plan_usual_quads(&plan, (uint8_t[QUAD_SETS]){[AB] = 1});
    assert_int_equal(plan.taps[AB], 4);
    assert_int_equal(plan.taps[A], 2);
    assert_int_equal(plan.taps[B], 2);
}

/* Of the three pairs BC lacks most. */
static void a_tap_too_many_goes_where_most_are_missing(void **state)
{
    struct set_plan plan = {.taps = {[ABC] = 5, [AB] = 4, [AC] = 4, [BC] = 3}};
    sned_plan_usual_quads(&plan, (uint8_t[QUAD_SETS]){[ABC] = 1, [AB] = 1, [AC] = 1, [BC] = 1});
    assert_int_equal(plan.taps[ABC], 4);
    assert_int_equal(plan.taps[BC], 4);
    assert_int_equal(plan.taps[A], 1);
    assert_int_equal(plan.move_count, 1);
}

static void what_is_missing_is_taken_from_sets_of_fewer_filters(void **state)
{
    struct set_plan plan = {.taps = {[AB] = 2, [A] = 5, [B] = 3}};
    sned_plan_usual_quads(&plan, (uint8_t[QUAD_SETS]){[AB] = 1});
    assert_int_equal(plan.taps[AB], 4);
    assert_int_equal(plan.taps[A], 3);
    assert_int_equal(plan.taps[B], 3);
}

/* AC has none to give: it has what is usual. */
static void what_is_missing_is_taken_where_most_are_too_many(void **state)
{
    struct set_plan plan = {.taps = {[ABC] = 3, [AB] = 6, [AC] = 4, [BC] = 7}};
    sned_plan_usual_quads(&plan, (uint8_t[QUAD_SETS]){[ABC] = 1, [AB] = 1, [AC] = 1, [BC] = 1});
    assert_int_equal(plan.taps[ABC], 4);
    assert_int_equal(plan.taps[AC], 4);
    assert_int_equal(plan.moves[0].from, BC);
}

static void where_nothing_can_be_given_it_is_missing(void **state)
{
    struct set_plan plan = {.taps = {[AB] = 1, [C] = 9}};
    sned_plan_usual_quads(&plan, (uint8_t[QUAD_SETS]){[AB] = 1});
    assert_int_equal(plan.taps[AB], 1);
    assert_int_equal(plan.taps[C], 9);
}

/* 6 taps on average are one and a half quads, or two; 5 are one. Those of single filters are as they come. */
static void what_is_usual_is_the_average(void **state)
{
    uint8_t usual[QUAD_SETS];
    assert_true(sned_find_usual_quads(usual, (size_t[QUAD_SETS]){[A] = 40, [AB] = 12, [BC] = 10}, 2));
    assert_int_equal(usual[A], 0);
    assert_int_equal(usual[AB], 2);
    assert_int_equal(usual[BC], 1);
    assert_false(sned_find_usual_quads(usual, (size_t[QUAD_SETS]){[AB] = 2 * 4 * 256}, 2));
    assert_false(sned_find_usual_quads(usual, (size_t[QUAD_SETS]){[AB] = 4}, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_of_sets_makes_quads_of_near_ones),
        cmocka_unit_test(a_tap_too_many_is_one_for_each_filter),
        cmocka_unit_test(a_tap_too_many_goes_where_most_are_missing),
        cmocka_unit_test(what_is_missing_is_taken_from_sets_of_fewer_filters),
        cmocka_unit_test(what_is_missing_is_taken_where_most_are_too_many),
        cmocka_unit_test(where_nothing_can_be_given_it_is_missing),
        cmocka_unit_test(what_is_usual_is_the_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
