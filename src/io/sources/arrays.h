/*
 * arrays.h - NumPy arrays by name: a .npy file, the members of a .npz, the .npy files of a folder; and which
 * of them are a split's samples and labels.
 */
#ifndef SNED_IO_SOURCES_ARRAYS_H
#define SNED_IO_SOURCES_ARRAYS_H

#include "base/report.h"
#include "io/data/dataset.h"
#include "io/sources/npy.h"
#include "io/sources/zip_file.h"

struct array {
    char *name; /* owned, for messages: "x.npy", "a.npz:x" */
    struct npy npy;
    struct unpacked bytes;
};
sned_status array_open(struct array *array, const char *path, size_t memory_budget, sned_error *error);
void array_free(struct array *array); /* {0} is fine */

/* The arrays in one place: a .npz, or a folder. */
struct array_set {
    char *place; /* owned */
    bool is_folder;
    struct zip_file zip;    /* of a .npz */
    struct name_list names; /* without ".npy" */
};
sned_status array_set_open(struct array_set *set, const char *place, sned_error *error);
void array_set_free(struct array_set *set);
/* An array of the set, which must stay open as long as it. */
sned_status array_set_read(struct array *array, const struct array_set *set, const char *name,
                           size_t memory_budget, sned_error *error);

/* Whether the file `path` is an array or a .npz, by its first bytes. */
enum array_file { ARRAY_FILE_NONE, ARRAY_FILE_NPY, ARRAY_FILE_NPZ };
enum array_file array_file_kind(const char *path);

/* ---- which are the samples (array_names.c) ---- */

/* Names out of the set's; NULL: none. */
struct array_choice {
    const char *samples, *labels;
    bool has_splits;      /* of training and of testing are told apart */
    const char *left_out; /* samples of a second split to test on */
};
/*
 * By the names that people give: x, images, data, ... and y, labels, targets, ..., alone or with train, test
 * or val before or behind; arr_0 and arr_1; a lone array is the samples. What can be read two ways is an
 * error that lists the names. samples NULL: no name says what it is.
 */
sned_status array_set_choose(struct array_choice *choice, const struct array_set *set, enum split split,
                             sned_error *error);
/* "SAMPLES" or "SAMPLES,LABELS", which must be names of the set. */
sned_status array_set_choose_by_name(struct array_choice *choice, const struct array_set *set,
                                     const char *names, sned_error *error);
/* "a, b, c": the set's names, cut where there are too many. Returns `text`. */
const char *array_set_list(const struct array_set *set, char *text, size_t size);

#endif
