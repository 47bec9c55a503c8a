/*
 * test_npy.c - .npy files: what numpy.save writes is read, and nothing else.
 *
 * The whole files below are numpy.save's own bytes; single numbers are those of IEEE 754.
 */
#include "tests/io/npy_files.h"

#include "io/sources/npy.h"

#include <math.h>

static const char GOOD[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
static const float SIX[6] = {0, -1.5f, 2, 3, 1e-3f, 4096};

static sned_status parse(struct npy *npy, const void *bytes, size_t size, sned_error *error)
{
    return npy_parse(npy, bytes, size, "x.npy", error);
}

/* A file of this header and these bytes is refused, for this reason. */
static void check_refused(const char *header, size_t size, sned_status status, const char *reason)
{
    static uint8_t bytes[NPY_SPACE];
    static const uint8_t zeros[4096];
    struct npy npy;
    sned_error error = {0};
    size_t whole = npy_bytes(bytes, 1, header, zeros, size);

    sned_status got = parse(&npy, bytes, whole, &error);
    if (got != status || !strstr(error.message, reason) || strncmp(error.message, "x.npy: ", 7) != 0)
        fail_msg("%s: status %d, \"%s\"", header, got, error.message);
}

/* Elements of one type, read as floats and, of integers, as integers. */
static void check_numbers(const char *descr, const void *data, size_t size, size_t count,
                          const double *wanted)
{
    uint8_t bytes[NPY_SPACE];
    char header[128];
    struct npy npy;
    float value;

    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }", descr,
             count);
    size_t whole = npy_bytes(bytes, 1, header, data, size);
    assert_int_equal(parse(&npy, bytes, whole, NULL), SNED_OK);
    for (size_t i = 0; i < count; i++) {
        npy_floats(&npy, i, 1, &value);
        assert_true(value == (float)wanted[i]);
        if (npy_is_integer(npy.type))
            assert_true((double)npy_integer(&npy, i) == wanted[i]);
    }
}

static void reads_what_numpy_saves(void **state)
{
    /* numpy.save of numpy.array([[1, 2], [3, 300]], dtype="uint16") */
    static const uint8_t saved[] =
        "\x93NUMPY\x01\x00\x76\x00{'descr': '<u2', 'fortran_order': False, 'shape': (2, 2), }"
        "                                                          \n\x01\x00\x02\x00\x03\x00\x2c\x01";
    struct npy npy;
    sned_error error = {0};

    if (parse(&npy, saved, sizeof saved - 1, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_int_equal(npy.type, NPY_UINT16);
    assert_int_equal(npy.rank, 2);
    assert_true(npy.dim[0] == 2 && npy.dim[1] == 2 && npy.elements == 4);
    assert_int_equal(npy_integer(&npy, 3), 300);
}

static void reads_all_versions(void **state)
{
    uint8_t bytes[NPY_SPACE];
    struct npy npy;
    float values[6];

    for (int major = 1; major <= 3; major++) {
        size_t size = npy_bytes(bytes, major, GOOD, SIX, sizeof SIX);
        assert_int_equal(parse(&npy, bytes, size, NULL), SNED_OK);
        assert_true(npy.type == NPY_FLOAT32 && npy.rank == 2 && npy.dim[0] == 2 && npy.dim[1] == 3);
        npy_floats(&npy, 0, 6, values);
        assert_memory_equal(values, SIX, sizeof SIX);
    }
}

static void reads_every_type(void **state)
{
    check_numbers("<f2", (uint16_t[]){0x3c00, 0xc000, 0x0001, 0x7bff}, 8, 4,
                  (double[]){1, -2, 5.9604644775390625e-8, 65504});
    check_numbers("<f4", (float[]){0.1f, -3e38f}, 8, 2, (double[]){0.1f, -3e38f});
    check_numbers("<f8", (double[]){0.1, 1.0 + 1e-10}, 16, 2, (double[]){0.1f, 1});
    check_numbers("|b1", (uint8_t[]){0, 1}, 2, 2, (double[]){0, 1});
    check_numbers("|u1", (uint8_t[]){0, 255}, 2, 2, (double[]){0, 255});
    check_numbers("<u4", (uint32_t[]){4000000000u}, 4, 1, (double[]){4e9});
    check_numbers("<u8", (uint64_t[]){7}, 8, 1, (double[]){7});
    check_numbers("|i1", (int8_t[]){-128, 127}, 2, 2, (double[]){-128, 127});
    check_numbers("<i2", (int16_t[]){-32768, 3}, 4, 2, (double[]){-32768, 3});
    check_numbers("<i4", (int32_t[]){-2, 70000}, 8, 2, (double[]){-2, 70000});
    check_numbers("<i8", (int64_t[]){-5, 1ll << 40}, 16, 2, (double[]){-5, 1099511627776.0});
}

static void takes_any_order_of_keys_and_either_quote(void **state)
{
    static const char *const headers[] = {
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
        "{ 'fortran_order' : False , 'shape' : ( 2 , 3 , ) , 'descr' : '<f4' }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }"};
    uint8_t bytes[NPY_SPACE];
    struct npy npy;

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        size_t size = npy_bytes(bytes, 1, headers[i], SIX, sizeof SIX);
        assert_int_equal(parse(&npy, bytes, size, NULL), SNED_OK);
        assert_true(npy.rank == 2 && npy.elements == 6);
    }
}

static void a_vector_has_no_order(void **state)
{
    uint8_t bytes[NPY_SPACE];
    struct npy npy;
    size_t size =
        npy_bytes(bytes, 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (6,), }", SIX, sizeof SIX);

    assert_int_equal(parse(&npy, bytes, size, NULL), SNED_OK);
    size = npy_bytes(bytes, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", SIX, 4);
    assert_int_equal(parse(&npy, bytes, size, NULL), SNED_OK);
    assert_true(npy.rank == 0 && npy.elements == 1);
}

static void refuses_what_needs_another_order_or_type(void **state)
{
    const char *advice = "ascontiguousarray(x, dtype=\"float32\")";

    check_refused("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", 24, SNED_ERROR_UNSUPPORTED,
                  advice);
    check_refused("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", 24, SNED_ERROR_UNSUPPORTED,
                  advice);
    check_refused("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", 24, SNED_ERROR_UNSUPPORTED,
                  advice);
    check_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", 8,
                  SNED_ERROR_UNSUPPORTED, advice);
    check_refused("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", 16, SNED_ERROR_UNSUPPORTED,
                  advice);
    check_refused("{'descr': '<U5', 'fortran_order': False, 'shape': (2,), }", 40, SNED_ERROR_UNSUPPORTED,
                  "of labels save numpy.unique(y, return_inverse=True)[1]");
}

static void refuses_sizes_that_are_not_the_shapes(void **state)
{
    check_refused(GOOD, 23, SNED_ERROR_TRUNCATED, "announces 24 bytes after its header but holds 23");
    check_refused(GOOD, 28, SNED_ERROR_FORMAT, "holds 28");
    check_refused("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0,
                  SNED_ERROR_FORMAT, "more bytes than there can be");
    check_refused("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999999,), }", 0,
                  SNED_ERROR_FORMAT, "more bytes than there can be");
    check_refused("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693953,), }", 8,
                  SNED_ERROR_FORMAT, "more bytes than there can be");
    check_refused("{'descr': '|u1', 'fortran_order': False, 'shape': (18446744073709551615, 0), }", 1,
                  SNED_ERROR_FORMAT, "holds 1");
}

static void refuses_other_headers(void **state)
{
    static const char *const headers[] = {
        "",
        "{}",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6 6)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [6]}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} print(1)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6)}",
        "{'descr': '<f4",
    };

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        check_refused(headers[i], 24, SNED_ERROR_FORMAT, "its header is not");
}

static void refuses_other_versions_and_lengths(void **state)
{
    uint8_t bytes[NPY_SPACE];
    struct npy npy;
    sned_error error = {0};
    size_t size = npy_bytes(bytes, 1, GOOD, SIX, sizeof SIX);

    bytes[6] = 4;
    assert_int_equal(parse(&npy, bytes, size, &error), SNED_ERROR_VERSION);
    npy_bytes(bytes, 2, GOOD, SIX, sizeof SIX);
    memcpy(bytes + 8, "\xff\xff\xff\xff", 4);
    assert_int_equal(parse(&npy, bytes, size, &error), SNED_ERROR_FORMAT);
    assert_non_null(strstr(error.message, "announces a header of 4294967295 bytes"));
    assert_int_equal(parse(&npy, "PK\3\4", 4, &error), SNED_ERROR_FORMAT);
}

/* Every file cut short, each in memory of just its size, where a sanitizer sees one byte too many. */
static void refuses_every_truncation(void **state)
{
    uint8_t bytes[NPY_SPACE];
    struct npy npy;

    for (int major = 1; major <= 2; major++) {
        size_t size = npy_bytes(bytes, major, GOOD, SIX, sizeof SIX);
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *copy = malloc(cut + 1);
            memcpy(copy, bytes, cut);
            assert_int_not_equal(parse(&npy, copy, cut, NULL), SNED_OK);
            free(copy);
        }
    }
}

/* A header with one byte changed gives an error or an array that lies within the file. */
static void survives_every_changed_byte(void **state)
{
    uint8_t bytes[NPY_SPACE];
    struct npy npy;
    float value;
    size_t size = npy_bytes(bytes, 1, GOOD, SIX, sizeof SIX);

    for (size_t at = 0; at < 10 + sizeof GOOD; at++)
        for (int change = 1; change < 256; change++) {
            bytes[at] ^= (uint8_t)change;
            if (parse(&npy, bytes, size, NULL) == SNED_OK && npy.elements) {
                assert_true(npy.data > bytes && npy.data < bytes + size);
                npy_floats(&npy, npy.elements - 1, 1, &value);
            }
            bytes[at] ^= (uint8_t)change;
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_numpy_saves),
        cmocka_unit_test(reads_all_versions),
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(takes_any_order_of_keys_and_either_quote),
        cmocka_unit_test(a_vector_has_no_order),
        cmocka_unit_test(refuses_what_needs_another_order_or_type),
        cmocka_unit_test(refuses_sizes_that_are_not_the_shapes),
        cmocka_unit_test(refuses_other_headers),
        cmocka_unit_test(refuses_other_versions_and_lengths),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_every_changed_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
