/*
 * test_base.c - errors, text, names, memory, the clock, threads, random numbers and bytes.
 */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/names.h"
#include "base/random.h"
#include "base/text.h"
#include "base/thread.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void error_messages_are_one_line(void **state)
{
    sned_error error;
    assert_int_equal(sned_fail(&error, SNED_ERROR_FORMAT, "node %s", "a\nb\x1b[1m"), SNED_ERROR_FORMAT);
    assert_string_equal(error.message, "node a?b?[1m");
    sned_error_context(&error, SNED_ERROR_FORMAT, "%s", "net.onnx");
    assert_string_equal(error.message, "net.onnx: node a?b?[1m");
}

static void what_a_terminal_would_obey_is_taken_out_of_text(void **state)
{
    static const struct {
        const char *text, *plain;
    } cases[] = {
        {"conv1/Äpfel 日本 \U0001f34e", "conv1/Äpfel 日本 \U0001f34e"}, /* letters of any script stay */
        {"\x1b]0;title\a\x1b[2J", "?]0;title??[2J"},                    /* escape sequences */
        {"a\nb\rc\td\x7f", "a?b?c?d?"},                                 /* lines and tabs */
        {"\302\2332J", "?2J"},                                          /* C1: CSI as one character */
        {"\2332J", "?2J"},                                     /* and as one byte, which is no UTF-8 */
        {"\xc4pfel", "?pfel"},                                 /* Latin-1 */
        {"\342\200\256gnp.exe", "?gnp.exe"},                   /* right-to-left override */
        {"\xe2\x80\xa8|\xe2\x81\xa6", "?|?"},                  /* line separator, isolate */
        {"\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80", "?????????"}, /* overlong, surrogate, beyond Unicode */
        {"cut \xe6\x97", "cut ??"},                            /* half a character at the end */
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].text);
        sned_text_plain(text);
        assert_string_equal(text, cases[i].plain);
    }
    assert_true(sned_text_is_utf8("Äpfel \xf0\x9f\x8d\x8e"));
    assert_true(sned_text_is_utf8(""));
    assert_false(sned_text_is_utf8("\xc4pfel"));
    assert_false(sned_text_is_utf8("cut \xe6\x97"));
    assert_int_equal(sned_text_width("Äpfel"), 5);
}

static void a_list_ends_in_dots_where_a_word_finds_no_room(void **state)
{
    char list[16] = "";
    sned_text_list(list, sizeof list, "one");
    assert_string_equal(list, "one");
    sned_text_list(list, sizeof list, "two");
    assert_string_equal(list, "one, two");
    sned_text_list(list, sizeof list, "three");
    assert_string_equal(list, "one, two, ...");
    sned_text_list(list, sizeof list, "4");
    assert_string_equal(list, "one, two, ...");
    char filled[16] = "";
    sned_text_list(filled, sizeof filled, "as long as can be");
    assert_string_equal(filled, "...");
}

/* CPython 3.11 hashes bytes by SipHash-1-3; with PYTHONHASHSEED=0 its key is zero. These are its
 * hash(b"..."). */
static void a_noun_goes_with_its_number(void **state)
{
    assert_string_equal(sned_text_noun(0, "class", "classes"), "classes");
    assert_string_equal(sned_text_noun(1, "class", "classes"), "class");
    assert_string_equal(sned_text_noun(2, "class", "classes"), "classes");
}

static void the_clock_never_goes_back(void **state)
{
    double last = sned_clock();
    const double first = last;
    for (int i = 0; i < 100000; i++) {
        const double now = sned_clock();
        assert_true(now >= last);
        last = now;
    }
    assert_true(last > first); /* and does not stand */
}

static void names_are_hashed_by_siphash_1_3(void **state)
{
    static const uint64_t zero[2] = {0, 0};
    assert_int_equal(sned_name_hash(zero, "a"), 0x407448d2b89b1813u);
    assert_int_equal(sned_name_hash(zero, "conv1.weight"), 0x81024b21e10a8481u);
    assert_int_equal(sned_name_hash(zero, "01234567"), 0xda3dcedf84ea6cc6u);
    assert_int_equal(sned_name_hash(zero, "0123456789abcdef0"), 0xf738bb4f30801228u);
}

static void names_that_fall_together_in_one_table_do_not_in_another(void **state)
{
    struct name_map maps[2] = {0};
    bool is_new, same = true;
    int index;
    for (int i = 0; i < 2; i++)
        assert_int_equal(sned_names_add(&maps[i], "x", 7, &index, &is_new, NULL), SNED_OK);
    same = maps[0].key[0] == maps[1].key[0] && maps[0].key[1] == maps[1].key[1];
    assert_false(same);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sned_names_find(&maps[i], "x"), 7);
        assert_int_equal(sned_names_find(&maps[i], "y"), -1);
        sned_names_free(&maps[i]);
    }
}

static void tables_of_names_keep_what_was_put_in(void **state)
{
    enum { COUNT = 5000 };
    static char names[COUNT][32];
    struct name_map map = {0};
    bool is_new;
    int index;
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "%.*s%d", i % 17, "aaaaaaaaaaaaaaaaaaaa", i);
        assert_int_equal(sned_names_add(&map, names[i], i, &index, &is_new, NULL), SNED_OK);
        assert_true(is_new);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(sned_names_find(&map, names[i]), i);
        assert_int_equal(sned_names_add(&map, names[i], -5, &index, &is_new, NULL), SNED_OK);
        assert_false(is_new);
        assert_int_equal(index, i);
    }
    sned_names_free(&map);
}

static void error_messages_are_cut_where_they_do_not_fit(void **state)
{
    sned_error error;
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    sned_fail(&error, SNED_ERROR_IO, "%s", text);
    sned_error_context(&error, SNED_ERROR_IO, "%s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    assert_int_equal(sned_fail(NULL, SNED_ERROR_IO, "nobody listens"), SNED_ERROR_IO);
}

static void allocation_refuses_sizes_that_overflow(void **state)
{
    int *numbers = (int *)1;
    sned_error error;
    assert_int_equal(sned_alloc(&numbers, SIZE_MAX / 2, sizeof *numbers, &error), SNED_ERROR_MEMORY);
    assert_null(numbers);
    assert_int_equal(sned_alloc(&numbers, 3, sizeof *numbers, &error), SNED_OK);
    assert_int_equal((uintptr_t)numbers % 64, 0);
    assert_int_equal(numbers[0] | numbers[1] | numbers[2], 0);
    free(numbers);
}

struct visits {
    atomic_int seen[1000];
    size_t fail_from;
};

static sned_status visit(void *argument, size_t index, sned_error *error)
{
    struct visits *visits = argument;
    atomic_fetch_add(&visits->seen[index], 1);
    if (index >= visits->fail_from)
        return sned_fail(error, SNED_ERROR_DATA, "item %zu", index);
    return SNED_OK;
}

static void a_parallel_loop_visits_every_index_once(void **state)
{
    static struct visits visits = {.fail_from = SIZE_MAX};
    assert_int_equal(sned_parallel_for(4, 1000, visit, &visits, NULL), SNED_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(visits.seen[i], 1);
    assert_int_equal(sned_parallel_for(4, 0, visit, &visits, NULL), SNED_OK);
}

static void a_parallel_loop_passes_the_first_failure_on(void **state)
{
    static struct visits visits = {.fail_from = 500};
    sned_error error;
    assert_int_equal(sned_parallel_for(1, 1000, visit, &visits, &error), SNED_ERROR_DATA);
    assert_string_equal(error.message, "item 500");
    assert_int_equal(visits.seen[999], 0);
}

/* First outputs of xoshiro256** from the reference code's state {1, 2, 3, 4}. */
static void random_numbers_are_those_of_the_published_generator(void **state)
{
    struct random random = {{1, 2, 3, 4}};
    assert_int_equal(sned_random_next(&random), 11520);
    assert_int_equal(sned_random_next(&random), 0);
    assert_int_equal(sned_random_next(&random), 1509978240);
    assert_int_equal(sned_random_next(&random), 1215971899390074240);
}

static void random_distributions_have_their_moments(void **state)
{
    struct random random;
    sned_random_seed(&random, 1, 0);
    double sum = 0, squares = 0;
    int counts[10] = {0};
    for (int i = 0; i < 100000; i++) {
        double x = sned_random_normal(&random);
        sum += x;
        squares += x * x;
        counts[sned_random_below(&random, 10)]++;
    }
    assert_true(fabs(sum / 1e5) < 0.02);
    assert_true(fabs(squares / 1e5 - 1) < 0.03);
    for (int i = 0; i < 10; i++)
        assert_in_range(counts[i], 9600, 10400);
}

static void a_shuffle_is_a_permutation_and_repeats_for_its_seed(void **state)
{
    struct random random;
    uint32_t a[100], b[100], seen[100] = {0};
    for (uint32_t i = 0; i < 100; i++)
        a[i] = b[i] = i;
    sned_random_seed(&random, 7, 3);
    sned_random_shuffle(&random, a, 100);
    sned_random_seed(&random, 7, 3);
    sned_random_shuffle(&random, b, 100);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < 100; i++)
        seen[a[i]]++;
    for (int i = 0; i < 100; i++)
        assert_int_equal(seen[i], 1);
}

/* IEEE 754: 1.5 is 0x3ff8 and zeros, in Python struct.pack("<d", 1.5). */
static void a_double_is_its_eight_bytes_the_lowest_first(void **state)
{
    static const uint8_t bytes[16] = {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0xff};
    struct writer writer = {0};
    struct reader reader;
    sned_write_f64(&writer, 1.5);
    sned_write_f64(&writer, -INFINITY);
    assert_int_equal(writer.buffer.size, sizeof bytes);
    assert_memory_equal(writer.buffer.data, bytes, sizeof bytes);
    sned_reader_init(&reader, bytes, sizeof bytes);
    assert_true(sned_read_f64(&reader) == 1.5 && sned_read_f64(&reader) == -INFINITY);
    assert_true(sned_read_f64(&reader) == 0 && reader.failed);
    sned_writer_free(&writer);
}

static void varints_round_trip_in_one_form_only(void **state)
{
    static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
    struct writer writer = {0};
    struct reader reader;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        sned_write_varint(&writer, values[i]);
    sned_reader_init(&reader, writer.buffer.data, writer.buffer.size);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        assert_int_equal(sned_read_varint(&reader), values[i]);
    assert_int_equal(sned_reader_left(&reader), 0);
    assert_false(reader.failed);
    sned_writer_free(&writer);

    static const uint8_t padded[] = {0x81, 0x00},
                         too_long[] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 2};
    sned_reader_init(&reader, padded, sizeof padded);
    sned_read_varint(&reader);
    assert_true(reader.failed);
    sned_reader_init(&reader, too_long, sizeof too_long);
    sned_read_varint(&reader);
    assert_true(reader.failed);
}

static void a_reader_past_its_end_stays_failed(void **state)
{
    struct reader reader;
    sned_reader_init(&reader, "\x01\x02\x03", 3);
    assert_int_equal(sned_read_u16(&reader), 0x0201);
    assert_int_equal(sned_read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(sned_read_u8(&reader), 0);
    assert_null(sned_read_bytes(&reader, SIZE_MAX));
}

/* XXH64, seed 0, as xxHash's own tests give it: of nothing, of "a", and of the beginnings of their bytes. */
static void the_hash_is_xxh64(void **state)
{
    uint8_t bytes[222];
    uint64_t generator = 2654435761u;
    for (size_t i = 0; i < sizeof bytes; i++, generator *= 11400714785074694797u)
        bytes[i] = (uint8_t)(generator >> 56);
    assert_int_equal(sned_hash("", 0), 0xef46db3751d8e999u);
    assert_int_equal(sned_hash("a", 1), 0xd24ec4f1a98c6e5bu);
    assert_int_equal(sned_hash(bytes, 1), 0xe934a84adb052768u);
    assert_int_equal(sned_hash(bytes, 4), 0x9136a0dca57457eeu);
    assert_int_equal(sned_hash(bytes, 14), 0x8282dcc4994e35c8u);
    assert_int_equal(sned_hash(bytes, 222), 0xb641ae8cb691c174u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_messages_are_one_line),
        cmocka_unit_test(what_a_terminal_would_obey_is_taken_out_of_text),
        cmocka_unit_test(a_list_ends_in_dots_where_a_word_finds_no_room),
        cmocka_unit_test(a_noun_goes_with_its_number),
        cmocka_unit_test(the_clock_never_goes_back),
        cmocka_unit_test(names_are_hashed_by_siphash_1_3),
        cmocka_unit_test(names_that_fall_together_in_one_table_do_not_in_another),
        cmocka_unit_test(tables_of_names_keep_what_was_put_in),
        cmocka_unit_test(error_messages_are_cut_where_they_do_not_fit),
        cmocka_unit_test(allocation_refuses_sizes_that_overflow),
        cmocka_unit_test(a_parallel_loop_visits_every_index_once),
        cmocka_unit_test(a_parallel_loop_passes_the_first_failure_on),
        cmocka_unit_test(random_numbers_are_those_of_the_published_generator),
        cmocka_unit_test(random_distributions_have_their_moments),
        cmocka_unit_test(a_shuffle_is_a_permutation_and_repeats_for_its_seed),
        cmocka_unit_test(a_double_is_its_eight_bytes_the_lowest_first),
        cmocka_unit_test(varints_round_trip_in_one_form_only),
        cmocka_unit_test(a_reader_past_its_end_stays_failed),
        cmocka_unit_test(the_hash_is_xxh64),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
