/*
 * npy_files.h - NumPy's array files made by hand, for the tests that read them.
 */
#ifndef SNED_TESTS_NPY_FILES_H
#define SNED_TESTS_NPY_FILES_H

#include "data_files.h"

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

#endif
