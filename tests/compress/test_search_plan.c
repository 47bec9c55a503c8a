/*
 * test_search_plan.c - where the next point of a curve shall lie, and how long its training is: curves drawn
 * by hand, numbers by calculation.
 */
#include "compress/aim/bracket.h"
#include "compress/search/search.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MOST = 8 };

/* A search of networks that are right on 98 % of images, whose trainings have 10 epochs and that may lose a
 * point. */
struct drawn {
    struct rate_search search;
    struct compress_result result;
    struct curve_point points[MOST];
};

static void draw(struct drawn *drawn)
{
    *drawn = (struct drawn){.result.points = drawn->points};
    drawn->search.compression =
        (struct compression){.reference = {98, 0.1}, .lowest_loss = 0.1, .result = &drawn->result};
    drawn->search.target.drop = 1;
    drawn->search.options.recipe.train.epochs = 10;
}

/* The start, or the result of a training towards `wanted`, of which counting and the loss say that `drop` is
 * lost: 2 % of mistakes grow as the loss does. */
static void add_point(struct drawn *drawn, double wanted, double bytes, double drop)
{
    const int index = drawn->result.point_count++;
    drawn->points[index] = (struct curve_point){.bytes = bytes,
                                                .wanted = wanted,
                                                .accuracy = 98 - drop,
                                                .loss = 0.1 * (1 + drop / 2),
                                                .epochs = index > 0 ? 5 : 0};
}

static struct aim next(const struct drawn *drawn)
{
    struct aim aim = {0};
    assert_true(search_next(&drawn->search, &aim));
    return aim;
}

static void about(double number, double wanted)
{
    assert_true(fabs(number - wanted) <= 1e-6 * wanted);
}

/* ---- an accuracy ---- */

static void a_quarter_of_the_start_is_tried_first(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn);
    add_point(&drawn, 0, 10000, 0.9);
    const struct aim aim = next(&drawn);
    about(aim.bytes, 2500);
    about(aim.epochs, 10);
}

static void each_further_training_is_longer_than_the_one_before(void **state)
{
    struct drawn drawn;
    const double epochs[] = {10, 5, 7.5, 10, 10};
    (void)state;
    draw(&drawn);
    add_point(&drawn, 0, 10000, 0.9);
    for (int i = 0; i < 5; i++) {
        const struct aim aim = next(&drawn);
        about(aim.epochs, epochs[i]);
        add_point(&drawn, aim.bytes, aim.bytes, 0.5);
    }
}

/* No bytes to aim at, no epochs: the best of them rounded. */
static void where_the_first_training_comes_to_nothing_the_network_is_rounded_once(void **state)
{
    const double bytes[] = {2500, 9000}, drops[] = {3, 0.1}; /* too much lost; not got there */
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct drawn drawn;
        draw(&drawn);
        add_point(&drawn, 0, 10000, 0.1);
        add_point(&drawn, 2500, bytes[i], drops[i]);
        drawn.search.best = i;
        struct aim aim = next(&drawn);
        assert_true(aim.epochs == 0 && aim.bytes == 0);
        add_point(&drawn, 0, 6000, 0.8);
        drawn.search.best = 2;
        aim = next(&drawn);
        about(aim.epochs, 5);
        assert_true(aim.bytes > 2000 && aim.bytes < 6000);
    }
}

static void there_is_no_rounding_where_time_is_out(void **state)
{
    struct drawn drawn;
    struct aim aim;
    (void)state;
    draw(&drawn);
    drawn.search.options.time_budget = 100;
    add_point(&drawn, 0, 10000, 0.1);
    drawn.points[0].seconds = 20;
    add_point(&drawn, 2500, 2500, 3);
    drawn.search.elapsed = 79;
    assert_true(next(&drawn).epochs == 0);
    drawn.search.elapsed = 81;
    assert_true(!search_next(&drawn.search, &aim) || aim.epochs > 0);
}

static void the_less_is_lost_the_further_down_it_goes(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn);
    add_point(&drawn, 0, 10000, 0.9);
    add_point(&drawn, 5000, 5000, 0.25);
    about(next(&drawn).bytes, 5000 * 0.5); /* the root of a quarter */
    add_point(&drawn, 2500, 2500, 0.49);
    about(next(&drawn).bytes, 2500 * 0.7);
}

static void a_size_that_was_not_reached_is_aimed_at_again(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn);
    add_point(&drawn, 0, 10000, 0.9);
    add_point(&drawn, 5000, 5000, 0.1);
    add_point(&drawn, 2500, 4000, 0.1);
    about(next(&drawn).bytes, 2500);
}

/* Half a point and two: on logarithms one is in the middle. */
static void between_what_held_and_what_failed_the_line_says_where(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn);
    add_point(&drawn, 0, 10000, 0.9);
    add_point(&drawn, 8000, 8000, 0.5);
    add_point(&drawn, 2000, 2000, 2);
    about(next(&drawn).bytes, 4000);
}

static void where_nothing_holds_training_is_given_more_bytes(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn);
    add_point(&drawn, 0, 10000, 3);
    about(next(&drawn).bytes, 10000);
    add_point(&drawn, 10000, 10000, 2);
    about(next(&drawn).bytes, 14000);
}

static void a_narrow_interval_ends_it_where_no_time_is_left_to_use(void **state)
{
    struct drawn drawn;
    struct aim aim;
    (void)state;
    draw(&drawn);
    add_point(&drawn, 0, 10000, 0.9);
    add_point(&drawn, 5000, 5000, 0.9);
    add_point(&drawn, 4800, 4800, 1.1);
    assert_false(search_next(&drawn.search, &aim));
    drawn.search.options.time_budget = 100;
    drawn.search.elapsed = 48;
    aim = next(&drawn);
    about(aim.bytes, 4800); /* all that is left, for what a shorter training could not keep */
    about(aim.seconds, 50);
}

/* 1, 0.5, 0.75 and 1 of a training: of 3.25 together. */
static void of_a_time_budget_trainings_have_shares_like_their_lengths(void **state)
{
    struct drawn drawn;
    (void)state;
    draw(&drawn);
    drawn.search.options.time_budget = 300; /* 2 % are kept back */
    drawn.search.elapsed = 34;
    add_point(&drawn, 0, 10000, 0.9);
    about(next(&drawn).seconds, 80); /* of 260 */
    add_point(&drawn, 5000, 5000, 0.5);
    drawn.search.elapsed = 114;
    about(next(&drawn).seconds, 40); /* of 180 */
    add_point(&drawn, 4000, 4000, 0.5);
    drawn.search.elapsed = 154;
    about(next(&drawn).seconds, 60); /* of 140 */
    add_point(&drawn, 3000, 3000, 0.5);
    drawn.search.elapsed = 214;
    about(next(&drawn).seconds, 80); /* all that is left */
}

/* ---- a size ---- */

/* Aimed at from 1.5 % below. */
static void a_size_has_one_whole_training_and_none_where_that_comes_near(void **state)
{
    struct drawn drawn;
    struct aim aim;
    (void)state;
    draw(&drawn);
    drawn.search.target.bytes = 4000;
    add_point(&drawn, 0, 10000, 0.9);
    aim = next(&drawn);
    about(aim.bytes, 3940);
    about(aim.epochs, 10);
    add_point(&drawn, 3940, 3930, 0.5);
    drawn.search.best = 1;
    assert_false(search_next(&drawn.search, &aim));
}

static void bytes_that_are_left_are_used_by_a_shorter_training(void **state)
{
    struct drawn drawn;
    struct aim aim;
    (void)state;
    draw(&drawn);
    drawn.search.target.bytes = 4000;
    add_point(&drawn, 0, 10000, 0.9);
    add_point(&drawn, 3940, 3700, 0.5);
    drawn.search.best = 1;
    aim = next(&drawn);
    about(aim.bytes, 3940);
    assert_true(aim.epochs > 1 && aim.epochs < 3);
    add_point(&drawn, 3940, 3700, 0.5);
    assert_false(search_next(&drawn.search, &aim)); /* once is enough */
}

static void a_file_that_is_too_large_is_trained_on_until_it_is_not(void **state)
{
    struct drawn drawn;
    struct aim aim;
    (void)state;
    draw(&drawn);
    drawn.search.target.bytes = 4000;
    add_point(&drawn, 0, 10000, 0.9);
    for (int i = 0; i < 4; i++) {
        add_point(&drawn, 3940, 4100, 0.5);
        drawn.search.best = drawn.result.point_count - 1;
        assert_true(search_next(&drawn.search, &aim));
    }
}

/* Of y = x^2: two tries are a line on logarithms, which finds it; one is a proportion. */
static void sizes_are_aimed_at_along_the_line_through_two_tries(void **state)
{
    struct size_aim aim = {0};
    (void)state;
    about(size_aim_ask(&aim, 100), 100);
    size_aim_tried(&aim, 100, 10000);
    about(size_aim_ask(&aim, 400), 4);
    size_aim_tried(&aim, 4, 16);
    about(size_aim_ask(&aim, 400), 20);
}

/* ---- brackets ---- */

static void a_bracket_keeps_its_ends_and_is_divided_by_ratios(void **state)
{
    struct bracket bracket = {0};
    (void)state;
    bracket_tried(&bracket, 2, true);
    assert_false(bracket_is_narrow(&bracket, 100));
    bracket_tried(&bracket, 32, false);
    about(bracket_between(&bracket, 0.25), 4);
    bracket_tried(&bracket, 8, true);
    assert_true(bracket.held == 8 && bracket.failed == 32);
    assert_true(bracket_is_narrow(&bracket, 4.01));
    assert_false(bracket_is_narrow(&bracket, 3.99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quarter_of_the_start_is_tried_first),
        cmocka_unit_test(each_further_training_is_longer_than_the_one_before),
        cmocka_unit_test(where_the_first_training_comes_to_nothing_the_network_is_rounded_once),
        cmocka_unit_test(there_is_no_rounding_where_time_is_out),
        cmocka_unit_test(the_less_is_lost_the_further_down_it_goes),
        cmocka_unit_test(a_size_that_was_not_reached_is_aimed_at_again),
        cmocka_unit_test(between_what_held_and_what_failed_the_line_says_where),
        cmocka_unit_test(where_nothing_holds_training_is_given_more_bytes),
        cmocka_unit_test(a_narrow_interval_ends_it_where_no_time_is_left_to_use),
        cmocka_unit_test(of_a_time_budget_trainings_have_shares_like_their_lengths),
        cmocka_unit_test(a_size_has_one_whole_training_and_none_where_that_comes_near),
        cmocka_unit_test(bytes_that_are_left_are_used_by_a_shorter_training),
        cmocka_unit_test(a_file_that_is_too_large_is_trained_on_until_it_is_not),
        cmocka_unit_test(sizes_are_aimed_at_along_the_line_through_two_tries),
        cmocka_unit_test(a_bracket_keeps_its_ends_and_is_divided_by_ratios),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
