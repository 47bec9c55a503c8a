/*
 * npy_files.h - NumPy's array files made by hand, for the tests that read them.
 */
#ifndef SNED_TESTS_IO_NPY_FILES_H
#define SNED_TESTS_IO_NPY_FILES_H

#include "tests/io/data_files.h"

enum { NPY_SPACE = 1 << 14 };

/* The bytes of a .npy file of version `major`.0: `header`, padded as numpy.save does, then `data` [size]. */
static inline size_t npy_bytes(uint8_t *out, int major, const char *header, const void *data, size_t size)
{
    size_t start = major == 1 ? 10 : 12, length = strlen(header) + 1;

    length += (64 - (start + length) % 64) % 64;
    memcpy(out, "\x93NUMPY", 6);
    memcpy(out + 6, (uint8_t[]){(uint8_t)major, 0, (uint8_t)length, (uint8_t)(length >> 8), 0, 0}, 6);
    memset(out + start, ' ', length);
    memcpy(out + start, header, strlen(header));
    out[start + length - 1] = '\n';
    if (size)
        memcpy(out + start + length, data, size);
    return start + length + size;
}

/* A file of elements `descr` in the shape "(2, 3)". */
static inline void put_npy(const char *name, const char *descr, const char *shape, const void *data,
                           size_t size)
{
    char header[256];
    uint8_t bytes[NPY_SPACE];

    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    assert_true(size + 256 < sizeof bytes);
    put_file(name, bytes, npy_bytes(bytes, 1, header, data, size));
}

/* Three samples of four floats and their labels. */
static const float TWELVE[12] = {0, 1, 2, 3, -4, 5.5f, 1e-20f, 7, 8, 9, -10, 300};
static const int64_t LABELS[3] = {2, 0, 1};

static inline void put_three(const char *samples, const char *labels)
{
    put_npy(samples, "<f4", "(3, 4)", TWELVE, sizeof TWELVE);
    put_npy(labels, "<i8", "(3,)", LABELS, sizeof LABELS);
}

/* ---- reading ---- */

/* A network that takes values [C][H][W]. */
static inline struct dataset_options values_of(int channels, int height, int width)
{
    struct dataset_options options = input_of(channels, height, width, "");
    options.form.takes_values = true;
    return options;
}

static inline void check_data_refused(const char *spec, const struct dataset_options *options,
                                      const char *reason)
{
    struct dataset *dataset;
    sned_error error = {0};

    if (dataset_open(&dataset, in_scratch(spec), options, &error) == SNED_OK)
        fail_msg("%s is taken", spec);
    if (!strstr(error.message, reason))
        fail_msg("%s: \"%s\" lacks \"%s\"", spec, error.message, reason);
}

static inline void check_three(const char *spec, const struct dataset_options *options)
{
    float values[12];
    int32_t labels[3];
    struct dataset *dataset = open_data(in_scratch(spec), options);

    assert_int_equal(dataset_size(dataset), 3);
    assert_int_equal(dataset_item_type(dataset), ITEM_VALUES);
    assert_int_equal(dataset_item_size(dataset), 4 * sizeof(float));
    read_data(dataset, 0, 3, (uint8_t *)values, labels);
    assert_memory_equal(values, TWELVE, sizeof values);
    assert_true(labels[0] == 2 && labels[1] == 0 && labels[2] == 1);
    dataset_free(dataset);
}

#endif
