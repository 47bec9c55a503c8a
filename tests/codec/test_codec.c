/*
 * test_codec.c - the formats of a layer's weights: what they hold, how many bytes they take, what they
 * refuse.
 */
#include "codec/codec.h"
#include "tests/common/integer_graphs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct buffer encode(enum weight_format format, const int8_t *weights, const int shape[4])
{
    struct buffer out = {0};
    sned_error error;
    if (sned_weights_encode(format, weights, shape, &out, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return out;
}

static void assert_bytes(struct buffer *buffer, const void *expected, size_t size)
{
    assert_int_equal(buffer->size, size);
    if (size)
        assert_memory_equal(buffer->data, expected, size);
    sned_buffer_free(buffer);
}

static sned_status decode(enum weight_format format, const void *data, size_t size, const int shape[4])
{
    int8_t weights[65536];
    sned_error error = {0};
    sned_status status = sned_weights_decode(format, data, size, shape, weights, &error);
    assert_true(status == SNED_OK || error.message[0]);
    return status;
}

/* ---- what the bytes are: docs/format.md ---- */

static void dense8_is_the_weights_as_they_are(void **state)
{
    const int8_t weights[] = {-127, 0, 5, 127};
    struct buffer out = encode(FORMAT_DENSE8, weights, (const int[]){2, 2, 1, 1});
    assert_bytes(&out, weights, sizeof weights);
}

static void gap16_counts_the_zeros_before_a_value(void **state)
{
    const int8_t weights[] = {7, 0, 0, -2, 0};
    struct buffer out = encode(FORMAT_GAP16, weights, (const int[]){1, 5, 1, 1});
    assert_bytes(&out, (const uint8_t[]){0, 7, 2, 0xfe}, 4);
}

static void gap16_bridges_more_than_255_zeros_with_zeros(void **state)
{
    int8_t weights[1024] = {0};
    weights[255] = 1;           /* a gap of 255 needs no bridge */
    weights[255 + 1 + 256] = 2; /* a gap of 256 needs one */
    struct buffer out = encode(FORMAT_GAP16, weights, (const int[]){1, 1024, 1, 1});
    assert_bytes(&out, (const uint8_t[]){255, 1, 255, 0, 0, 2}, 6);
}

static void ccoo16_names_row_and_column_in_the_kernel(void **state)
{
    int8_t weights[11 * 11] = {0};
    weights[10 * 11 + 9] = -3;
    struct buffer out = encode(FORMAT_CCOO16, weights, (const int[]){1, 1, 11, 11});
    assert_bytes(&out, (const uint8_t[]){0xa9, 0xfd}, 2);
}

static void ccoo16_moves_on_by_what_the_fields_have_room_for(void **state)
{
    int8_t weights[30 * 9] = {0};
    weights[0 * 9 + 8] = 1;  /* row 2, column 2 */
    weights[1 * 9 + 8] = 2;  /* one kernel on: a = 1 */
    weights[6 * 9 + 0] = 3;  /* five on: b = 1 */
    weights[29 * 9 + 4] = 4; /* 23 on: a = 3, b = 4 */
    struct buffer out = encode(FORMAT_CCOO16, weights, (const int[]){30, 1, 3, 3});
    assert_bytes(&out, (const uint8_t[]){0x22, 1, 0x52, 2, 0x03, 3, 0xad, 4}, 8);
}

static void ccoo16_moves_farther_by_entries_of_value_0(void **state)
{
    static int8_t weights[700 * 9];
    weights[25 * 9] = 1;  /* one too many for 3 x 3 */
    weights[650 * 9] = 2; /* 625 on: 256, 256, 113 */
    struct buffer out = encode(FORMAT_CCOO16, weights, (const int[]){700, 1, 3, 3});
    assert_bytes(&out, (const uint8_t[]){24, 0, 0, 1, 255, 0, 255, 0, 112, 0, 0, 2}, 12);
}

static void ccoo16_of_large_kernels_has_no_room(void **state)
{
    static int8_t weights[3 * 121];
    weights[0] = 1;
    weights[2 * 121 + 120] = 2;
    struct buffer out = encode(FORMAT_CCOO16, weights, (const int[]){1, 3, 11, 11});
    assert_bytes(&out, (const uint8_t[]){0, 1, 1, 0, 0xaa, 2}, 6);
}

static void zeros_alone_take_no_bytes_in_the_sparse_formats(void **state)
{
    const int8_t weights[300] = {0};
    for (int format = FORMAT_CCOO16; format <= FORMAT_GAP16; format++) {
        struct buffer out = encode((enum weight_format)format, weights, (const int[]){3, 4, 5, 5});
        assert_bytes(&out, NULL, 0);
    }
}

/* ---- round trips ---- */

static void every_format_gives_back_what_it_took(void **state)
{
    static const int shapes[][4] = {{1, 1, 1, 1},   {20, 1, 5, 5},  {50, 20, 5, 5},   {96, 3, 11, 11},
                                    {32, 32, 3, 3}, {64, 64, 1, 1}, {100, 300, 1, 1}, {8, 8, 1, 7},
                                    {3, 700, 1, 1}, {5, 3, 16, 16}, {0, 4, 3, 3},     {10, 1, 3, 16}};
    static const float densities[] = {0, 0.001f, 0.01f, 0.06f, 0.2f, 0.5f, 0.9f, 1};
    struct random random;
    sned_random_seed(&random, 7, 0);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        size_t count = (size_t)shapes[i][0] * shapes[i][1] * shapes[i][2] * shapes[i][3];
        int8_t *weights = malloc(count + 1), *decoded = malloc(count + 1);
        for (size_t d = 0; d < sizeof densities / sizeof *densities; d++) {
            random_weights(&random, weights, count, densities[d]);
            for (int format = 0; format < FORMAT_COUNT; format++) {
                if (format == FORMAT_MIXED)
                    continue; /* no format of a layer alone */
                sned_error error;
                struct buffer out = encode((enum weight_format)format, weights, shapes[i]);
                memset(decoded, 0x55, count + 1);
                assert_int_equal(sned_weights_decode((enum weight_format)format, out.data, out.size,
                                                     shapes[i], decoded, &error),
                                 SNED_OK);
                assert_memory_equal(decoded, weights, count);
                assert_int_equal(decoded[count], 0x55);
                sned_buffer_free(&out);
            }
        }
        free(weights);
        free(decoded);
    }
}

static void sparse_formats_cost_about_two_bytes_a_weight_kept(void **state)
{
    const int conv[4] = {64, 64, 3, 3}, fc[4] = {300, 784, 1, 1};
    int8_t *weights = malloc(300 * 784);
    struct random random;
    sned_random_seed(&random, 8, 0);
    random_weights(&random, weights, 64 * 64 * 9, 0.37f);
    struct buffer ccoo = encode(FORMAT_CCOO16, weights, conv);
    assert_in_range(ccoo.size, 64 * 64 * 9 * 0.37 * 1.95, 64 * 64 * 9 * 0.37 * 2.05);
    random_weights(&random, weights, 300 * 784, 0.06f);
    struct buffer gap = encode(FORMAT_GAP16, weights, fc);
    assert_in_range(gap.size, 300 * 784 * 0.06 * 1.95, 300 * 784 * 0.06 * 2.05);
    sned_buffer_free(&ccoo);
    sned_buffer_free(&gap);
    free(weights);
}

/* ---- what is refused ---- */

static void encoding_refuses_what_a_format_cannot_hold(void **state)
{
    static const int8_t weights[17 * 17] = {0}, lowest[] = {-128};
    struct buffer out = {0};
    sned_error error;
    assert_int_equal(sned_weights_encode(FORMAT_CCOO16, weights, (const int[]){1, 1, 17, 1}, &out, &error),
                     SNED_ERROR_UNSUPPORTED);
    assert_int_equal(sned_weights_encode(FORMAT_CCOO16, weights, (const int[]){1, 1, 1, 17}, &out, &error),
                     SNED_ERROR_UNSUPPORTED);
    assert_int_equal(sned_weights_encode(FORMAT_MIXED, weights, (const int[]){1, 1, 1, 1}, &out, &error),
                     SNED_ERROR_UNSUPPORTED); /* it has no stream of a layer alone */
    assert_int_equal(sned_weights_encode(FORMAT_COUNT, weights, (const int[]){1, 1, 1, 1}, &out, &error),
                     SNED_ERROR_ARGUMENT);
    assert_int_equal(
        sned_weights_encode(FORMAT_GAP16, weights, (const int[]){1 << 20, 1 << 20, 1, 1}, &out, &error),
        SNED_ERROR_SHAPE);
    assert_int_equal(sned_weights_encode(FORMAT_GAP16, weights, (const int[]){1, 0, 1, 1}, &out, &error),
                     SNED_ERROR_SHAPE);
    for (int format = 0; format < FORMAT_MIXED; format++)
        assert_int_equal(
            sned_weights_encode((enum weight_format)format, lowest, (const int[]){1, 1, 1, 1}, &out, &error),
            SNED_ERROR_ARGUMENT);
    assert_int_equal(sned_weights_encode(FORMAT_RANS, lowest, (const int[]){1, 1, 1, 1}, &out, &error),
                     SNED_ERROR_ARGUMENT);
    assert_int_equal(out.size, 0);
    sned_buffer_free(&out);
}

static void decoding_refuses_bytes_that_do_not_fit_the_shape(void **state)
{
    const int shape[4] = {2, 2, 3, 3}, line[4] = {1, 300, 1, 1};
    assert_int_equal(decode(FORMAT_DENSE8, "abc", 3, shape), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_GAP16, "\0\1\0", 3, shape), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_CCOO16, "\0\1\0", 3, shape), SNED_ERROR_FORMAT);
    /* gap16: entries past the end, also by a bridge, and a zero that bridges nothing */
    assert_int_equal(decode(FORMAT_GAP16, "\x23\1", 2, shape), SNED_OK);
    assert_int_equal(decode(FORMAT_GAP16, "\x24\1", 2, shape), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_GAP16, "\x23\1\0\1", 4, shape), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_GAP16, "\xff\0\xff\0", 4, line), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_GAP16, "\5\0", 2, line), SNED_ERROR_FORMAT);
    /* ccoo16: kernels past the last, by either kind of entry, and fields that no row or column has */
    assert_int_equal(decode(FORMAT_CCOO16, "\xbb\1", 2, (const int[]){5, 1, 3, 3}), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_CCOO16, "\xb2\1", 2, shape), SNED_OK);
    assert_int_equal(decode(FORMAT_CCOO16, "\xb2\1\x30\1", 4, shape), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_CCOO16, "\2\0\0\1", 4, shape), SNED_OK);
    assert_int_equal(decode(FORMAT_CCOO16, "\3\0\0\1", 4, shape), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_CCOO16, "\xf0\1", 2, (const int[]){100, 1, 3, 3}), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_CCOO16, "\x0f\1", 2, (const int[]){100, 1, 3, 3}), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_CCOO16, "", 0, (const int[]){1, 1, 17, 1}), SNED_ERROR_UNSUPPORTED);
    /* no filters, but an entry */
    assert_int_equal(decode(FORMAT_GAP16, "\0\1", 2, (const int[]){0, 2, 3, 3}), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_CCOO16, "\0\1", 2, (const int[]){0, 2, 3, 3}), SNED_ERROR_FORMAT);
    /* -128, and formats that are not known */
    assert_int_equal(decode(FORMAT_DENSE8, "\x80", 1, (const int[]){1, 1, 1, 1}), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_GAP16, "\0\x80", 2, shape), SNED_ERROR_FORMAT);
    assert_int_equal(decode(FORMAT_CCOO16, "\0\x80", 2, shape), SNED_ERROR_FORMAT);
    assert_int_equal(decode((enum weight_format)9, "", 0, shape), SNED_ERROR_UNSUPPORTED);
}

static void decoding_never_leaves_the_weights(void **state)
{
    static const int shapes[][4] = {{2, 3, 3, 3}, {1, 40, 1, 1}, {4, 1, 11, 11}, {1, 1, 16, 16}};
    struct random random;
    sned_random_seed(&random, 9, 0);
    for (int i = 0; i < 20000; i++) {
        const int *shape = shapes[i % 4];
        size_t count = (size_t)shape[0] * shape[1] * shape[2] * shape[3];
        size_t size = sned_random_below(&random, 40);
        /* of their own size, so that AddressSanitizer sees one byte too many */
        uint8_t *data = malloc(size ? size : 1);
        int8_t *weights = malloc(count);
        for (size_t k = 0; k < size; k++)
            data[k] = (uint8_t)(sned_random_next(&random) & (i & 1 ? 0x33 : 0xff));
        sned_weights_decode((enum weight_format)(i % FORMAT_COUNT), data, size, shape, weights, NULL);
        free(data);
        free(weights);
    }
}

static void formats_have_names(void **state)
{
    assert_string_equal(sned_format_name(FORMAT_DENSE8), "dense8");
    assert_string_equal(sned_format_name(FORMAT_CCOO16), "ccoo16");
    assert_string_equal(sned_format_name(FORMAT_GAP16), "gap16");
    assert_string_equal(sned_format_name(FORMAT_MIXED), "mixed");
    assert_string_equal(sned_format_name(FORMAT_RANS), "rans");
    assert_string_equal(sned_format_name((enum weight_format)77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense8_is_the_weights_as_they_are),
        cmocka_unit_test(gap16_counts_the_zeros_before_a_value),
        cmocka_unit_test(gap16_bridges_more_than_255_zeros_with_zeros),
        cmocka_unit_test(ccoo16_names_row_and_column_in_the_kernel),
        cmocka_unit_test(ccoo16_moves_on_by_what_the_fields_have_room_for),
        cmocka_unit_test(ccoo16_moves_farther_by_entries_of_value_0),
        cmocka_unit_test(ccoo16_of_large_kernels_has_no_room),
        cmocka_unit_test(zeros_alone_take_no_bytes_in_the_sparse_formats),
        cmocka_unit_test(every_format_gives_back_what_it_took),
        cmocka_unit_test(sparse_formats_cost_about_two_bytes_a_weight_kept),
        cmocka_unit_test(encoding_refuses_what_a_format_cannot_hold),
        cmocka_unit_test(decoding_refuses_bytes_that_do_not_fit_the_shape),
        cmocka_unit_test(decoding_never_leaves_the_weights),
        cmocka_unit_test(formats_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
