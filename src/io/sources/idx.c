/*
 * idx.c - a folder of IDX files (MNIST's format and names) as a source.
 *
 * An IDX file is big endian: 0, 0, type (8: unsigned byte), rank, then `rank` sizes of 4 bytes, then the
 * bytes. Images have rank 3 (count, height, width), labels rank 1.
 */
#include "base/memory.h"
#include "io/sources/archive_file.h"
#include "io/data/dataset_source.h"
#include "io/files/folder.h"
#include "io/data/labels.h"
#include "io/pictures/resize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDX_UNSIGNED_BYTE = 8 };

struct idx_file {
    char *path;
    struct unpacked bytes;
    uint32_t dim[3];
    const uint8_t *data;
};

struct idx_source {
    struct source head;
    struct idx_file images, labels;
};

/* ---- one file ---- */

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Checks the header against `rank` and the file's size. */
static sned_status idx_parse(struct idx_file *file, int rank, sned_error *error)
{
    const uint8_t *bytes = file->bytes.data;
    size_t size = file->bytes.size, header = 4 + 4 * (size_t)rank, expected = 1;

    if (size < header)
        return sned_fail(error, SNED_ERROR_TRUNCATED, "%s: %zu bytes are too few for an IDX header",
                         file->path, size);
    if (bytes[0] != 0 || bytes[1] != 0 || bytes[3] == 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: not an IDX file: it begins with %02x %02x %02x %02x",
                         file->path, bytes[0], bytes[1], bytes[2], bytes[3]);
    if (bytes[2] != IDX_UNSIGNED_BYTE || bytes[3] != rank)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "%s: an IDX file of type 0x%02x and %d dimensions; %s are of type 0x08 and %d",
                         file->path, bytes[2], bytes[3], rank == 3 ? "images" : "labels", rank);
    for (int i = 0; i < rank; i++) {
        file->dim[i] = big_endian(bytes + 4 + 4 * i);
        if (!sned_size_multiply(expected, file->dim[i], &expected))
            return sned_fail(error, SNED_ERROR_FORMAT, "%s: announces more bytes than there can be",
                             file->path);
    }
    if (size - header != expected)
        return sned_fail(error, size - header < expected ? SNED_ERROR_TRUNCATED : SNED_ERROR_FORMAT,
                         "%s: announces %zu bytes after its header but holds %zu", file->path, expected,
                         size - header);
    if (file->dim[0] == 0)
        return sned_fail(error, SNED_ERROR_DATA, "%s: holds no %s", file->path,
                         rank == 3 ? "images" : "labels");
    file->data = bytes + header;
    return SNED_OK;
}

/* The file of MNIST's name `stem`, in any of the ways it is found: *path NULL where it is not. */
static sned_status idx_find(char **path, const char *folder, const char *stem, int rank, sned_error *error)
{
    static const char *const endings[] = {"", ".gz", ".xz"};

    for (size_t i = 0; i < 2 * sizeof endings / sizeof *endings; i++) {
        SNED_TRY(path_format(path, error, "%s/%s%cidx%d-ubyte%s", folder, stem, i & 1 ? '.' : '-', rank,
                             endings[i / 2]));
        if (path_is_file(*path))
            return SNED_OK;
        free(*path);
        *path = NULL;
    }
    return SNED_OK;
}

static void idx_free(struct idx_file *file)
{
    unpacked_free(&file->bytes);
    free(file->path);
}

/* ---- the source ---- */

static int32_t idx_label(const struct source *source, size_t index)
{
    return ((const struct idx_source *)source)->labels.data[index];
}

static const uint8_t *idx_image(const struct idx_source *source, size_t index)
{
    return source->images.data + index * source->images.dim[1] * source->images.dim[2];
}

/* The bytes are the pixels where the sizes agree; a network of a flat input [C][1][1] takes them
 * row by row. */
static const uint8_t *idx_view(const struct source *source, size_t index, const struct input_form *form)
{
    struct extent input = form->input;
    const struct idx_source *idx = (const struct idx_source *)source;
    uint32_t height = idx->images.dim[1], width = idx->images.dim[2];
    bool same = input.channels == 1 && picture_is_kept((int)height, (int)width, form);
    bool flat = input.height == 1 && input.width == 1 && (uint64_t)input.channels == (uint64_t)height * width;

    return same || flat ? idx_image(idx, index) : NULL;
}

static sned_status idx_fetch(const struct source *source, size_t index, const struct input_form *form,
                             void *item, sned_error *error)
{
    const struct idx_source *idx = (const struct idx_source *)source;

    return image_resize(idx_image(idx, index), (int)idx->images.dim[1], (int)idx->images.dim[2], 1, form,
                        item, error);
}

static void idx_where_image(const struct source *source, size_t index, char *text, size_t size)
{
    snprintf(text, size, "image %zu of %s", index, ((const struct idx_source *)source)->images.path);
}

static void idx_where_label(const struct source *source, size_t index, char *text, size_t size)
{
    snprintf(text, size, "%s: label of image %zu", ((const struct idx_source *)source)->labels.path, index);
}

static void idx_close(struct source *source)
{
    struct idx_source *idx = (struct idx_source *)source;

    idx_free(&idx->images);
    idx_free(&idx->labels);
    free(idx);
}

static const struct source_kind idx_kind = {
    .label = idx_label,
    .fetch = idx_fetch,
    .view = idx_view,
    .where_image = idx_where_image,
    .where_label = idx_where_label,
    .close = idx_close,
};

static sned_status idx_load(struct idx_source *idx, const struct source_options *options, sned_error *error)
{
    struct idx_file *images = &idx->images, *labels = &idx->labels;

    SNED_TRY(unpacked_open(&images->bytes, images->path, options->memory_budget, error));
    SNED_TRY(idx_parse(images, 3, error));
    if (images->dim[1] < 1 || images->dim[1] > IMAGE_MAX_SIDE || images->dim[2] < 1 ||
        images->dim[2] > IMAGE_MAX_SIDE)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: images of %u x %u pixels", images->path,
                         images->dim[2], images->dim[1]);
    SNED_TRY(
        unpacked_open(&labels->bytes, labels->path, options->memory_budget - images->bytes.memory, error));
    SNED_TRY(idx_parse(labels, 1, error));
    if (images->dim[0] != labels->dim[0])
        return sned_fail(error, SNED_ERROR_DATA, "%s holds %u images but %s %u labels", images->path,
                         images->dim[0], labels->path, labels->dim[0]);
    idx->head.count = images->dim[0];
    idx->head.memory = images->bytes.memory + labels->bytes.memory;
    return SNED_OK;
}

/* classes.txt, which the glyphs have, names the classes. */
static sned_status idx_names(struct idx_source *idx, const char *folder, sned_error *error)
{
    char *path = NULL;
    sned_status status = path_format(&path, error, "%s/classes.txt", folder);

    if (status == SNED_OK && path_is_file(path))
        status = class_names_read(&idx->head.class_names, &idx->head.class_count, path, error);
    free(path);
    return status;
}

sned_status source_open_idx(struct source **source, bool *found, const char *folder,
                            const struct source_options *options, sned_error *error)
{
    sned_status status;
    bool train = options->split == SPLIT_TRAIN;
    char *other = NULL;
    struct idx_source *idx = NULL;

    *source = NULL;
    SNED_TRY_DONE(sned_alloc(&idx, 1, sizeof *idx, error));
    idx->head.kind = &idx_kind;
    SNED_TRY_DONE(idx_find(&idx->images.path, folder, train ? "train-images" : "t10k-images", 3, error));
    SNED_TRY_DONE(idx_find(&idx->labels.path, folder, train ? "train-labels" : "t10k-labels", 1, error));
    SNED_TRY_DONE(idx_find(&other, folder, train ? "t10k-images" : "train-images", 3, error));
    *found = idx->images.path || idx->labels.path || other;
    if (!*found)
        goto done;
    if (!idx->images.path || !idx->labels.path) {
        status =
            sned_fail(error, SNED_ERROR_DATA, "%s: the IDX file %s-%s (or .gz) is missing", folder,
                      train ? "train" : "t10k", idx->images.path ? "labels-idx1-ubyte" : "images-idx3-ubyte");
        goto done;
    }
    SNED_TRY_DONE(idx_load(idx, options, error));
    SNED_TRY_DONE(idx_names(idx, folder, error));
    *source = &idx->head;
    idx = NULL;
done:
    free(other);
    if (idx)
        source_close(&idx->head);
    return status;
}
