/*
 * dataset_spec.c - what the user wrote after --data, resolved to files: the only place that knows these
 * rules.
 *
 *   FOLDER          with MNIST's IDX files, or CIFAR-10 batches, or a split each in train, val, test, or
 *                   images
 *   TAR             with its labels text beside it (a.tar.xz: a.labels.txt), else class folders inside
 *   PLACE:LABELS    a folder or tar, and its labels text
 *   X.npy[:Y.npy]   samples, and their labels
 *   FILE.npz[:X,Y]  the arrays of these names in it, else those whose names say what they are
 */
#include "io/sources/arrays.h"
#include "io/data/dataset_source.h"
#include "io/files/folder.h"
#include "io/data/labels.h"
#include "io/data/splits.h"

#include <stdlib.h>
#include <string.h>

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
    int stem = (int)path_tar_stem(place);

    *labels = NULL;
    if (path_is_folder(place)) {
        stem = (int)strlen(place);
        FIND_FILE(labels, error, "%s/labels.txt", place);
    }
    if (!*labels)
        FIND_FILE(labels, error, "%.*s.labels.txt", stem, place);
    return SNED_OK;
}

/* The text of the classes' names, in the folder of images or beside it, or NULL. Beside class folders a
 * labels.txt is one, too. */
static sned_status find_names(char **names, const char *place, bool in_folders, sned_error *error)
{
    static const char *const texts[] = {"classes.txt", "class_names.txt", "names.txt", "synset_words.txt",
                                        "labels.txt"};
    size_t count = sizeof texts / sizeof *texts - !in_folders;
    int length = folder_length(place);

    *names = NULL;
    for (size_t i = 0; i < count && !*names; i++) {
        FIND_FILE(names, error, "%s/%s", place, texts[i]);
        if (!*names)
            FIND_FILE(names, error, "%.*s%s%s", length, place, strchr(place, '/') ? "/" : "", texts[i]);
    }
    return SNED_OK;
}

/* The classes of numbers alone. */
static sned_status name_classes(struct source *source, const char *place, sned_error *error)
{
    char *names;

    SNED_TRY(find_names(&names, place, false, error));
    sned_status status =
        names ? class_names_read(&source->class_names, &source->class_count, names, error) : SNED_OK;
    free(names);
    return status;
}

static sned_status open_place(struct source **source, const char *place, const char *labels,
                              const struct source *classes, const struct source_options *options,
                              sned_error *error)
{
    char *found = NULL, *names = NULL;
    sned_status status;

    if (!labels)
        SNED_TRY_DONE(find_labels(&found, place, error));
    labels = labels ? labels : found;
    SNED_TRY_DONE(find_names(&names, place, !labels, error));
    const struct images_place what = {place, labels, names, classes};
    SNED_TRY_DONE(source_open_images(source, &what, options, error));
    if (!(*source)->class_names)
        status = name_classes(*source, place, error);
done:
    free(found);
    free(names);
    return status;
}

/* ---- NumPy's arrays ---- */

/* *path (owned): the file `name`, or as it lies beside `place`. */
static sned_status find_beside(char **path, const char *place, const char *what, const char *name,
                               sned_error *error)
{
    FIND_FILE(path, error, "%s", name);
    if (!*path)
        FIND_FILE(path, error, "%.*s%s%s", folder_length(place), place, strchr(place, '/') ? "/" : "", name);
    return *path ? SNED_OK : sned_fail(error, SNED_ERROR_IO, "%s: there is no %s %s", place, what, name);
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
            status = sned_fail(
                error, SNED_ERROR_DATA,
                "%s: holds no arrays (.npy); of pictures in a zip give the folder that it unpacks to", file);
    }
    if (*found && status == SNED_OK)
        status = name_classes(*source, file, error);
done:
    free(labels);
    return status;
}

/* ---- folders and tars that are splits ---- */

/* What in the folder can be one: folders, tars and .npz. */
static sned_status list_candidates(struct name_list *candidates, const char *folder, sned_error *error)
{
    sned_status status;
    struct name_list all = {0};
    char *path = NULL;

    SNED_TRY_DONE(folder_list(&all, folder, error));
    for (size_t i = 0; i < all.count; i++) {
        SNED_TRY_DONE(path_format(&path, error, "%s/%s", folder, all.names[i]));
        if (path_is_folder(path) ||
            ((path_tar_stem(path) || text_ends_with(path, ".npz")) && path_is_file(path)))
            SNED_TRY_DONE(name_list_add(candidates, all.names[i], error));
        free(path);
        path = NULL;
    }
done:
    free(path);
    name_list_free(&all);
    return status;
}

/* A file is taken for labelled: it would have to be opened to know. */
static sned_status has_labels(bool *has, const char *place, sned_error *error)
{
    sned_status status;
    struct name_list folders = {0};
    char *labels;

    SNED_TRY(find_labels(&labels, place, error));
    *has = labels || !path_is_folder(place);
    free(labels);
    if (*has)
        return SNED_OK;
    status = list_candidates(&folders, place, error);
    *has = folders.count > 0;
    name_list_free(&folders);
    return status;
}

/* The classes of the training split (may be NULL) number those of the other where both are class folders. */
static sned_status open_split(struct source **source, const char *train, const char *place,
                              const struct source_options *options, sned_error *error)
{
    sned_status status;
    struct source *classes = NULL;
    struct source_options quiet = *options;
    char *labels = NULL;

    bool is_array;

    SNED_TRY_DONE(try_arrays(source, &is_array, place, NULL, options, error));
    if (is_array)
        goto done;
    quiet.reporter = NULL;
    quiet.split = SPLIT_TRAIN;
    SNED_TRY_DONE(find_labels(&labels, place, error));
    if (!labels && train && strcmp(train, place) != 0 && !options->class_names)
        SNED_TRY_DONE(open_place(&classes, train, NULL, NULL, &quiet, error));
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
    sned_status status;
    struct name_list candidates = {0};
    struct splits splits = {0};
    const char *name;
    char *train = NULL, *test = NULL, *place = NULL;
    bool test_has_labels = false;

    *found = false;
    SNED_TRY_DONE(list_candidates(&candidates, folder, error));
    SNED_TRY_DONE(splits_find(&splits, &candidates, folder, error));
    *found = splits_found(&splits);
    if (!*found)
        goto done;
    if (splits.test) {
        SNED_TRY_DONE(path_format(&test, error, "%s/%s", folder, splits.test));
        SNED_TRY_DONE(has_labels(&test_has_labels, test, error));
    }
    SNED_TRY_DONE(
        splits_choose(&name, &splits, options->split, test_has_labels, folder, options->reporter, error));
    SNED_TRY_DONE(path_format(&place, error, "%s/%s", folder, name));
    if (splits.train)
        SNED_TRY_DONE(path_format(&train, error, "%s/%s", folder, splits.train));
    SNED_TRY_DONE(open_split(source, train, place, options, error));
    (*source)->has_splits = true;
done:
    name_list_free(&candidates);
    free(train);
    free(test);
    free(place);
    return status;
}

/* ---- the whole specification ---- */

/* A folder that is there for the one tar or .npz in it. */
static sned_status try_lone_file(struct source **source, bool *found, const char *folder,
                                 const struct source_options *options, sned_error *error)
{
    sned_status status;
    struct name_list list = {0};
    const char *file = NULL;
    char *path = NULL;

    *found = false;
    SNED_TRY_DONE(folder_list(&list, folder, error));
    for (size_t i = 0; i < list.count; i++) {
        if (!path_tar_stem(list.names[i]) && !text_ends_with(list.names[i], ".npz"))
            continue;
        if (file) {
            *found = true;
            status = sned_fail(error, SNED_ERROR_ARGUMENT, "%s holds several %s (%s, %s): name one of them",
                               folder, path_tar_stem(file) && path_tar_stem(list.names[i]) ? "tars" : "sets",
                               file, list.names[i]);
            goto done;
        }
        file = list.names[i];
    }
    if (file) {
        SNED_TRY_DONE(path_format(&path, error, "%s/%s", folder, file));
        SNED_TRY_DONE(try_arrays(source, found, path, NULL, options, error));
        if (!*found)
            SNED_TRY_DONE(open_place(source, path, NULL, NULL, options, error));
        *found = true;
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
    if (found)
        (*source)->has_splits = true;
    if (!found)
        SNED_TRY(try_splits(source, &found, folder, options, error));
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
        SNED_TRY(try_lone_file(source, &found, folder, options, error));
    return found ? SNED_OK : open_place(source, folder, NULL, NULL, options, error);
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

bool spec_names_arrays(const char *spec)
{
    char *before;
    const char *behind;

    if (split_spec(&before, &behind, spec, NULL) != SNED_OK)
        return false;
    bool found = path_is_file(before) && array_file_kind(before) != ARRAY_FILE_NONE;
    free(before);
    return found;
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
    else if (path_is_file(spec) && path_tar_stem(spec))
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
