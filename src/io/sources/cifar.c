/*
 * cifar.c - a folder of CIFAR-10 binary batches as a source.
 *
 * A record is a label byte and 32 x 32 pixels in three planes, red, green, blue. Training: data_batch_1.bin
 * and on; test: test_batch.bin; each may be compressed (.xz, .gz).
 */
#include "base/memory.h"
#include "base/thread.h"
#include "io/sources/archive_file.h"
#include "io/data/dataset_source.h"
#include "io/files/folder.h"
#include "io/data/labels.h"
#include "io/pictures/resize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CIFAR_SIDE = 32,
    CIFAR_PLANE = CIFAR_SIDE * CIFAR_SIDE,
    CIFAR_RECORD = 1 + 3 * CIFAR_PLANE,
    CIFAR_CLASSES = 10,
    CIFAR_MAX_FILES = 1000,
};

struct cifar_file {
    char *path;
    struct unpacked bytes;
    size_t first, count; /* items */
};

struct cifar_source {
    struct source head;
    struct cifar_file *files;
    size_t file_count, memory_each; /* budget of one file, while opening */
};

static const struct cifar_file *file_of(const struct cifar_source *cifar, size_t index)
{
    const struct cifar_file *file = cifar->files;

    while (index >= file->first + file->count)
        file++;
    return file;
}

/* The label byte; the planes follow it. */
static const uint8_t *cifar_record(const struct source *source, size_t index)
{
    const struct cifar_file *file = file_of((const struct cifar_source *)source, index);

    return file->bytes.data + (index - file->first) * CIFAR_RECORD;
}

static int32_t cifar_label(const struct source *source, size_t index)
{
    return cifar_record(source, index)[0];
}

static const uint8_t *cifar_view(const struct source *source, size_t index, const struct input_form *form)
{
    struct extent input = form->input;
    bool same = input.channels == 3 && picture_is_kept(CIFAR_SIDE, CIFAR_SIDE, form);
    bool flat = input.channels == 3 * CIFAR_PLANE && input.height == 1 && input.width == 1;

    return (same || flat) && strcmp(form->color, "RGB") == 0 ? cifar_record(source, index) + 1 : NULL;
}

static sned_status cifar_fetch(const struct source *source, size_t index, const struct input_form *form,
                               void *item, sned_error *error)
{
    const uint8_t *planes = cifar_record(source, index) + 1;
    uint8_t picture[3 * CIFAR_PLANE]; /* [32][32][3] */

    for (int i = 0; i < CIFAR_PLANE; i++)
        for (int c = 0; c < 3; c++)
            picture[3 * i + c] = planes[c * CIFAR_PLANE + i];
    return image_resize(picture, CIFAR_SIDE, CIFAR_SIDE, 3, form, item, error);
}

static void cifar_where(const struct source *source, size_t index, char *text, size_t size)
{
    const struct cifar_file *file = file_of((const struct cifar_source *)source, index);

    snprintf(text, size, "%s: record %zu", file->path, index - file->first);
}

static void cifar_close(struct source *source)
{
    struct cifar_source *cifar = (struct cifar_source *)source;

    for (size_t i = 0; i < cifar->file_count; i++) {
        unpacked_free(&cifar->files[i].bytes);
        free(cifar->files[i].path);
    }
    free(cifar->files);
    free(cifar);
}

static const struct source_kind cifar_kind = {
    .label = cifar_label,
    .fetch = cifar_fetch,
    .view = cifar_view,
    .where_image = cifar_where,
    .where_label = cifar_where,
    .close = cifar_close,
};

/* ---- opening ---- */

static bool is_batch_name(const char *name, const char *stem)
{
    return strncmp(name, stem, strlen(stem)) == 0 &&
           (text_ends_with(name, ".bin") || text_ends_with(name, ".bin.xz") ||
            text_ends_with(name, ".bin.gz"));
}

/* data_batch_2 before data_batch_10. */
static int compare_batches(const void *a, const void *b)
{
    const struct cifar_file *left = a, *right = b;
    size_t left_length = strcspn(strrchr(left->path, '/'), "."),
           right_length = strcspn(strrchr(right->path, '/'), ".");

    if (left_length != right_length)
        return left_length < right_length ? -1 : 1;
    return strcmp(left->path, right->path);
}

/* The split's batches into `cifar`, sorted; *any is set by batches of either split. */
static sned_status find_batches(struct cifar_source *cifar, bool *any, const char *folder, const char *stem,
                                sned_error *error)
{
    sned_status status;
    struct name_list list = {0};

    *any = false;
    SNED_TRY_DONE(folder_list(&list, folder, error));
    SNED_TRY_DONE(sned_alloc(&cifar->files, list.count, sizeof *cifar->files, error));
    for (size_t i = 0; i < list.count; i++) {
        *any |= is_batch_name(list.names[i], "data_batch") || is_batch_name(list.names[i], "test_batch");
        if (!is_batch_name(list.names[i], stem))
            continue;
        if (cifar->file_count == CIFAR_MAX_FILES) {
            status =
                sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: more than %d batches", folder, CIFAR_MAX_FILES);
            goto done;
        }
        SNED_TRY_DONE(
            path_format(&cifar->files[cifar->file_count].path, error, "%s/%s", folder, list.names[i]));
        cifar->file_count++;
    }
    qsort(cifar->files, cifar->file_count, sizeof *cifar->files, compare_batches);
done:
    name_list_free(&list);
    return status;
}

/* One batch: unpacked and checked. A parallel body, for xz is slow. */
static sned_status load_batch(void *argument, size_t index, sned_error *error)
{
    struct cifar_source *cifar = argument;
    struct cifar_file *file = &cifar->files[index];

    SNED_TRY(unpacked_open(&file->bytes, file->path, cifar->memory_each, error));
    if (file->bytes.size == 0)
        return sned_fail(error, SNED_ERROR_DATA, "%s: holds no images", file->path);
    file->count = file->bytes.size / CIFAR_RECORD;
    for (size_t i = 0; i < file->count; i++)
        if (file->bytes.data[i * CIFAR_RECORD] >= CIFAR_CLASSES)
            return sned_fail(
                error, SNED_ERROR_DATA,
                "%s: record %zu has label %d; CIFAR-10's are 0 to 9: not a CIFAR-10 file, or damaged",
                file->path, i, file->bytes.data[i * CIFAR_RECORD]);
    if (file->bytes.size % CIFAR_RECORD)
        return sned_fail(
            error, SNED_ERROR_TRUNCATED,
            "%s: %zu bytes are no whole number of %d-byte records: cut off, or not a CIFAR-10 file",
            file->path, file->bytes.size, CIFAR_RECORD);
    return SNED_OK;
}

static sned_status read_names(struct cifar_source *cifar, const char *folder, sned_error *error)
{
    char *path = NULL;
    sned_status status = path_format(&path, error, "%s/batches.meta.txt", folder);

    if (status == SNED_OK && path_is_file(path))
        status = class_names_read(&cifar->head.class_names, &cifar->head.class_count, path, error);
    free(path);
    return status;
}

sned_status source_open_cifar(struct source **source, bool *found, const char *folder,
                              const struct source_options *options, sned_error *error)
{
    sned_status status;
    bool train = options->split == SPLIT_TRAIN;
    struct cifar_source *cifar = NULL;

    *source = NULL;
    SNED_TRY_DONE(sned_alloc(&cifar, 1, sizeof *cifar, error));
    cifar->head.kind = &cifar_kind;
    SNED_TRY_DONE(find_batches(cifar, found, folder, train ? "data_batch" : "test_batch", error));
    if (!*found)
        goto done;
    if (cifar->file_count == 0) {
        status = sned_fail(error, SNED_ERROR_DATA, "%s: the CIFAR-10 file %s.bin (or .bin.xz) is missing",
                           folder, train ? "data_batch_1" : "test_batch");
        goto done;
    }
    cifar->memory_each = options->memory_budget / cifar->file_count;
    SNED_TRY_DONE(sned_parallel_for(options->threads, cifar->file_count, load_batch, cifar, error));
    for (size_t i = 0; i < cifar->file_count; i++) {
        cifar->files[i].first = cifar->head.count;
        cifar->head.count += cifar->files[i].count;
        cifar->head.memory += cifar->files[i].bytes.memory;
    }
    SNED_TRY_DONE(read_names(cifar, folder, error));
    *source = &cifar->head;
    cifar = NULL;
done:
    if (cifar)
        source_close(&cifar->head);
    return status;
}
