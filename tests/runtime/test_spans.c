/*
 * test_spans.c - rows of weights in steps of spans: each weight is in one step, and steps are as few as going
 * through the rows side by side makes them.
 */
#include "base/memory.h"
#include "base/random.h"
#include "runtime/rows/spans.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* The matrix that steps are of, into zeros. */
static void add_steps(int8_t *matrix, size_t rows, size_t columns, size_t width, const struct span_list *list)
{
    for (size_t row = 0; row < rows; row++)
        for (uint32_t s = list->first[row / SPAN_ROWS]; s < list->first[row / SPAN_ROWS + 1]; s++)
            for (int i = 0; i < SPAN_TAKES; i++) {
                const struct span_step *step = &list->steps[s];
                const int8_t weight = step->weights[row % SPAN_ROWS][i];
                const size_t column = (size_t)list->columns[s] + step->places[row % SPAN_ROWS][i];
                assert_true(step->places[row % SPAN_ROWS][i] < width);
                assert_true((size_t)list->columns[s] + width <= columns + MICRO_OVER_READ);
                if (!weight)
                    continue;
                assert_true(column < columns);
                assert_int_equal(matrix[row * columns + column], 0);
                matrix[row * columns + column] = weight;
            }
}

static void check_matrix(const int8_t *weights, size_t rows, size_t columns, size_t width, size_t steps)
{
    int8_t *matrix = calloc(rows, columns);
    struct marked_rows marked;
    struct span_list list;
    void *memory;
    assert_true(sned_spans_fit(columns, width));
    assert_int_equal(sned_mark_rows(&marked, weights, rows, columns, NULL), SNED_OK);
    assert_int_equal(sned_spans_count(&marked, width, NULL), SNED_OK);
    assert_int_equal(sned_spans_make(&list, &memory, &marked, width, NULL), SNED_OK);
    assert_int_equal(list.first[(rows + SPAN_ROWS - 1) / SPAN_ROWS], marked.steps);
    if (steps)
        assert_int_equal(marked.steps, steps);
    add_steps(matrix, rows, columns, width, &list);
    assert_memory_equal(matrix, weights, rows * columns);
    sned_marked_rows_free(&marked);
    sned_free(memory);
    free(matrix);
}

static void each_weight_is_in_one_step(void **state)
{
    static const float densities[] = {0, 0.001f, 0.02f, 0.1f, 0.4f, 1};
    struct random random;
    sned_random_seed(&random, 31, 0);
    for (int i = 0; i < 600; i++) {
        const size_t rows = 1 + sned_random_below(&random, 40);
        const size_t columns = 64 + sned_random_below(&random, i % 50 ? 500 : 65473);
        int8_t *weights = calloc(rows, columns);
        for (size_t r = 0; r < rows; r++) { /* rows differ, some are empty */
            const float density = densities[sned_random_below(&random, 6)];
            for (size_t c = 0; c < columns; c++)
                if (sned_random_uniform(&random) < density)
                    weights[r * columns + c] = (int8_t)((int)sned_random_below(&random, 255) - 127);
        }
        check_matrix(weights, rows, columns, i % 2 ? SPAN_COLUMNS : SPAN_COLUMNS / 2, 0);
        free(weights);
    }
}

/* By hand. Row 0 has columns 10 to 20, row 1 a few far apart; of row 16, which is another group, one:
 *
 *     span from 0      10 11 12 13    0 100
 *     14               14 15 16 17    137          which the span before did not reach
 *     18               18 19 20
 *     500                             500
 *     936                             999          64 columns before the last: no span begins later
 *     70               70
 */
static void rows_go_through_their_columns_side_by_side(void **state)
{
    enum { ROWS = 17, COLUMNS = 1000 };
    static int8_t weights[ROWS * COLUMNS];
    for (int c = 10; c <= 20; c++)
        weights[c] = (int8_t)c;
    static const int others[] = {0, 100, 137, 500, 999};
    for (int i = 0; i < 5; i++)
        weights[COLUMNS + others[i]] = -127;
    weights[16 * COLUMNS + 70] = 1;
    check_matrix(weights, ROWS, COLUMNS, SPAN_COLUMNS, 6);
}

static void rows_without_weights_take_no_step(void **state)
{
    static const int8_t weights[20 * 64];
    struct marked_rows marked;
    assert_int_equal(sned_mark_rows(&marked, weights, 20, 64, NULL), SNED_OK);
    assert_int_equal(sned_spans_count(&marked, SPAN_COLUMNS, NULL), SNED_OK);
    assert_int_equal(marked.steps, 0);
    sned_marked_rows_free(&marked);
}

/* A span is 128 columns, of which 64 may be behind the last; where one begins is told in 16 bits. */
static void rows_of_64_to_65536_columns_fit(void **state)
{
    assert_false(sned_spans_fit(63, 128));
    assert_true(sned_spans_fit(64, 128));
    assert_true(sned_spans_fit(65536, 128));
    assert_false(sned_spans_fit(65537, 128));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_weight_is_in_one_step),
        cmocka_unit_test(rows_go_through_their_columns_side_by_side),
        cmocka_unit_test(rows_without_weights_take_no_step),
        cmocka_unit_test(rows_of_64_to_65536_columns_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
