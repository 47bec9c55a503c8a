/*
 * test_row_kernels.c - the micro-kernels of fully connected rows, of every instruction set that this machine
 * has, against sums over the plain matrix, on random sizes and densities, with guards around all that they
 * are given.
 *
 *     test_row_kernels            the test
 *     test_row_kernels --bench    AlexNet's largest layer, 4096 rows of 9216 columns, in every form: the
 *                                 time, and the bytes a second beside those of reading memory
 */
#include "tests/runtime/guarded.h"
#include "base/clock.h"
#include "base/memory.h"
#include "runtime/rows/row_block.h"

#include <stdio.h>

enum { CASES = 400, MOST_ROWS = 11, MOST_COLUMNS = 400 };

static size_t below(struct random *random, size_t end)
{
    return sned_random_below(random, (uint32_t)end);
}

/* A matrix, its input, and the sums that are expected: modulo 2^32. */
struct matrix {
    size_t rows, columns, chunks;
    int8_t *weights; /* [rows][columns] */
    int16_t *wide;   /* [columns] */
    uint8_t *bytes;  /* [columns] */
    int32_t *of_wide, *of_bytes[MICRO_BYTES];
};

/* Extremes often: sums of 255 times 127 are what saturating instructions would spoil. */
static int8_t draw_weight(struct random *random, float density)
{
    if (sned_random_uniform(random) >= density)
        return 0;
    const int extremes[] = {-127, 127, 1, -1};
    return (int8_t)(below(random, 3) ? (int)below(random, 255) - 127 : extremes[below(random, 4)]);
}

static struct matrix draw_matrix(size_t rows, size_t columns, float density, struct random *random)
{
    struct matrix r = {.rows = rows, .columns = columns, .chunks = (columns + ROW_CHUNK - 1) / ROW_CHUNK};
    const int wide = below(random, 2) ? 1 : 100;
    assert_int_equal(sned_alloc(&r.weights, rows, columns, NULL), SNED_OK);
    r.wide = calloc(columns, sizeof *r.wide);
    r.bytes = calloc(columns, 1);
    r.of_wide = calloc(rows, sizeof *r.of_wide);
    for (int type = 0; type < MICRO_BYTES; type++)
        r.of_bytes[type] = calloc(rows, sizeof **r.of_bytes);
    for (size_t c = 0; c < columns; c++) {
        r.bytes[c] = (uint8_t)(below(random, 4) ? below(random, 256) : 255);
        r.wide[c] = (int16_t)(((int)below(random, 511) - 255) * wide);
    }
    for (size_t k = 0; k < rows; k++) {
        int64_t sums[1 + MICRO_BYTES] = {0};
        for (size_t c = 0; c < columns; c++) {
            const int8_t weight = r.weights[k * columns + c] = draw_weight(random, density);
            sums[0] += weight * r.wide[c];
            for (int type = 0; type < MICRO_BYTES; type++)
                sums[1 + type] += weight * value_load(r.bytes, (enum value_type)type, c);
        }
        r.of_wide[k] = (int32_t)(uint32_t)sums[0];
        for (int type = 0; type < MICRO_BYTES; type++)
            r.of_bytes[type][k] = (int32_t)(uint32_t)sums[1 + type];
    }
    return r;
}

static void matrix_free(struct matrix *r)
{
    free(r->weights);
    free(r->wide);
    free(r->bytes);
    free(r->of_wide);
    for (int type = 0; type < MICRO_BYTES; type++)
        free(r->of_bytes[type]);
}

/* A list of things of one size that grows as its maker goes. */
struct pile {
    uint8_t *data;
    size_t size;
};

static void pile_put(struct pile *pile, const void *thing, size_t size)
{
    pile->data = realloc(pile->data, pile->size + size);
    assert_non_null(pile->data);
    memcpy(pile->data + pile->size, thing, size);
    pile->size += size;
}

static struct guarded guard(struct pile *pile, size_t unit, size_t over_read, struct random *random)
{
    const uint8_t nothing = 0;
    struct guarded g = guarded_new(pile->data ? pile->data : &nothing, pile->size, unit, over_read,
                                   below(random, 2), random);
    free(pile->data);
    return g;
}

/* Of a row's chunk the weight in column i: 0 behind the row's end. */
static int8_t weight_at(const struct matrix *r, size_t row, size_t chunk, size_t i)
{
    const size_t column = chunk * ROW_CHUNK + i;
    return column < r->columns ? r->weights[row * r->columns + column] : 0;
}

/* Dense chunks, masks and values in the order that micro.h draws. */
static void lay_out_groups(const struct matrix *r, struct pile *dense, struct pile *masks,
                           struct pile *values)
{
    for (size_t group = 0; group < r->rows; group += ROW_GROUP)
        for (size_t chunk = 0; chunk < r->chunks; chunk++)
            for (size_t row = group; row < r->rows && row < group + ROW_GROUP; row++) {
                uint64_t mask = 0;
                for (size_t i = 0; i < ROW_CHUNK; i++) {
                    const int8_t weight = weight_at(r, row, chunk, i);
                    pile_put(dense, &weight, 1);
                    if (weight)
                        pile_put(values, &weight, 1);
                    mask |= (uint64_t)(weight != 0) << i;
                }
                pile_put(masks, &mask, sizeof mask);
            }
}

static void list_rows(const struct matrix *r, struct pile *first, struct pile *columns, struct pile *values)
{
    uint32_t at = 0;
    for (size_t row = 0; row < r->rows; row++) {
        pile_put(first, &at, sizeof at);
        for (size_t c = 0; c < r->columns; c++) {
            const int8_t weight = r->weights[row * r->columns + c];
            const uint16_t column = (uint16_t)c;
            if (!weight)
                continue;
            pile_put(columns, &column, sizeof column);
            pile_put(values, &weight, 1);
            at++;
        }
    }
    pile_put(first, &at, sizeof at);
}

static void check_sums(const char *form, const struct micro_kernels *micro, const struct matrix *r,
                       const struct guarded *sums, const int32_t *expected)
{
    guarded_check(sums, false);
    if (memcmp(sums->data, expected, r->rows * sizeof *expected) != 0)
        fail_msg("%s, %s: other sums for %zu x %zu weights", form, micro->name, r->rows, r->columns);
}

static void check_groups(const struct micro_kernels *micro, const struct matrix *r, struct random *random)
{
    struct pile dense = {0}, masks = {0}, values = {0};
    lay_out_groups(r, &dense, &masks, &values);
    struct guarded weights = guard(&dense, 1, 0, random), marks = guard(&masks, sizeof(uint64_t), 0, random);
    struct guarded kept = guard(&values, 1, MICRO_OVER_READ, random);
    struct guarded input = guarded_new(r->bytes, r->columns, 1, MICRO_OVER_READ, below(random, 2), random);
    struct guarded sums =
        guarded_new(r->of_wide, r->rows * sizeof(int32_t), sizeof(int32_t), 0, below(random, 2), random);
    for (int type = 0; type < MICRO_BYTES; type++) {
        memset(sums.data, 0xA5, sums.size);
        micro->dense_rows[type]((int32_t *)sums.data, r->rows, r->chunks, (const int8_t *)weights.data,
                                input.data);
        check_sums("dense", micro, r, &sums, r->of_bytes[type]);
        memset(sums.data, 0xA5, sums.size);
        micro->masked_rows[type]((int32_t *)sums.data, r->rows, r->chunks, (const uint64_t *)marks.data,
                                 (const int8_t *)kept.data, input.data);
        check_sums("masked", micro, r, &sums, r->of_bytes[type]);
    }
    guarded_check(&weights, true);
    guarded_check(&marks, true);
    guarded_check(&kept, true);
    guarded_check(&input, true);
    guarded_free(&weights);
    guarded_free(&marks);
    guarded_free(&kept);
    guarded_free(&input);
    guarded_free(&sums);
}

static void check_lists(const struct micro_kernels *micro, const struct matrix *r, struct random *random)
{
    struct pile starts = {0}, places = {0}, values = {0};
    list_rows(r, &starts, &places, &values);
    struct guarded first = guard(&starts, sizeof(uint32_t), 0, random);
    struct guarded columns = guard(&places, sizeof(uint16_t), 0, random), kept = guard(&values, 1, 0, random);
    struct guarded input = guarded_new(r->wide, r->columns * sizeof(int16_t), sizeof(int16_t),
                                       MICRO_OVER_READ, below(random, 2), random);
    struct guarded sums =
        guarded_new(r->of_bytes[0], r->rows * sizeof(int32_t), sizeof(int32_t), 0, below(random, 2), random);
    micro->listed_rows((int32_t *)sums.data, r->rows, (const uint32_t *)first.data,
                       (const uint16_t *)columns.data, (const int8_t *)kept.data,
                       (const int16_t *)input.data);
    check_sums("listed", micro, r, &sums, r->of_wide);
    guarded_check(&first, true);
    guarded_check(&columns, true);
    guarded_check(&kept, true);
    guarded_check(&input, true);
    guarded_free(&first);
    guarded_free(&columns);
    guarded_free(&kept);
    guarded_free(&input);
    guarded_free(&sums);
}

/* Steps of spans, whatever they say: of places behind the input, where any byte may be, with weights of 0. */
static void draw_steps(struct pile *steps, struct pile *columns, size_t count, const struct matrix *r,
                       size_t width, struct random *random)
{
    for (size_t s = 0; s < count; s++) {
        const uint16_t column = (uint16_t)below(random, r->columns + MICRO_OVER_READ - width + 1);
        struct span_step step;
        for (size_t row = 0; row < SPAN_ROWS; row++)
            for (size_t i = 0; i < SPAN_TAKES; i++) {
                step.places[row][i] = (uint8_t)below(random, width);
                const bool is_input = (size_t)column + step.places[row][i] < r->columns;
                step.weights[row][i] = is_input ? draw_weight(random, 0.8f) : 0;
            }
        pile_put(steps, &step, sizeof step);
        pile_put(columns, &column, sizeof column);
    }
}

/* What a row's steps add up to. */
static int32_t sum_of_steps(const struct span_list *list, size_t row, const uint8_t *input,
                            enum value_type type)
{
    const size_t group = row / SPAN_ROWS, lane = row % SPAN_ROWS;
    int64_t sum = 0;
    for (uint32_t s = list->first[group]; s < list->first[group + 1]; s++)
        for (size_t i = 0; i < SPAN_TAKES; i++)
            if (list->steps[s].weights[lane][i])
                sum += list->steps[s].weights[lane][i] *
                       value_load(input, type, (size_t)list->columns[s] + list->steps[s].places[lane][i]);
    return (int32_t)(uint32_t)sum;
}

static void check_spans(const struct micro_kernels *micro, struct matrix *r, struct random *random)
{
    struct pile steps = {0}, columns = {0}, first = {0};
    for (size_t group = 0; group * SPAN_ROWS < r->rows + SPAN_ROWS; group++) {
        const uint32_t at = (uint32_t)(columns.size / sizeof(uint16_t));
        pile_put(&first, &at, sizeof at);
        if (group * SPAN_ROWS < r->rows)
            draw_steps(&steps, &columns, below(random, 8), r, (size_t)micro->span_columns, random);
    }
    struct guarded all = guard(&steps, 1, 0, random), places = guard(&columns, sizeof(uint16_t), 0, random);
    struct guarded starts = guard(&first, sizeof(uint32_t), 0, random);
    struct guarded input = guarded_new(r->bytes, r->columns, 1, MICRO_OVER_READ, below(random, 2), random);
    struct guarded sums =
        guarded_new(r->of_wide, r->rows * sizeof(int32_t), sizeof(int32_t), 0, below(random, 2), random);
    const struct span_list list = {(const struct span_step *)all.data, (const uint16_t *)places.data,
                                   (const uint32_t *)starts.data};
    for (int type = 0; type < MICRO_BYTES; type++) {
        for (size_t row = 0; row < r->rows; row++)
            r->of_bytes[type][row] = sum_of_steps(&list, row, r->bytes, (enum value_type)type);
        memset(sums.data, 0xA5, sums.size);
        micro->spanned_rows[type]((int32_t *)sums.data, r->rows, &list, input.data);
        check_sums("spans", micro, r, &sums, r->of_bytes[type]);
    }
    guarded_check(&all, true);
    guarded_check(&places, true);
    guarded_check(&starts, true);
    guarded_check(&input, true);
    guarded_free(&all);
    guarded_free(&places);
    guarded_free(&starts);
    guarded_free(&input);
    guarded_free(&sums);
}

static const struct micro_kernels *runnable(int column)
{
    const struct micro_kernels *micro = sned_micro_column(column);
    if (sned_micro_runs(column))
        return micro;
    print_message("%s: skipped, this machine does not have it\n", micro->name);
    return NULL;
}

static void every_column_adds_up_spans_as_their_steps_say(void **state)
{
    struct random random;
    sned_random_seed(&random, 24, 0);
    for (int column = 0; sned_micro_column(column); column++) {
        const struct micro_kernels *micro = runnable(column);
        for (int i = 0; micro && i < CASES; i++) {
            struct matrix r =
                draw_matrix(1 + below(&random, 3 * SPAN_ROWS),
                            SPAN_COLUMNS - MICRO_OVER_READ + below(&random, MOST_COLUMNS), 0, &random);
            check_spans(micro, &r, &random);
            matrix_free(&r);
        }
    }
}

static void every_column_adds_up_rows_as_the_matrix_says(void **state)
{
    static const float densities[] = {0, 0.02f, 0.1f, 0.3f, 0.7f, 1};
    struct random random;
    sned_random_seed(&random, 21, 0);
    for (int column = 0; sned_micro_column(column); column++) {
        const struct micro_kernels *micro = runnable(column);
        for (int i = 0; micro && i < CASES; i++) {
            struct matrix r = draw_matrix(1 + below(&random, MOST_ROWS), 1 + below(&random, MOST_COLUMNS),
                                          densities[below(&random, 6)], &random);
            check_groups(micro, &r, &random);
            check_lists(micro, &r, &random);
            matrix_free(&r);
        }
    }
}

/* ---- the form of a block ---- */

static enum row_form form_of(const struct micro_kernels *micro, bool bytes, size_t columns, float density)
{
    struct random random;
    sned_random_seed(&random, 22, 0);
    struct matrix r = draw_matrix(16, columns, density, &random);
    const struct row_plan plan = {.micro = micro, .columns = columns, .bytes = bytes, .streamed = true};
    struct row_block block;
    assert_int_equal(sned_row_block_make(&block, &plan, r.weights, r.rows, NULL), SNED_OK);
    const enum row_form form = block.form;
    sned_row_block_free(&block);
    matrix_free(&r);
    return form;
}

static void rows_take_the_form_that_their_density_makes_cheapest(void **state)
{
    struct micro_kernels micro = *sned_micro_column(0);
    micro.byte_rows = true;
    micro.costs = (struct micro_costs){.row_dense = 1,
                                       .row_masked = 0.6f,
                                       .row_masked_kept = 0.005f,
                                       .row_step = 1,
                                       .row_listed_kept = 0.2f,
                                       .memory_byte = 0.02f};
    assert_int_equal(form_of(&micro, true, 1024, 1), ROWS_BYTES);
    assert_int_equal(form_of(&micro, true, 1024, 0.3f), ROWS_MASKED);
    assert_int_equal(form_of(&micro, true, 1024, 0.01f), ROWS_LISTED);
    assert_int_equal(form_of(&micro, false, 1024, 1), ROWS_DENSE);
    assert_int_equal(form_of(&micro, false, 1024, 0.01f), ROWS_LISTED);
    micro.span_rows = true;
    assert_int_equal(form_of(&micro, true, 1024, 0.1f), ROWS_SPANS);
    assert_int_equal(form_of(&micro, true, 1024, 0.5f), ROWS_MASKED);
    assert_int_equal(form_of(&micro, true, 63, 0.1f), ROWS_MASKED); /* a span could not be read */
    assert_int_equal(form_of(&micro, false, 1024, 0.05f), ROWS_LISTED);
}

/* A list tells columns in 16 bits. */
static void rows_of_more_than_65536_columns_are_not_listed(void **state)
{
    assert_int_equal(form_of(sned_micro_column(0), false, 65536, 0.001f), ROWS_LISTED);
    assert_int_equal(form_of(sned_micro_column(0), false, 65537, 0.001f), ROWS_DENSE);
}

/* ---- the times ---- */

enum { BENCH_ROWS = 4096, BENCH_COLUMNS = 9216, BENCH_BLOCKS = 64, ROUNDS = 25 };

/* Seconds for reading `size` bytes in four places at once, the best of some rounds. */
static double time_reading(const void *data, size_t size)
{
    typedef uint64_t vector __attribute__((vector_size(64)));
    const vector *from = data;
    const size_t quarter = size / sizeof *from / 4;
    double best = 1;
    for (int round = 0; round < ROUNDS; round++) {
        const double begin = sned_clock();
        vector sum = {0};
        for (size_t i = 0; i < quarter; i++)
            sum ^= from[i] ^ from[quarter + i] ^ from[2 * quarter + i] ^ from[3 * quarter + i];
        __asm__ volatile("" : : "r"(sum[0] ^ sum[7]));
        const double took = sned_clock() - begin;
        best = took < best ? took : best;
    }
    return best;
}

/* A column whose costs leave it no choice but `form`. */
static struct micro_kernels only(const struct micro_kernels *micro, enum row_form form)
{
    struct micro_kernels one = *micro;
    one.byte_rows = row_form_takes_bytes(form);
    one.costs = (struct micro_costs){
        .row_dense = 1e6f, .row_masked = 1e6f, .row_step = 1e6f, .row_listed_kept = 1e6f};
    if (form == ROWS_MASKED)
        one.costs.row_masked = 0;
    else if (form == ROWS_SPANS)
        one.costs.row_step = 0;
    else if (form == ROWS_LISTED)
        one.costs.row_listed_kept = 0;
    else
        one.costs.row_dense = 0;
    return one;
}

static double time_blocks(const struct row_block *blocks, const struct row_plan *plan, const struct matrix *r)
{
    int32_t sums[BENCH_ROWS / BENCH_BLOCKS];
    double best = 1;
    for (int round = 0; round < ROUNDS; round++) {
        const double begin = sned_clock();
        for (int b = 0; b < BENCH_BLOCKS; b++)
            sned_row_block_run(&blocks[b], plan, r->bytes, r->wide, sums);
        const double took = sned_clock() - begin;
        best = took < best ? took : best;
    }
    return best;
}

static size_t block_bytes(const struct row_block *block, size_t columns, size_t kept)
{
    const size_t all = block->rows * columns;
    if (block->form == ROWS_SPANS)
        return block->spans.first[(block->rows + SPAN_ROWS - 1) / SPAN_ROWS] *
               (sizeof(struct span_step) + sizeof(uint16_t));
    return block->form == ROWS_MASKED ? all / 8 + kept : block->form == ROWS_LISTED ? 3 * kept : all;
}

static void bench_form(const struct micro_kernels *micro, enum row_form form, const struct matrix *r,
                       double bandwidth)
{
    static const char *const names[] = {"dense, 16 bits", "dense", "masked", "spans", "listed"};
    const struct micro_kernels one = only(micro, form);
    const struct row_plan plan = {.micro = &one, .columns = r->columns, .bytes = row_form_takes_bytes(form)};
    const size_t rows = r->rows / BENCH_BLOCKS;
    struct row_block blocks[BENCH_BLOCKS];
    size_t kept = 0, bytes = 0;
    for (size_t i = 0; i < r->rows * r->columns; i++)
        kept += r->weights[i] != 0;
    for (size_t b = 0; b < BENCH_BLOCKS; b++)
        assert_int_equal(
            sned_row_block_make(&blocks[b], &plan, r->weights + b * rows * r->columns, rows, NULL), SNED_OK);
    for (size_t b = 0; b < BENCH_BLOCKS; b++)
        bytes += block_bytes(&blocks[b], r->columns, kept / BENCH_BLOCKS);
    if (blocks[0].form == form) {
        const double took = time_blocks(blocks, &plan, r);
        printf("%-12s%-16s%8.2f%10.3f%12.1f%8.0f %%%12.0f\n", micro->name, names[form],
               (double)kept / (double)(r->rows * r->columns), took * 1e3, (double)bytes / took * 1e-9,
               100 * (double)bytes / took / bandwidth, took * 1e12 / (double)(r->rows * r->chunks));
    }
    for (size_t b = 0; b < BENCH_BLOCKS; b++)
        sned_row_block_free(&blocks[b]);
}

static void bench(void)
{
    static const float densities[] = {0.02f, 0.09f, 0.25f, 1};
    struct random random;
    sned_random_seed(&random, 23, 0);
    printf("%-12s%-16s%8s%10s%12s%10s%12s\n", "column", "form", "density", "ms", "GB/s", "of bound",
           "ps/chunk");
    for (int d = 0; d < 4; d++) {
        struct matrix r = draw_matrix(BENCH_ROWS, BENCH_COLUMNS, densities[d], &random);
        const size_t size = r.rows * r.columns;
        const double bandwidth = (double)size / time_reading(r.weights, size);
        for (int column = 0; sned_micro_column(column); column++)
            for (int form = ROWS_DENSE; sned_micro_runs(column) && form <= ROWS_LISTED; form++)
                if (form != ROWS_DENSE || d == 3)
                    bench_form(sned_micro_column(column), (enum row_form)form, &r, bandwidth);
        matrix_free(&r);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_adds_up_rows_as_the_matrix_says),
        cmocka_unit_test(every_column_adds_up_spans_as_their_steps_say),
        cmocka_unit_test(rows_take_the_form_that_their_density_makes_cheapest),
        cmocka_unit_test(rows_of_more_than_65536_columns_are_not_listed),
    };
    if (argc > 1 && strcmp(argv[1], "--bench") == 0) {
        bench();
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
