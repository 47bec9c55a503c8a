/*
 * dataset.h - labelled images from IDX, CIFAR-10, tar or folders, or values from NumPy's arrays, in a
 * network's input shape.
 */
#ifndef SNED_IO_DATA_DATASET_H
#define SNED_IO_DATA_DATASET_H

#include "base/error.h"
#include "base/report.h"
#include "io/pictures/input_form.h"

/* A folder of images or a tar that has no splits serves as both. */
enum split { SPLIT_TRAIN, SPLIT_TEST };

/* What one item of a data set is when it is read, [C][H][W]. */
enum item_type {
    ITEM_PIXELS, /* bytes, 0 to 255: the network's input rule makes values of them */
    ITEM_VALUES, /* float32: the network's input as it is; no rule applies */
};

struct dataset_options {
    enum split split;
    /* Pictures are given in it: decoded, resized, cropped. takes_values: items are ITEM_VALUES, or
     * dataset_open fails. */
    struct input_form form;
    int label_offset; /* added to the labels as stored */
    /* Labels, offset included, must be below this, and class folders be as many: SNED_ERROR_DATA. 0: any. */
    int classes;
    /* [class_name_count], what the network calls its classes: folders are matched by name, and label_offset
     * does not count. NULL: by order. */
    const char *const *class_names;
    int class_name_count;
    bool unlabelled; /* pictures that have no labels will do: see dataset_has_labels */
    size_t limit;    /* at most so many images, the first in the set's order; 0: all */
    /* Bytes that decoded images may take; beyond it they are decoded when read. 0: 128 MiB. */
    size_t memory_budget;
    int threads;                     /* for decoding; 0: all */
    const struct reporter *reporter; /* damaged images are named here; may be NULL */
};

struct dataset;

/* `spec` is what --data takes (docs/data.md): a folder of IDX files (MNIST's names, .gz or not), of
 * CIFAR-10 .bin (.xz or not), of images in class folders or with a labels text; a tar (plain, .gz, .xz)
 * with its labels text beside it (NAME.labels.txt, or "a.tar:labels.txt"); a folder of splits (splits.h);
 * NumPy's arrays (docs/values.md): "x.npy:y.npy", "a.npz", "a.npz:X,Y", a folder of them; "noise:N", N
 * images or samples of noise, for scales where there are no data. */
sned_status dataset_open(struct dataset **dataset, const char *spec, const struct dataset_options *options,
                         sned_error *error);
void dataset_free(struct dataset *dataset);

/* Whether `spec` names NumPy's arrays: x.npy, a.npz, a.npz:X,Y. */
bool spec_names_arrays(const char *spec);

size_t dataset_size(const struct dataset *dataset); /* images, damaged ones not yet met included */
enum item_type dataset_item_type(const struct dataset *dataset);
size_t dataset_item_size(const struct dataset *dataset);                  /* bytes of one item */
int dataset_class_count(const struct dataset *dataset);                   /* highest label + 1 */
bool dataset_has_labels(const struct dataset *dataset);                   /* false: all are 0 */
const char *dataset_class_name(const struct dataset *dataset, int label); /* or NULL */
/* Which images these are, for a table: "training", "test", or "all" where the data has no splits. */
const char *dataset_split_name(const struct dataset *dataset);
size_t dataset_damaged(const struct dataset *dataset); /* met so far */
size_t dataset_ignored(const struct dataset *dataset); /* files in class folders that are no JPEG or PNG */

/*
 * Items `indices` to items [count][dataset_item_size] (floats are aligned as `items` is) and labels [count];
 * may be called from several threads, which wait for each other. Damaged images are left out, reported once
 * each by name and counted: *got is how many came; more than 1 % of the whole set damaged is SNED_ERROR_DATA.
 * A value that is no finite number is SNED_ERROR_DATA at once.
 */
sned_status dataset_read(struct dataset *dataset, const uint32_t *indices, size_t count, void *items,
                         int32_t *labels, size_t *got, sned_error *error);
/* The same; which[i] [count] is the index of item i of those that came (NULL: not wanted). */
sned_status dataset_read_which(struct dataset *dataset, const uint32_t *indices, size_t count, void *items,
                               int32_t *labels, uint32_t *which, size_t *got, sned_error *error);
/* Where item `index` is stored, for a message or a list: "image 7 of FILE", "x.npy[3]". */
void dataset_where(const struct dataset *dataset, uint32_t index, char *text, size_t size);
struct extent dataset_extent(const struct dataset *dataset); /* the options' form.input */

/* Other labels [dataset_size] in place of the set's own: what another network answers. Negative: stays
 * as it is. */
void dataset_relabel(struct dataset *dataset, const int32_t *labels);

/* ---- batches, ahead of time (loader.c) ---- */

struct augmentation {
    bool flip; /* left-right, half of the time */
    int shift; /* up to so many pixels each way, filled with zeros: CIFAR's "crop with padding 4" is 4 */
};

/*
 * One pass over `indices` (copied) in batches, shuffled and augmented from (seed, epoch) alone, so that the
 * same numbers give the same batches whatever the thread count. A thread of its own prepares the next batch.
 * Augmentation of an image is derived from (seed, epoch, its index) and does not depend on its place in a
 * batch. Damaged images: a batch is smaller by them; with drop_last it is filled up from the images after it
 * instead, so that every batch is full.
 */
struct batch_loader;
struct loader_options {
    size_t batch;
    bool shuffle;
    bool drop_last; /* leave out a last batch that is not full */
    struct augmentation augmentation;
    uint64_t seed;
    uint32_t epoch;
    /* Mean and scale of pixels; borrowed. NULL, or not of an image: values are the pixels. */
    const struct input_rule *rule;
};
sned_status loader_new(struct batch_loader **loader, struct dataset *dataset, const uint32_t *indices,
                       size_t count, const struct loader_options *options, sned_error *error);
/* *values [*got][C][H][W] and *labels, owned by the loader until the next call; *got 0 at the end. */
sned_status loader_next(struct batch_loader *loader, const float **values, const int32_t **labels,
                        size_t *got, sned_error *error);
/* [got]: which images the batch of the last loader_next holds, as indices into the data set. */
const uint32_t *loader_which(const struct batch_loader *loader);
void loader_free(struct batch_loader *loader);

#endif
