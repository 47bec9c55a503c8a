/*
 * dataset_images.c - pictures in a folder or a tar as a source, with a labels text or with class folders.
 *
 * The place is listed once; an item is then a file name, or an offset into the unpacked tar. Pictures are
 * decoded by image_decode on request. Files that no label names, and what is no picture beside class folders,
 * are left out.
 */
#include "base/memory.h"
#include "io/archive_file.h"
#include "io/dataset_source.h"
#include "io/folder.h"
#include "io/image.h"
#include "io/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void report_unlabelled(const struct images_source *images, const struct source_options *options)
{
    size_t pictures = 0;

    for (size_t i = 0; i < images->tar.count; i++)
        pictures += image_has_name(images->tar.entries[i].name);
    if (pictures > images->head.count)
        sned_report(options->reporter, "%s: %zu pictures that %s does not name are left out", images->place,
                    pictures - images->head.count, images->labels_path);
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
    if (images->is_tar)
        report_unlabelled(images, options);
    return SNED_OK;
}

/* ---- with class folders ---- */

/* Length of the first folder's name in a relative path; 0: it lies in none. */
static size_t first_folder(const char *name)
{
    const char *slash = strchr(name, '/');

    return slash ? (size_t)(slash - name) : 0;
}

/* Letters to skip: a folder around all class folders, as tars have it ("set/cat/1.jpg"). */
static size_t common_folder(const struct item *items, size_t count)
{
    size_t length = count ? first_folder(items[0].name) : 0;

    for (size_t i = 0; i < count && length; i++)
        if (strncmp(items[i].name, items[0].name, length + 1) != 0 ||
            !first_folder(items[i].name + length + 1))
            length = 0;
    return length ? length + 1 : 0;
}

/* The number of the class `name` [length] among the names, or -1. */
static int find_class(char *const *names, int count, const char *name, size_t length)
{
    for (int i = 0; i < count; i++)
        if (strncmp(names[i], name, length) == 0 && !names[i][length])
            return i;
    return -1;
}

/* Numbers the class folders in the items' order (which is that of their names), or as `classes` has them. */
static sned_status number_classes(struct images_source *images, const struct source *classes,
                                  sned_error *error)
{
    sned_status status = SNED_OK;
    struct name_list names = {0}; /* the source's class names in the end */
    size_t skip = common_folder(images->items, images->head.count);
    int known = -1;

    for (int i = 0; classes && i < classes->class_count; i++)
        SNED_TRY_DONE(name_list_add(&names, classes->class_names[i], error));
    for (size_t i = 0; i < images->head.count; i++) {
        struct item *item = &images->items[i];
        const char *name = item->name + skip;
        size_t length = first_folder(name);
        if (length == 0) {
            status =
                sned_fail(error, SNED_ERROR_DATA,
                          "%s: %s lies in no class folder, and there is no labels text (labels.txt in it, or "
                          "NAME.labels.txt beside it)",
                          images->place, item->name);
            goto done;
        }
        if (known >= 0 && strncmp(images->items[i - 1].name + skip, name, length + 1) == 0) {
            item->label = images->items[i - 1].label; /* the same folder as the image before */
            continue;
        }
        known = find_class(names.names, (int)names.count, name, length);
        if (known < 0 && classes) {
            status =
                sned_fail(error, SNED_ERROR_DATA, "%s: the class folder %.*s is not in the training split",
                          images->place, (int)length, name);
            goto done;
        }
        if (known < 0) {
            known = (int)names.count;
            SNED_TRY_DONE(name_list_add(&names, name, error));
            names.names[known][length] = 0;
        }
        item->label = known;
    }
    images->head.class_names = names.names;
    images->head.class_count = (int)names.count;
    names = (struct name_list){0};
done:
    name_list_free(&names);
    return status;
}

static void add_picture(struct images_source *images, const struct item *item)
{
    if (image_has_name(item->name))
        images->items[images->head.count++] = *item;
}

static bool in_class_folders(const struct images_source *images)
{
    size_t skip = common_folder(images->items, images->head.count);

    for (size_t i = 0; i < images->head.count; i++)
        if (!first_folder(images->items[i].name + skip))
            return false;
    return true;
}

static sned_status take_folders(struct images_source *images, const struct source *classes,
                                const struct source_options *options, sned_error *error)
{
    if (!images->is_tar)
        SNED_TRY(folder_walk(&images->files, images->place, error));
    size_t count = images->is_tar ? images->tar.count : images->files.count;
    SNED_TRY(sned_alloc(&images->items, count, sizeof *images->items, error));
    for (size_t i = 0; i < count; i++) {
        const struct tar_entry *entry = images->is_tar ? &images->tar.entries[i] : NULL;
        struct item item = {.name = entry ? entry->name : images->files.names[i]};
        if (entry) {
            item.offset = entry->offset;
            item.size = entry->size;
        }
        add_picture(images, &item);
    }
    if (images->head.count == 0)
        return sned_fail(error, SNED_ERROR_DATA,
                         "%s: no images (.jpg, .jpeg, .png), no IDX files and no CIFAR-10 "
                         "batches in it",
                         images->place);
    images->head.unlabelled = options->unlabelled && !in_class_folders(images);
    return images->head.unlabelled ? SNED_OK : number_classes(images, classes, error);
}

/* ---- opening ---- */

sned_status source_open_images(struct source **source, const char *place, const char *labels,
                               const struct source *classes, const struct source_options *options,
                               sned_error *error)
{
    sned_status status;
    struct images_source *images = NULL;

    *source = NULL;
    SNED_TRY_DONE(sned_alloc(&images, 1, sizeof *images, error));
    images->head.kind = &images_kind;
    images->is_tar = !path_is_folder(place);
    SNED_TRY_DONE(sned_strdup(&images->place, place, error));
    if (labels)
        SNED_TRY_DONE(sned_strdup(&images->labels_path, labels, error));
    if (images->is_tar) {
        SNED_TRY_DONE(unpacked_open(&images->bytes, place, options->memory_budget, error));
        SNED_TRY_DONE(tar_index_make(&images->tar, &images->bytes, place, error));
        if (images->tar.count == 0) {
            status = sned_fail(error, SNED_ERROR_DATA, "%s: no images in it", place);
            goto done;
        }
        images->head.memory = images->bytes.memory;
    }
    SNED_TRY_DONE(labels ? take_labels(images, options, error)
                         : take_folders(images, classes, options, error));
    *source = &images->head;
    images = NULL;
done:
    if (images)
        source_close(&images->head);
    return status;
}
