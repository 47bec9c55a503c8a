/*
 * checkkernels.c - every micro-kernel of every instruction set that this machine has, against portable C:
 * on random lengths, numbers and places in memory, with guards around all that it is given. After dav1d's
 * checkasm.
 *
 *     checkkernels            the test
 *     checkkernels --bench    the time of a call, and how much of the portable one's it is
 *
 * What a micro-kernel may read behind its input (runtime/micro/micro.h) is noise, another one each time;
 * behind that, behind its constants and behind what it writes lies a page that ends the program.
 */
#include "tests/runtime/trial_quads.h"
#include "base/clock.h"
#include "base/hash.h"

#include <stdio.h>

enum { CASES = 300 };

/* ---- the micro-kernels ---- */

static void draw_widen(struct trial *trial, enum value_type type, struct random *random)
{
    draw_numbers(trial, type, trial->count, random);
    trial->output_unit = sizeof(int16_t);
}

static void call_widen(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                       const void *input, const void *constants, void *output)
{
    micro->widen[type](output, input, trial->count);
}

static void draw_add_taps(struct trial *trial, enum value_type type, struct random *random)
{
    const bool is_bench = trial->count == BENCH_COUNT;
    const size_t pairs = is_bench ? BENCH_PAIRS : (size_t)between(random, 0, MOST_PAIRS);
    const int64_t reach = is_bench ? 16 * BENCH_COUNT : between(random, 0, 2 * MOST);
    draw_wide(trial, trial->count + (size_t)reach, random);
    trial->constant_size = pairs * sizeof(struct tap_pair);
    trial->constants = room(pairs, sizeof(struct tap_pair));
    for (size_t p = 0; p < pairs; p++) {
        struct tap_pair *pair = (struct tap_pair *)trial->constants + p;
        for (int i = 0; i < 2; i++) {
            pair->offset[i] = (uint32_t)number(random, 0, reach);
            pair->weight[i] = (int16_t)number(random, -127, 127);
        }
        if (p + 1 == pairs && between(random, 0, 1)) {
            pair->offset[1] = pair->offset[0];
            pair->weight[1] = 0;
        }
    }
    trial->output_unit = sizeof(int32_t);
    trial->output = room(trial->count, sizeof(int32_t));
    for (size_t i = 0; i < trial->count; i++)
        ((int32_t *)trial->output)[i] = (int32_t)between(random, -(1 << 30), 1 << 30);
}

static void call_add_taps(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                          const void *input, const void *constants, void *output)
{
    micro->add_taps(output, trial->count, input, constants, trial->constant_size / sizeof(struct tap_pair));
}

static void draw_dot(struct trial *trial, enum value_type type, struct random *random)
{
    draw_wide(trial, trial->count, random);
    trial->constant_size = trial->count;
    trial->constants = room(trial->count, 1);
    for (size_t i = 0; i < trial->count; i++)
        ((int8_t *)trial->constants)[i] = (int8_t)number(random, -127, 127);
    trial->count = 1;
    trial->output_unit = sizeof(int32_t);
}

static void call_dot(const struct micro_kernels *micro, enum value_type type, const struct trial *trial,
                     const void *input, const void *constants, void *output)
{
    *(int32_t *)output = micro->dot(constants, input, trial->constant_size);
}

static void draw_requantize(struct trial *trial, enum value_type type, struct random *random)
{
    draw_rule(trial, type, random);
    trial->input_elements = trial->count;
    trial->input_unit = sizeof(int32_t);
    trial->input = room(trial->count, sizeof(int32_t));
    for (size_t i = 0; i < trial->count; i++)
        ((int32_t *)trial->input)[i] = (int32_t)(between(random, 0, 1) ? number(random, INT32_MIN, INT32_MAX)
                                                                       : number(random, -100000, 100000));
    trial->output_unit = value_size(type);
}

static void call_requantize(const struct micro_kernels *micro, enum value_type type,
                            const struct trial *trial, const void *input, const void *constants, void *output)
{
    micro->requantize[type](output, input, trial->count, trial->scaling, &trial->rule);
}

/* The constants are what sums begin with, and scalings. */
static void draw_finish_rows(struct trial *trial, enum value_type type, struct random *random)
{
    draw_requantize(trial, type, random);
    trial->constant_size = trial->count * (sizeof(int32_t) + sizeof(struct scaling));
    trial->constants = room(trial->constant_size, 1);
    int32_t *start = trial->constants;
    struct scaling *scalings = (struct scaling *)(void *)(start + trial->count);
    for (size_t i = 0; i < trial->count; i++) {
        draw_rule(trial, type, random);
        start[i] = (int32_t)number(random, -100000, 100000);
        scalings[i] = trial->scaling;
    }
}

static void call_finish_rows(const struct micro_kernels *micro, enum value_type type,
                             const struct trial *trial, const void *input, const void *constants,
                             void *output)
{
    const int32_t *start = constants;
    micro->finish_rows(output, type, input, trial->count, start,
                       (const struct scaling *)(const void *)(start + trial->count), &trial->rule);
}

static void draw_windows(struct trial *trial, enum value_type type, struct random *random)
{
    struct window_row *windows = &trial->windows;
    *windows = (struct window_row){.rows = 3, .columns = 3, .row_step = 100, .column_step = 1, .stride = 2};
    const int64_t most = between(random, 0, 9) ? 5 : 17;
    if (trial->count != BENCH_COUNT)
        *windows = (struct window_row){.rows = (int)between(random, 1, most),
                                       .columns = (int)between(random, 1, most),
                                       .row_step = (size_t)between(random, 1, 50),
                                       .column_step = (size_t)between(random, 1, 3),
                                       .stride = (size_t)between(random, 1, 4)};
    if (trial->count == 1) /* as of a global pool */
        windows->columns = (int)between(random, 1, 60), windows->row_step = 60, windows->column_step = 1;
    draw_rule(trial, type, random);
    draw_numbers(trial, type,
                 (trial->count - 1) * windows->stride + (size_t)(windows->rows - 1) * windows->row_step +
                     (size_t)(windows->columns - 1) * windows->column_step + 1,
                 random);
}

/* Of a few rows; what lies between the rows of results stays. */
static void draw_window_max(struct trial *trial, enum value_type type, struct random *random)
{
    const size_t count = trial->count, rows = count == BENCH_COUNT ? 1 : (size_t)between(random, 1, 4);
    draw_windows(trial, type, random);
    trial->window_rows = (struct window_rows){.row = trial->windows,
                                              .rows = rows,
                                              .count = count,
                                              .step = (size_t)between(random, 0, 60),
                                              .to_step = count + (size_t)between(random, 0, 5)};
    free(trial->input);
    draw_numbers(trial, type, trial->input_elements + (rows - 1) * trial->window_rows.step, random);
    trial->count = (rows - 1) * trial->window_rows.to_step + count;
    trial->output_unit = value_size(type);
    trial->output = room(trial->count, trial->output_unit);
    for (size_t i = 0; i < trial->count * trial->output_unit; i++)
        ((uint8_t *)trial->output)[i] = (uint8_t)sned_random_next(random);
}

static void call_window_max(const struct micro_kernels *micro, enum value_type type,
                            const struct trial *trial, const void *input, const void *constants, void *output)
{
    micro->window_max[type](output, input, &trial->window_rows, &trial->rule);
}

static void draw_window_sum(struct trial *trial, enum value_type type, struct random *random)
{
    draw_windows(trial, type, random);
    trial->output_unit = sizeof(int32_t);
}

static void call_window_sum(const struct micro_kernels *micro, enum value_type type,
                            const struct trial *trial, const void *input, const void *constants, void *output)
{
    micro->window_sum[type](output, input, trial->count, &trial->windows);
}

static struct subject row_subjects[] = {
    {"widen u8", VALUE_U8, draw_widen, call_widen},
    {"widen s8", VALUE_S8, draw_widen, call_widen},
    {"widen s16", VALUE_S16, draw_widen, call_widen},
    {"add_taps", VALUE_S16, draw_add_taps, call_add_taps},
    {"dense u8", VALUE_U8, draw_dense, call_dense},
    {"dense s8", VALUE_S8, draw_dense, call_dense},
    {"sparse u8", VALUE_U8, draw_sparse, call_sparse},
    {"sparse s8", VALUE_S8, draw_sparse, call_sparse},
    {"sparse u8 of 4", VALUE_U8, draw_sparse_of_four, call_sparse},
    {"sliding u8", VALUE_U8, draw_sliding, call_sliding},
    {"sliding s8", VALUE_S8, draw_sliding, call_sliding},
    {"dense to u8", VALUE_U8, draw_ended_dense, call_ended_dense},
    {"dense to s8", VALUE_S8, draw_ended_dense, call_ended_dense},
    {"dense to s16", VALUE_S16, draw_ended_dense, call_ended_dense},
    {"dense to u8 quads", VALUE_U8, draw_dense_to_quads, call_ended_dense},
    {"dense to s8 quads", VALUE_S8, draw_dense_to_quads, call_ended_dense},
    {"sparse to u8", VALUE_U8, draw_ended_sparse, call_ended_sparse},
    {"sparse to s8", VALUE_S8, draw_ended_sparse, call_ended_sparse},
    {"sparse to s16", VALUE_S16, draw_ended_sparse, call_ended_sparse},
    {"shared to u8", VALUE_U8, draw_ended_shared, call_ended_shared},
    {"shared to s8", VALUE_S8, draw_ended_shared, call_ended_shared},
    {"shared to s16", VALUE_S16, draw_ended_shared, call_ended_shared},
    {"sliding to u8", VALUE_U8, draw_ended_sliding, call_ended_sliding},
    {"sliding to s8", VALUE_S8, draw_ended_sliding, call_ended_sliding},
    {"sliding to s16", VALUE_S16, draw_ended_sliding, call_ended_sliding},
    {"filter lanes to u8", VALUE_U8, draw_ended_lanes, call_ended_lanes},
    {"filter lanes to s8", VALUE_S8, draw_ended_lanes, call_ended_lanes},
    {"filter lanes to s16", VALUE_S16, draw_ended_lanes, call_ended_lanes},
    {"lanes to u8 quads", VALUE_U8, draw_lanes_to_quads, call_ended_lanes},
    {"lanes to s8 quads", VALUE_S8, draw_lanes_to_quads, call_ended_lanes},
    {"depthwise to u8", VALUE_U8, draw_depthwise, call_depthwise},
    {"depthwise to s8", VALUE_S8, draw_depthwise, call_depthwise},
    {"depthwise to s16", VALUE_S16, draw_depthwise, call_depthwise},
    {"interleave", VALUE_U8, draw_interleave, call_interleave},
    {"pick", VALUE_U8, draw_pick, call_pick},
    {"lines", VALUE_U8, draw_lines, call_lines},
    {"dot", VALUE_S16, draw_dot, call_dot},
    {"requantize u8", VALUE_U8, draw_requantize, call_requantize},
    {"requantize s8", VALUE_S8, draw_requantize, call_requantize},
    {"requantize s16", VALUE_S16, draw_requantize, call_requantize},
    {"finish rows u8", VALUE_U8, draw_finish_rows, call_finish_rows},
    {"finish rows s8", VALUE_S8, draw_finish_rows, call_finish_rows},
    {"finish rows s16", VALUE_S16, draw_finish_rows, call_finish_rows},
    {"window_max u8", VALUE_U8, draw_window_max, call_window_max},
    {"window_max s8", VALUE_S8, draw_window_max, call_window_max},
    {"window_max s16", VALUE_S16, draw_window_max, call_window_max},
    {"window_sum u8", VALUE_U8, draw_window_sum, call_window_sum},
    {"window_sum s8", VALUE_S8, draw_window_sum, call_window_sum},
    {"window_sum s16", VALUE_S16, draw_window_sum, call_window_sum},
};
static const struct subject_list rows = {row_subjects, sizeof row_subjects / sizeof row_subjects[0]};
static const struct subject_list *const lists[] = {&rows, &pointwise_subjects};
enum { LISTS = sizeof lists / sizeof lists[0], MOST_SUBJECTS = 100 };

static struct trial trial_new(const struct subject *subject, const struct micro_kernels *micro, size_t count,
                              struct random *random)
{
    struct trial trial = {.micro = micro, .count = count};
    subject->draw(&trial, subject->type, random);
    if (!trial.constants)
        trial.constants = room(0, 1);
    if (!trial.output)
        trial.output = room(trial.count, trial.output_unit);
    return trial;
}

static void trial_free(struct trial *trial)
{
    free(trial->input);
    free(trial->constants);
    free(trial->output);
}

/* ---- the test ---- */

static void check_call(const struct subject *subject, const struct micro_kernels *micro,
                       const struct trial *trial, const void *expected, struct random *random)
{
    const size_t size = trial->count * trial->output_unit;
    struct guarded input = guarded_new(trial->input, trial->input_elements * trial->input_unit,
                                       trial->input_unit, MICRO_OVER_READ, between(random, 0, 1), random);
    struct guarded constants = guarded_new(trial->constants, trial->constant_size, sizeof(int32_t), 0,
                                           between(random, 0, 1), random);
    struct guarded output =
        guarded_new(trial->output, size, trial->output_unit, 0, between(random, 0, 1), random);
    subject->call(micro, subject->type, trial, input.data, constants.data, output.data);
    if (memcmp(output.data, expected, size) != 0)
        fail_msg("%s, %s: not what portable C gives for %zu numbers", subject->name, micro->name,
                 trial->count);
    guarded_check(&input, true);
    guarded_check(&constants, true);
    guarded_check(&output, false);
    guarded_free(&input);
    guarded_free(&constants);
    guarded_free(&output);
}

static void every_column_gives_what_portable_c_gives(void **state)
{
    const struct subject *subject = *state;
    struct random random;
    sned_random_seed(&random, 15, sned_hash(subject->name, strlen(subject->name)));
    for (int column = 0; sned_micro_column(column); column++) {
        const struct micro_kernels *micro = sned_micro_column(column);
        if (!sned_micro_runs(column)) {
            print_message("%s, %s: skipped, this machine does not have it\n", subject->name, micro->name);
            continue;
        }
        for (int i = 0; i < CASES; i++) {
            const int64_t most = between(&random, 0, 2) ? MOST : 40;
            struct trial trial = trial_new(subject, micro, (size_t)number(&random, 1, most), &random);
            void *expected = room(trial.count, trial.output_unit);
            memcpy(expected, trial.output, trial.count * trial.output_unit);
            subject->call(sned_micro_column(0), subject->type, &trial, trial.input, trial.constants,
                          expected);
            for (int noise = 0; noise < 2; noise++)
                check_call(subject, micro, &trial, expected, &random);
            free(expected);
            trial_free(&trial);
        }
    }
}

static void a_name_limits_the_columns_that_are_chosen(void **state)
{
    int last = 0;
    while (sned_micro_column(last + 1))
        last++;
    while (!sned_micro_runs(last))
        last--;
    assert_string_equal(sned_micro_column(0)->name, "portable");
    assert_ptr_equal(sned_micro_choose("portable"), sned_micro_column(0));
    assert_ptr_equal(sned_micro_choose(sned_micro_column(last)->name), sned_micro_column(last));
    assert_ptr_equal(sned_micro_choose(NULL), sned_micro_column(last));
    assert_ptr_equal(sned_micro_choose("a machine of tomorrow"), sned_micro_column(last));
}

/* ---- the times ---- */

/* The best of some rounds, in nanoseconds a call. */
static double time_call(const struct subject *subject, const struct micro_kernels *micro,
                        const struct trial *trial)
{
    enum { ROUNDS = 20, CALLS = 50 };
    double best = 1;
    for (int round = 0; round < ROUNDS; round++) {
        memset(trial->output, 0, trial->count * trial->output_unit); /* sums that grow with each call */
        const double begin = sned_clock();
        for (int i = 0; i < CALLS; i++)
            subject->call(micro, subject->type, trial, trial->input, trial->constants, trial->output);
        const double took = (sned_clock() - begin) / CALLS;
        best = took < best ? took : best;
    }
    return best * 1e9;
}

static void bench_subject(const struct subject *subject, struct random *random)
{
    for (int column = 0; sned_micro_column(column); column++) {
        const struct micro_kernels *micro = sned_micro_column(column);
        if (!sned_micro_runs(column)) {
            printf("%-18s%12s     this machine does not have it\n", subject->name, micro->name);
            continue;
        }
        struct trial trial = trial_new(subject, micro, BENCH_COUNT, random);
        const double took = time_call(subject, micro, &trial);
        const double portable = column == 0 ? took : time_call(subject, sned_micro_column(0), &trial);
        printf("%-18s%12s%12.0f%12.2f\n", subject->name, micro->name, took, portable / took);
        trial_free(&trial);
    }
}

/* Rows of 1024 numbers; add_taps with 64 pairs, dense (of all the filters that it takes), sparse and sliding
 * with 64 quads, depthwise two channels with 3 quads, the windows 3x3 with a stride of 2. */
static void bench(void)
{
    struct random random;
    sned_random_seed(&random, 16, 0);
    printf("%-18s%12s%12s%12s\n", "micro-kernel", "column", "ns a call", "portable/x");
    for (int l = 0; l < LISTS; l++)
        for (int s = 0; s < lists[l]->count; s++)
            bench_subject(&lists[l]->subjects[s], &random);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[MOST_SUBJECTS + 1] = {
        cmocka_unit_test(a_name_limits_the_columns_that_are_chosen)};
    size_t count = 1;
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        bench();
        return 0;
    }
    for (int l = 0; l < LISTS; l++)
        for (int s = 0; s < lists[l]->count && count <= MOST_SUBJECTS; s++, count++)
            tests[count] =
                (struct CMUnitTest){lists[l]->subjects[s].name, every_column_gives_what_portable_c_gives,
                                    NULL, NULL, &lists[l]->subjects[s]};
    return _cmocka_run_group_tests("checkkernels", tests, count, NULL, NULL);
}
