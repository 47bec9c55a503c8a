/*
 * dataset_spec.c - what the user wrote after --data, resolved to files: the only place that knows these
 * rules.
 *
 *   FOLDER          with MNIST's IDX files, or CIFAR-10 batches, or train.* and val.* pairs, or images
 *   TAR             with its labels text beside it (a.tar.xz: a.labels.txt), else class folders inside
 *   PLACE:LABELS    a folder or tar, and its labels text
 *   X.npy[:Y.npy]   samples, and their labels
 *   FILE.npz[:X,Y]  the arrays of these names in it, else those whose names say what they are
 */
#include "io/arrays.h"
#include "io/dataset_source.h"
#include "io/folder.h"
#include "io/labels.h"

#include <stdlib.h>
#include <string.h>

static const char *const tar_endings[] = {".tar", ".tar.xz",  ".tar.gz", ".tgz",
                                          ".txz", ".tar.bz2", ".tar.zst"};
enum { TAR_ENDINGS = sizeof tar_endings / sizeof *tar_endings };

/* The length of a tar's path without its ending, or 0. */
static size_t tar_stem(const char *path)
{
    for (int i = 0; i < TAR_ENDINGS; i++)
        if (text_ends_with(path, tar_endings[i]))
            return strlen(path) - strlen(tar_endings[i]);
    return 0;
}

/* The length of the path of the folder that `path` lies in, "." being written as 0 letters. */
static int folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (int)(slash - path) : 0;
}

/* *found (owned) is the file that `format` names, or NULL where there is none. */
#define FIND_FILE(found, error, ...)                                                                         \
    do {                                                                                                     \
        SNED_TRY(path_format(found, error, __VA_ARGS__));                                                    \
        if (!path_is_file(*(found))) {                                                                       \
            free(*(found));                                                                                  \
            *(found) = NULL;                                                                                 \
        }                                                                                                    \
    } while (0)

/* The labels text of a folder or tar, or NULL: PLACE/labels.txt, then PLACE.labels.txt beside it. */
static sned_status find_labels(char **labels, const char *place, sned_error *error)
{
    int stem = (int)tar_stem(place);

    *labels = NULL;
    if (path_is_folder(place)) {
        stem = (int)strlen(place);
        FIND_FILE(labels, error, "%s/labels.txt", place);
    }
    if (!*labels)
        FIND_FILE(labels, error, "%.*s.labels.txt", stem, place);
    return SNED_OK;
}

/* Names of the classes, from a text in the folder of images or beside it; class folders' names come first. */
static sned_status find_names(struct source *source, const char *place, sned_error *error)
{
    static const char *const texts[] = {"classes.txt", "synset_words.txt"};
    sned_status status = SNED_OK;
    char *path = NULL;
    int length = folder_length(place);

    for (int i = 0; i < 2 && !path && !source->class_names; i++) {
        FIND_FILE(&path, error, "%s/%s", place, texts[i]);
        if (!path)
            FIND_FILE(&path, error, "%.*s%s%s", length, place, strchr(place, '/') ? "/" : "", texts[i]);
    }
    if (path)
        status = class_names_read(&source->class_names, &source->class_count, path, error);
    free(path);
    return status;
}

static sned_status open_place(struct source **source, const char *place, const char *labels,
                              const struct source *classes, const struct source_options *options,
                              sned_error *error)
{
    char *found = NULL;
    sned_status status = SNED_OK;

    if (!labels) {
        status = find_labels(&found, place, error);
        labels = found;
    }
    if (status == SNED_OK)
        status = source_open_images(source, place, labels, classes, options, error);
    if (status == SNED_OK)
        status = find_names(*source, place, error);
    free(found);
    return status;
}

/* ---- train.* and val.* ---- */

/* *place (owned): FOLDER/STEM as a folder or tar, or NULL. */
static sned_status find_split(char **place, const char *folder, const char *stem, sned_error *error)
{
    SNED_TRY(path_format(place, error, "%s/%s", folder, stem));
    if (path_is_folder(*place))
        return SNED_OK;
    free(*place);
    *place = NULL;
    for (int i = 0; i < TAR_ENDINGS && !*place; i++)
        FIND_FILE(place, error, "%s/%s%s", folder, stem, tar_endings[i]);
    return SNED_OK;
}

/* The classes of the training split number those of the other where both are class folders. */
static sned_status open_split(struct source **source, const char *train, const char *place,
                              const struct source_options *options, sned_error *error)
{
    sned_status status = SNED_OK;
    struct source *classes = NULL;
    char *labels = NULL;

    SNED_TRY_DONE(find_labels(&labels, place, error));
    if (!labels && options->split == SPLIT_TEST)
        SNED_TRY_DONE(open_place(&classes, train, NULL, NULL, options, error));
    status = open_place(source, place, labels, classes, options, error);
done:
    source_close(classes);
    free(labels);
    return status;
}

/* *found: whether there are two splits. */
static sned_status try_splits(struct source **source, bool *found, const char *folder,
                              const struct source_options *options, sned_error *error)
{
    static const char *const other_stems[] = {"val", "test", "valid", "validation"};
    sned_status status;
    char *train = NULL, *other = NULL;

    *found = false;
    SNED_TRY_DONE(find_split(&train, folder, "train", error));
    for (size_t i = 0; i < sizeof other_stems / sizeof *other_stems && !other; i++)
        SNED_TRY_DONE(find_split(&other, folder, other_stems[i], error));
    *found = train && other;
    if (*found)
        status = open_split(source, train, options->split == SPLIT_TRAIN ? train : other, options, error);
done:
    free(train);
    free(other);
    return status;
}

/* ---- the whole specification ---- */

/* A folder that is there for the one tar in it. */
static sned_status try_lone_tar(struct source **source, bool *found, const char *folder,
                                const struct source_options *options, sned_error *error)
{
    sned_status status;
    struct name_list list = {0};
    const char *tar = NULL;
    char *path = NULL;

    *found = false;
    SNED_TRY_DONE(folder_list(&list, folder, error));
    for (size_t i = 0; i < list.count; i++) {
        if (!tar_stem(list.names[i]))
            continue;
        if (tar) {
            *found = true;
            status = sned_fail(error, SNED_ERROR_ARGUMENT, "%s holds several tars (%s, %s): name one of them",
                               folder, tar, list.names[i]);
            goto done;
        }
        tar = list.names[i];
    }
    if (tar) {
        *found = true;
        SNED_TRY_DONE(path_format(&path, error, "%s/%s", folder, tar));
        status = open_place(source, path, NULL, NULL, options, error);
    }
done:
    free(path);
    name_list_free(&list);
    return status;
}

static sned_status open_folder(struct source **source, const char *folder,
                               const struct source_options *options, sned_error *error)
{
    bool found;
    char *labels = NULL;

    SNED_TRY(source_open_idx(source, &found, folder, options, error));
    if (!found)
        SNED_TRY(source_open_cifar(source, &found, folder, options, error));
    if (!found)
        SNED_TRY(try_splits(source, &found, folder, options, error));
    if (found)
        (*source)->has_splits = true;
    if (!found) {
        SNED_TRY(find_labels(&labels, folder, error));
        found = labels != NULL;
        sned_status status = SNED_OK;
        if (found)
            status = open_place(source, folder, labels, NULL, options, error);
        free(labels);
        SNED_TRY(status);
    }
    if (!found)
        SNED_TRY(source_open_arrays(source, &found, folder, NULL, options, error));
    if (!found)
        SNED_TRY(try_lone_tar(source, &found, folder, options, error));
    return found ? SNED_OK : open_place(source, folder, NULL, NULL, options, error);
}

/* *path (owned): the file `name`, or as it lies beside `place`. */
static sned_status find_beside(char **path, const char *place, const char *what, const char *name,
                               sned_error *error)
{
    FIND_FILE(path, error, "%s", name);
    if (!*path)
        FIND_FILE(path, error, "%.*s%s%s", folder_length(place), place, strchr(place, '/') ? "/" : "", name);
    return *path ? SNED_OK : sned_fail(error, SNED_ERROR_IO, "%s: there is no %s %s", place, what, name);
}

/* What stands before and behind the colon; behind: NULL where there is none, or where `spec` is a file. */
static sned_status split_spec(char **before, const char **behind, const char *spec, sned_error *error)
{
    const char *colon = path_is_file(spec) ? NULL : strrchr(spec, ':');

    *behind = colon && colon > spec ? colon + 1 : NULL;
    return path_format(before, error, "%.*s", (int)(*behind ? colon - spec : (ptrdiff_t)strlen(spec)), spec);
}

/* PLACE:LABELS; the labels text may be named as it lies beside the place. */
static sned_status open_pair(struct source **source, const char *place, const char *labels,
                             const struct source_options *options, sned_error *error)
{
    char *path = NULL;
    sned_status status;

    SNED_TRY_DONE(find_beside(&path, place, "labels text", labels, error));
    if (!path_is_folder(place) && !path_is_file(place))
        status = sned_fail(error, SNED_ERROR_IO, "%s: there is no folder or tar of this name", place);
    else
        status = open_place(source, place, path, NULL, options, error);
done:
    free(path);
    return status;
}

/* A .npy or .npz, with its labels or the names of its arrays behind a colon; *found: whether it is one. */
static sned_status try_arrays(struct source **source, bool *found, const char *file, const char *behind,
                              const struct source_options *options, sned_error *error)
{
    enum array_file kind = path_is_file(file) ? array_file_kind(file) : ARRAY_FILE_NONE;
    char *labels = NULL;
    sned_status status = SNED_OK;

    *found = kind != ARRAY_FILE_NONE;
    if (kind == ARRAY_FILE_NPY) {
        if (behind)
            SNED_TRY_DONE(find_beside(&labels, file, "array of labels", behind, error));
        SNED_TRY_DONE(source_open_npy(source, file, labels, options, error));
    } else if (kind == ARRAY_FILE_NPZ) {
        SNED_TRY_DONE(source_open_arrays(source, found, file, behind, options, error));
        if (!*found)
            status = sned_fail(error, SNED_ERROR_DATA, "%s: holds no arrays", file);
    }
    if (*found && status == SNED_OK)
        status = find_names(*source, file, error);
done:
    free(labels);
    return status;
}

static sned_status open_spec(struct source **source, const char *spec, const struct source_options *options,
                             sned_error *error)
{
    bool found;
    char *before = NULL;
    const char *behind;
    sned_status status;

    if (!strncmp(spec, "noise:", 6))
        return source_open_noise(source, spec, options, error);
    if (path_is_folder(spec))
        return open_folder(source, spec, options, error);
    SNED_TRY_DONE(split_spec(&before, &behind, spec, error));
    SNED_TRY_DONE(try_arrays(source, &found, before, behind, options, error));
    if (found)
        goto done;
    if (behind)
        status = open_pair(source, before, behind, options, error);
    else if (path_is_file(spec) && tar_stem(spec))
        status = open_place(source, spec, NULL, NULL, options, error);
    else if (path_is_file(spec))
        status = sned_fail(
            error, SNED_ERROR_ARGUMENT,
            "%s is no data set: give a folder, a tar (.tar, .tar.xz, .tar.gz), TAR:LABELS, a .npy or "
            "a .npz",
            spec);
    else
        status = sned_fail(error, SNED_ERROR_IO,
                           "%s: there is no data set (folder, tar or array) of this name", spec);
done:
    free(before);
    return status;
}

sned_status source_open(struct source **source, const char *spec, const struct source_options *options,
                        sned_error *error)
{
    char *trimmed = NULL;

    *source = NULL;
    SNED_TRY(path_format(&trimmed, error, "%s", spec));
    for (size_t length = strlen(trimmed); length > 1 && trimmed[length - 1] == '/';)
        trimmed[--length] = 0;
    sned_status status = open_spec(source, trimmed, options, error);
    if (status != SNED_OK) {
        source_close(*source);
        *source = NULL;
    }
    free(trimmed);
    return status;
}

void source_close(struct source *source)
{
    if (!source)
        return;
    class_names_free(source->class_names, source->class_count);
    source->kind->close(source);
}
