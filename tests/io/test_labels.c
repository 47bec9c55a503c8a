/*
 * test_labels.c - texts of labels and names as editors leave them: marks, line ends, encodings.
 */
#include "tests/io/data_files.h"

#include "io/data/labels.h"

static void check_names(const char *text, const char *const *expected, int count)
{
    char **names;
    int got;
    sned_error error = {0};

    put_text("names.txt", text);
    if (class_names_read(&names, &got, in_scratch("names.txt"), &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(got, count);
    for (int i = 0; i < count; i++)
        assert_string_equal(names[i], expected[i]);
    class_names_free(names, got);
}

static void check_refused(const void *text, size_t size, const char *words)
{
    char **names;
    int count;
    sned_error error = {0};

    put_file("names.txt", text, size);
    assert_int_equal(class_names_read(&names, &count, in_scratch("names.txt"), &error), SNED_ERROR_FORMAT);
    if (!strstr(error.message, words))
        fail_msg("\"%s\" is not said in \"%s\"", words, error.message);
    assert_null(names);
}

static void a_byte_order_mark_is_no_part_of_the_first_name(void **state)
{
    check_names("\xef\xbb\xbf"
                "apple\r\nbanana\r\n",
                (const char *[]){"apple", "banana"}, 2);
    check_names("\xef\xbb\xbf"
                "0 apple\n1 banana",
                (const char *[]){"apple", "banana"}, 2);
    check_names("\xef\xbb\xbf", NULL, 0);
}

static void names_in_utf_8_stay_as_they_are(void **state)
{
    check_names("\xc3\x84pfel\n\xe6\xa2\xa8\n\xf0\x9f\x8d\x8c\n",
                (const char *[]){"\xc3\x84pfel", "\xe6\xa2\xa8", "\xf0\x9f\x8d\x8c"}, 3);
}

static void a_name_that_is_not_utf_8_is_refused_by_its_line(void **state)
{
    static const char latin[] = "Birne\n\xc4pfel\n", overlong[] = "\xc0\xaf\n", cut[] = "a\nb\n\xe6\xa2";

    check_refused(latin, sizeof latin - 1, "names.txt:2: is not UTF-8");
    check_refused(overlong, sizeof overlong - 1, "names.txt:1: is not UTF-8");
    check_refused(cut, sizeof cut - 1, "names.txt:3: is not UTF-8");
}

static void utf_16_is_called_by_its_name(void **state)
{
    static const char little[] = "\xff\xfe"
                                 "a\0\n\0",
                      big[] = "\xfe\xff\0a\0\n", unmarked[] = "a\0\n\0";

    check_refused(little, sizeof little - 1, "is UTF-16: save it as UTF-8");
    check_refused(big, sizeof big - 1, "is UTF-16");
    check_refused(unmarked, sizeof unmarked - 1, "not a text");
}

static void labels_begin_behind_a_mark_and_name_files_in_any_bytes(void **state)
{
    struct label_list list;
    sned_error error = {0};

    put_text("labels.txt", "\xef\xbb\xbf"
                           "a.jpg 3\r\n\xc4.jpg 1\r\n");
    if (labels_read(&list, in_scratch("labels.txt"), &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.entries[0].name, "a.jpg");
    assert_string_equal(list.entries[1].name, "\xc4.jpg");
    labels_free(&list);
}

static int begin(void **state)
{
    scratch_begin();
    return 0;
}

static int end(void **state)
{
    scratch_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_name),
        cmocka_unit_test(names_in_utf_8_stay_as_they_are),
        cmocka_unit_test(a_name_that_is_not_utf_8_is_refused_by_its_line),
        cmocka_unit_test(utf_16_is_called_by_its_name),
        cmocka_unit_test(labels_begin_behind_a_mark_and_name_files_in_any_bytes),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
