/*
 * dataset_source.h - what dataset.c needs of a kind of data set; idx.c, cifar.c, noise.c and dataset_images.c
 * each are one.
 *
 * A source is a list of labelled items in a fixed order. It decodes an item on request, from any thread,
 * keeps nothing decoded, and has checked at opening everything that can be checked without decoding pictures.
 */
#ifndef SNED_IO_DATA_DATASET_SOURCE_H
#define SNED_IO_DATA_DATASET_SOURCE_H

#include "base/report.h"
#include "io/data/dataset.h"

struct source;

struct source_kind {
    int32_t (*label)(const struct source *source, size_t index); /* as stored, 0 or more */
    /* Item `index` in that form: bytes or floats [C][H][W], as the source's type says; thread-safe. An error
     * says nothing of the item's name. */
    sned_status (*fetch)(const struct source *source, size_t index, const struct input_form *form, void *item,
                         sned_error *error);
    /* The pixels themselves where they lie in memory in just that form, else NULL. May be NULL. */
    const uint8_t *(*view)(const struct source *source, size_t index, const struct input_form *form);
    /* Where item `index` (its picture, or its label) is stored, for a message: "image 7
     * of FILE", "FILE:12". */
    void (*where_image)(const struct source *source, size_t index, char *text, size_t size);
    void (*where_label)(const struct source *source, size_t index, char *text, size_t size);
    void (*close)(struct source *source); /* frees what the kind allocated, `source` itself too */
};

/* The head of each kind's own struct. */
struct source {
    const struct source_kind *kind;
    enum item_type type;
    size_t count;
    size_t memory;      /* bytes held that count against the budget */
    bool has_splits;    /* images to train on and images to test on are told apart */
    bool unlabelled;    /* no label is known; all are 0 */
    char **class_names; /* [class_count], owned; NULL: none known */
    int class_count;
    bool in_folders; /* each class has a folder, so that there are no others; not where by_name */
    bool by_text;    /* these classes are named in a text, some without a folder */
    bool by_name;    /* labels are numbers of source_options' class_names */
    size_t ignored;  /* files left out that are no pictures */
};

struct source_options {
    enum split split;
    struct input_form form;
    size_t memory_budget;
    bool unlabelled; /* pictures in no class folders, or of unknown classes, are taken without labels */
    /* [class_name_count]: what the network calls its classes; NULL: it does not. */
    const char *const *class_names;
    int class_name_count;
    int threads;
    const struct reporter *reporter;
};

/* Each sets *found to false, and nothing else, where the folder holds no files of its kind. */
sned_status source_open_idx(struct source **source, bool *found, const char *folder,
                            const struct source_options *options, sned_error *error);
sned_status source_open_cifar(struct source **source, bool *found, const char *folder,
                              const struct source_options *options, sned_error *error);

/*
 * The pictures in `place` (a folder or a tar) that the text `labels` names; labels NULL, or of the names of
 * class folders: those in class folders (picture_folders.h), numbered as `classes` (a source opened before:
 * the training split) or the text `names` has them. Each but place may be NULL.
 */
struct images_place {
    const char *place, *labels, *names;
    const struct source *classes;
};
sned_status source_open_images(struct source **source, const struct images_place *place,
                               const struct source_options *options, sned_error *error);

/* The array in the .npy file `samples`, and its labels from another (NULL: none). */
sned_status source_open_npy(struct source **source, const char *samples, const char *labels,
                            const struct source_options *options, sned_error *error);
/* Arrays in `place`, a .npz or a folder of .npy files: those of `names` ("SAMPLES,LABELS"), or, NULL, those
 * whose names say what they are. *found: false where none does. */
sned_status source_open_arrays(struct source **source, bool *found, const char *place, const char *names,
                               const struct source_options *options, sned_error *error);

/* "noise:N": N images of smooth noise, or N times values of mean 0 and deviation 1 where the network takes
 * values; the same ones every time, all of class 0 (noise.c). */
sned_status source_open_noise(struct source **source, const char *spec, const struct source_options *options,
                              sned_error *error);

void source_close(struct source *source); /* NULL is fine */

/* `spec` as dataset.h describes it, resolved to files and opened (dataset_spec.c). */
sned_status source_open(struct source **source, const char *spec, const struct source_options *options,
                        sned_error *error);

#endif
