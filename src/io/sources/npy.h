/*
 * npy.h - one array in NumPy's .npy format, seen where its bytes lie.
 *
 * Versions 1.0, 2.0 and 3.0 are read: a magic number, the length of a header, the header (a Python dictionary
 * of descr, fortran_order and shape), the elements. What is taken is what can be read element by element
 * without a guess: little-endian numbers in C order. Nothing is copied.
 */
#ifndef SNED_IO_SOURCES_NPY_H
#define SNED_IO_SOURCES_NPY_H

#include "base/error.h"
#include <stdbool.h>

enum { NPY_MAX_RANK = 8 };

enum npy_type {
    NPY_FLOAT16,
    NPY_FLOAT32,
    NPY_FLOAT64,
    NPY_BOOL,
    NPY_UINT8,
    NPY_UINT16,
    NPY_UINT32,
    NPY_UINT64,
    NPY_INT8,
    NPY_INT16,
    NPY_INT32,
    NPY_INT64,
    NPY_TYPES
};

struct npy {
    enum npy_type type;
    int rank;
    size_t dim[NPY_MAX_RANK];
    size_t elements;
    const uint8_t *data; /* [elements], in the bytes that were parsed; of any alignment */
};

bool npy_is(const void *bytes, size_t size); /* whether they begin as a .npy file does */

/* `name` stands at the head of error messages. The elements are exactly the rest of the bytes. */
sned_status npy_parse(struct npy *npy, const void *bytes, size_t size, const char *name, sned_error *error);

const char *npy_type_name(enum npy_type type); /* as NumPy has it: "float32" */
bool npy_is_integer(enum npy_type type);
/* "[3][4]": the dimensions from `first` on; "[]" where there are none. Returns `text`. */
const char *npy_shape_text(const struct npy *npy, int first, char *text, size_t size);

/* Elements [first, first + count) as float32, rounded to nearest where they are wider. */
void npy_floats(const struct npy *npy, size_t first, size_t count, float *values);
/* Element `index` of an array of integers; what exceeds int64_t is INT64_MAX. */
int64_t npy_integer(const struct npy *npy, size_t index);

#endif
