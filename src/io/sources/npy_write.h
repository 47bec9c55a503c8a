/*
 * npy_write.h - NumPy's array files out: .npy, and .npz, which is a zip of them.
 */
#ifndef SNED_IO_SOURCES_NPY_WRITE_H
#define SNED_IO_SOURCES_NPY_WRITE_H

#include "base/file.h"
#include "io/sources/npy.h"

/* An array to be written: elements of NumPy's type `descr` ("<f4"), C order. */
struct npy_output {
    const char *name; /* in a .npz, UTF-8 */
    const char *descr;
    int rank;
    size_t dim[NPY_MAX_RANK];
    const void *data;
    size_t size; /* bytes of data */
};

/* Both give the same bytes for the same arrays: no time, no owner. */
sned_status npy_write(struct output *output, const struct npy_output *array, sned_error *error);
sned_status npz_write(struct output *output, const struct npy_output *arrays, size_t count,
                      sned_error *error);

/* `texts` as an array of NumPy's strings, "<U" and *letters: *elements [count][*letters] of UTF-32, owned,
 * free(). Bytes that are no UTF-8 become what Python's os.fsdecode makes of them. */
sned_status npy_texts(uint32_t **elements, size_t *letters, const char *const *texts, size_t count,
                      sned_error *error);

#endif
