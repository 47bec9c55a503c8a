/*
 * dataset_images.c - pictures in a folder or a tar as a source, with a labels text or with class folders.
 *
 * The place is listed once; an item is then a file name, or an offset into the unpacked tar. Pictures are
 * decoded by image_decode on request. Files that no label names, and what is no picture in class folders, are
 * left out.
 */
#include "base/memory.h"
#include "base/text.h"
#include "io/sources/archive_file.h"
#include "io/sources/class_folders.h"
#include "io/data/dataset_source.h"
#include "io/files/folder.h"
#include "io/pictures/image.h"
#include "io/data/labels.h"
#include "io/sources/picture_folders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct item {
    const char *name; /* in the list of names, the tar's index or the labels */
    int32_t label;
    uint32_t line;       /* of the labels text; 0: none */
    size_t offset, size; /* in a tar */
};

struct images_source {
    struct source head;
    char *place, *labels_path; /* owned; labels_path NULL: class folders */
    bool is_tar;
    struct unpacked bytes;    /* of a tar */
    struct tar_index tar;     /* of a tar */
    struct name_list files;   /* of a folder with class folders */
    struct label_list labels; /* of a labels text */
    struct item *items;       /* [head.count] */
};

/* ---- what dataset.c calls ---- */

static int32_t images_label(const struct source *source, size_t index)
{
    return ((const struct images_source *)source)->items[index].label;
}

/* A picture whose file is gone is one damaged picture; a disk that fails is the end. */
static bool is_link_to_nothing(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode) && stat(path, &info) != 0;
}

static sned_status images_fetch(const struct source *source, size_t index, const struct input_form *form,
                                void *pixels, sned_error *error)
{
    const struct images_source *images = (const struct images_source *)source;
    const struct item *item = &images->items[index];
    char *path = NULL;

    if (images->is_tar)
        return image_decode(images->bytes.data + item->offset, item->size, form, pixels, error);
    SNED_TRY(path_format(&path, error, "%s/%s", images->place, item->name));
    sned_status status = image_read(path, form, pixels, error);
    if (status == SNED_ERROR_IO && is_link_to_nothing(path))
        status = sned_fail(error, SNED_ERROR_DATA, "%s: a link to nothing", path);
    free(path);
    return status;
}

static void images_where_image(const struct source *source, size_t index, char *text, size_t size)
{
    const struct images_source *images = (const struct images_source *)source;

    snprintf(text, size, images->is_tar ? "%s in %s" : "%s of %s", images->items[index].name, images->place);
}

static void images_where_label(const struct source *source, size_t index, char *text, size_t size)
{
    const struct images_source *images = (const struct images_source *)source;
    const struct item *item = &images->items[index];

    if (images->labels_path)
        snprintf(text, size, "%s:%u: the label of %s", images->labels_path, item->line, item->name);
    else
        snprintf(text, size, "%s: the class of %s", images->place, item->name);
}

static void images_close(struct source *source)
{
    struct images_source *images = (struct images_source *)source;

    free(images->items);
    labels_free(&images->labels);
    name_list_free(&images->files);
    tar_index_free(&images->tar);
    unpacked_free(&images->bytes);
    free(images->place);
    free(images->labels_path);
    free(images);
}

static const struct source_kind images_kind = {
    .label = images_label,
    .fetch = images_fetch,
    .where_image = images_where_image,
    .where_label = images_where_label,
    .close = images_close,
};

/* Every path in the place that is somebody's data; *paths is owned, what it points to is not. */
static sned_status list_place(struct images_source *images, const char ***paths, size_t *count,
                              sned_error *error)
{
    if (!images->is_tar && !images->files.count)
        SNED_TRY(folder_walk(&images->files, images->place, error));
    size_t all = images->is_tar ? images->tar.count : images->files.count;
    SNED_TRY(sned_alloc(paths, all, sizeof **paths, error));
    for (size_t i = 0; i < all; i++) {
        const char *path = images->is_tar ? images->tar.entries[i].name : images->files.names[i];
        if (!path_is_clutter(path))
            (*paths)[(*count)++] = path;
    }
    return SNED_OK;
}

/* ---- with a labels text ---- */

/* Fills in where the item's file is; false where there is none. */
static bool locate_item(const struct images_source *images, struct item *item, sned_error *error)
{
    char *path = NULL;

    if (images->is_tar) {
        const struct tar_entry *entry = tar_index_find(&images->tar, item->name);
        if (entry) {
            item->offset = entry->offset;
            item->size = entry->size;
        }
        return entry != NULL;
    }
    if (path_format(&path, error, "%s/%s", images->place, item->name) != SNED_OK)
        return false;
    bool found = path_is_file(path);
    free(path);
    return found;
}

/* A place that cannot be listed whole may still hold every picture that is named. */
static void report_unnamed(struct images_source *images, const struct source_options *options)
{
    const char **paths = NULL;
    size_t count = 0, pictures = 0;

    if (list_place(images, &paths, &count, &(sned_error){0}) == SNED_OK)
        for (size_t i = 0; i < count; i++)
            pictures += image_has_name(paths[i]);
    const size_t unnamed = pictures > images->head.count ? pictures - images->head.count : 0;
    if (unnamed)
        sned_report(options->reporter, "%s: %zu %s that %s does not name %s left out", images->place, unnamed,
                    sned_text_noun(unnamed, "picture", "pictures"), images->labels_path,
                    sned_text_noun(unnamed, "is", "are"));
    free(paths);
}

static sned_status take_labels(struct images_source *images, const struct source_options *options,
                               sned_error *error)
{
    const struct label_list *labels = &images->labels;

    SNED_TRY(labels_read(&images->labels, images->labels_path, error));
    SNED_TRY(sned_alloc(&images->items, labels->count, sizeof *images->items, error));
    for (size_t i = 0; i < labels->count; i++) {
        struct item *item = &images->items[i];
        *item = (struct item){.name = labels->entries[i].name,
                              .label = labels->entries[i].label,
                              .line = labels->entries[i].line};
        if (!locate_item(images, item, error))
            return sned_fail(error, SNED_ERROR_DATA, "%s:%u: there is no file %s in %s", images->labels_path,
                             item->line, item->name, images->place);
    }
    images->head.count = labels->count;
    report_unnamed(images, options);
    return SNED_OK;
}

/* ---- with class folders ---- */

static void take_classes(struct source *head, struct folder_pictures *pictures)
{
    head->count = pictures->count;
    head->ignored = pictures->ignored;
    head->unlabelled = pictures->unlabelled;
    head->has_splits = pictures->has_splits;
    head->by_name = pictures->by_name;
    head->in_folders = !pictures->by_name;
    head->by_text = pictures->by_text;
    head->class_names = pictures->classes.names;
    head->class_count = (int)pictures->classes.count;
    pictures->classes = (struct name_list){0};
}

static sned_status take_folders(struct images_source *images, const struct images_place *place,
                                const struct source_options *options, sned_error *error)
{
    sned_status status;
    struct folder_pictures pictures = {0};
    const char **paths = NULL;
    size_t count = 0;

    SNED_TRY_DONE(list_place(images, &paths, &count, error));
    const struct listing listing = {.paths = paths, .count = count};
    SNED_TRY_DONE(folder_pictures_find(&pictures, images->place, listing, place->names, place->classes,
                                       options, error));
    SNED_TRY_DONE(sned_alloc(&images->items, pictures.count, sizeof *images->items, error));
    for (size_t i = 0; i < pictures.count; i++) {
        struct item *item = &images->items[i];
        *item = (struct item){.name = pictures.paths[i], .label = pictures.labels[i]};
        if (images->is_tar)
            locate_item(images, item, error);
    }
    take_classes(&images->head, &pictures);
done:
    folder_pictures_free(&pictures);
    free(paths);
    return status;
}

/* ---- opening ---- */

/* A text that is to say the pictures' labels may be one of the class folders' names instead: *found. */
static sned_status is_names_text(struct images_source *images, bool *found, sned_error *error)
{
    sned_status status;
    struct name_list folders = {0}, names = {0};
    const char **paths = NULL;
    size_t count = 0;

    SNED_TRY_DONE(list_place(images, &paths, &count, error));
    SNED_TRY_DONE(folder_pictures_classes(&folders, images->place, (struct listing){paths, count, 0}, error));
    status = class_folders_read_names(&names, found, images->labels_path, &folders, NULL, error);
done:
    name_list_free(&folders);
    name_list_free(&names);
    free(paths);
    return status;
}

/* With the labels text, or with the class folders whose names it holds. */
static sned_status take_either(struct images_source *images, const struct images_place *place,
                               const struct source_options *options, sned_error *error)
{
    struct images_place folders = *place;
    sned_error why = {0};
    bool found;

    sned_status status = take_labels(images, options, &why);
    if (status != SNED_ERROR_DATA)
        return status == SNED_OK ? SNED_OK : sned_fail(error, status, "%s", why.message);
    SNED_TRY(is_names_text(images, &found, error));
    if (!found)
        return sned_fail(error, status, "%s", why.message);
    free(images->items);
    images->items = NULL;
    labels_free(&images->labels);
    folders.names = images->labels_path;
    status = take_folders(images, &folders, options, error);
    free(images->labels_path);
    images->labels_path = NULL;
    return status;
}

sned_status source_open_images(struct source **source, const struct images_place *place,
                               const struct source_options *options, sned_error *error)
{
    sned_status status;
    struct images_source *images = NULL;

    *source = NULL;
    SNED_TRY_DONE(sned_alloc(&images, 1, sizeof *images, error));
    images->head.kind = &images_kind;
    images->is_tar = !path_is_folder(place->place);
    SNED_TRY_DONE(sned_strdup(&images->place, place->place, error));
    if (place->labels)
        SNED_TRY_DONE(sned_strdup(&images->labels_path, place->labels, error));
    if (images->is_tar) {
        SNED_TRY_DONE(unpacked_open(&images->bytes, images->place, options->memory_budget, error));
        SNED_TRY_DONE(tar_index_make(&images->tar, &images->bytes, images->place, error));
        if (images->tar.count == 0) {
            status = sned_fail(error, SNED_ERROR_DATA, "%s: no images in it", images->place);
            goto done;
        }
        images->head.memory = images->bytes.memory;
    }
    SNED_TRY_DONE(place->labels ? take_either(images, place, options, error)
                                : take_folders(images, place, options, error));
    *source = &images->head;
    images = NULL;
done:
    if (images)
        source_close(&images->head);
    return status;
}
