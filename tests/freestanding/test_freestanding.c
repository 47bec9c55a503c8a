/*
 * test_freestanding.c - the build without a system, on this machine: its memory, its text, and that it says
 * what is missing. What networks give there: cortex_m.sh.
 */
#include "base/format.h"
#include "base/system.h"
#include "sned_freestanding.h"

#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PLENTY = 1 << 21, MOST_INPUT = 1 << 10, MOST_CLASSES = 512, MOST_FILE = 1 << 13 };
static _Alignas(64) unsigned char memory[PLENTY];

/* ---- memory ---- */

struct piece {
    unsigned char *at;
    size_t size;
};

/* Another size, or none; a piece that finds no room stays as it is. */
static void change(struct piece *piece, unsigned char filler)
{
    const size_t size = (size_t)(rand() % 300);
    for (size_t k = 0; k < piece->size; k++)
        assert_int_equal(piece->at[k], filler);
    if (size == 0) {
        sned_system_give(piece->at);
        *piece = (struct piece){0};
        return;
    }
    unsigned char *at = piece->at ? sned_system_resize(piece->at, size) : sned_system_take(size);
    if (at) {
        for (size_t k = 0; k < piece->size && k < size; k++)
            assert_int_equal(at[k], filler);
        *piece = (struct piece){at, size};
        memset(at, filler, size);
    }
}

static void pieces_keep_what_is_in_them(void **state)
{
    enum { PIECES = 40 };
    struct piece pieces[PIECES] = {0};
    sned_freestanding_use(memory, 4096);
    srand(3);
    for (int turn = 0; turn < 20000; turn++) {
        const int i = rand() % PIECES;
        change(&pieces[i], (unsigned char)(i + 1));
        assert_int_equal((uintptr_t)pieces[i].at % _Alignof(max_align_t), 0);
        assert_in_range(sned_freestanding_used(), 0, 4096);
    }
    for (int i = 0; i < PIECES; i++)
        sned_system_give(pieces[i].at);
    assert_non_null(sned_system_take(4000)); /* all of it is one piece again */
}

static void nothing_outside_the_array_is_touched(void **state)
{
    memset(memory, 0x77, 256);
    for (size_t size = 0; size <= 128; size++) {
        sned_freestanding_use(memory + 33, size);
        while (sned_system_take(8))
            continue;
    }
    for (int i = 0; i < 256; i++)
        if (i < 33 || i >= 33 + 128)
            assert_int_equal(memory[i], 0x77);
}

static void sizes_that_no_memory_has_are_refused(void **state)
{
    sned_freestanding_use(memory, 4096);
    void *piece = sned_system_take(100);
    assert_null(sned_system_take(SIZE_MAX));
    assert_null(sned_system_take(PTRDIFF_MAX));
    assert_null(sned_system_resize(piece, SIZE_MAX - 8));
    sned_freestanding_use(NULL, 0);
    assert_null(sned_system_take(1));
}

/* ---- opening and running ---- */

static unsigned char file[MOST_FILE];
static size_t file_size;

static int read_network(void **state)
{
    FILE *stream = fopen("tests/vectors/format1/network12.sned", "rb");
    file_size = stream ? fread(file, 1, sizeof file, stream) : 0;
    return stream && fclose(stream) == 0 && file_size > 0 ? 0 : -1;
}

/* In an array of so many bytes. */
static sned_status open_and_run(size_t size, sned_error *error)
{
    static const float values[MOST_INPUT] = {1, 2, 3};
    float scores[MOST_CLASSES];
    sned_model *model;
    sned_context *context = NULL;
    sned_freestanding_use(memory, size);
    sned_status status = sned_open_memory(&model, file, file_size, error);
    if (status == SNED_OK)
        status = sned_context_new(&context, model, error);
    if (status == SNED_OK) {
        assert_in_range(sned_model_get_info(model)->classes, 1, MOST_CLASSES);
        status = sned_run_values(context, values, 1, scores, error);
    }
    sned_context_free(context);
    sned_close(model);
    return status;
}

static void an_array_of_as_many_bytes_as_were_used_is_enough(void **state)
{
    sned_error error;
    assert_int_equal(open_and_run(PLENTY, &error), SNED_OK);
    const size_t used = sned_freestanding_used();
    assert_in_range(used, 1, PLENTY / 4);
    assert_int_equal(open_and_run(used, &error), SNED_OK);
    assert_int_equal(sned_freestanding_used(), used);
    assert_int_equal(open_and_run(used - _Alignof(max_align_t), &error), SNED_ERROR_MEMORY);
}

/* Wherever memory ends, all that was taken has come back. */
static void an_array_that_is_too_small_is_an_error_that_says_how_much_more(void **state)
{
    sned_error error;
    size_t size = 0, more;
    int errors = 0;
    while (open_and_run(size, &error) != SNED_OK) {
        const char *had = strstr(error.message, " had "), *comma = strstr(error.message, ", ");
        assert_int_equal(error.status, SNED_ERROR_MEMORY);
        assert_true(had && comma);
        assert_int_equal(strtoul(had + 5, NULL, 10), size);
        more = strtoul(comma + 2, NULL, 10);
        assert_in_range(more, 1, PLENTY);
        if (size >= 64)
            assert_non_null(sned_system_take(size - 32));
        size += more;
        errors++;
    }
    assert_in_range(errors, 10, 1000);
}

static void threads_that_are_asked_for_are_one(void **state)
{
    sned_model *model;
    sned_context *context;
    sned_error error;
    float values[MOST_INPUT] = {1, 2, 3}, one[MOST_CLASSES], many[MOST_CLASSES];
    sned_freestanding_use(memory, PLENTY);
    assert_int_equal(sned_open_memory_with(&model, file, file_size, &(sned_limits){.threads = 8}, &error),
                     SNED_OK);
    assert_int_equal(sned_context_new(&context, model, &error), SNED_OK);
    assert_int_equal(sned_run_values(context, values, 1, one, &error), SNED_OK);
    sned_context_free(context);
    assert_int_equal(sned_context_new_with(&context, model, &(sned_context_options){.threads = 8}, &error),
                     SNED_OK);
    assert_int_equal(sned_run_values(context, values, 1, many, &error), SNED_OK);
    assert_memory_equal(one, many, (size_t)sned_model_get_info(model)->classes * sizeof *one);
    sned_context_free(context);
    sned_close(model);
}

/* ---- text ---- */

#define SAME_AS_STDIO(size, ...)                                                                             \
    do {                                                                                                     \
        char ours[64], theirs[64];                                                                           \
        memset(ours, '!', sizeof ours);                                                                      \
        memset(theirs, '!', sizeof theirs);                                                                  \
        assert_int_equal(sned_format(ours, size, __VA_ARGS__), snprintf(theirs, size, __VA_ARGS__));         \
        assert_memory_equal(ours, theirs, sizeof ours);                                                      \
    } while (0)

static void text_is_what_stdio_makes_of_it(void **state)
{
    for (size_t size = 0; size <= 32; size++)
        SAME_AS_STDIO(size, "%s: %.3s, %.*s|%%|%d", "name", "abcdef", 2, "xyz", -17);
    SAME_AS_STDIO(64, "%d %d %u", INT_MIN, INT_MAX, UINT_MAX);
    SAME_AS_STDIO(64, "%lld %llu", LLONG_MIN, ULLONG_MAX);
    SAME_AS_STDIO(64, "%lld %zu %d", 0ll, SIZE_MAX, 5);
    SAME_AS_STDIO(64, "%.*s.", -1, "all of it");
}

static void numbers_with_a_point_are_what_stdio_makes_of_them(void **state)
{
    static const double numbers[] = {0,        1,           -1,       0.5,        -2.25,  100000,
                                     999999.5, 1e6,         123456.7, 1e-4,       9.5e-5, 3.14159265,
                                     1e300,    -1.5e-7,     255,      0.00392157, 2.5e10, 1 / 3.,
                                     12345,    -99999.9999, INFINITY, -INFINITY,  1e-300, 70};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        SAME_AS_STDIO(64, "from %g to", numbers[i]);
    SAME_AS_STDIO(64, "%g", __builtin_nan(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_keep_what_is_in_them),
        cmocka_unit_test(nothing_outside_the_array_is_touched),
        cmocka_unit_test(sizes_that_no_memory_has_are_refused),
        cmocka_unit_test(an_array_of_as_many_bytes_as_were_used_is_enough),
        cmocka_unit_test(an_array_that_is_too_small_is_an_error_that_says_how_much_more),
        cmocka_unit_test(threads_that_are_asked_for_are_one),
        cmocka_unit_test(text_is_what_stdio_makes_of_it),
        cmocka_unit_test(numbers_with_a_point_are_what_stdio_makes_of_them),
    };
    return cmocka_run_group_tests(tests, read_network, NULL);
}
