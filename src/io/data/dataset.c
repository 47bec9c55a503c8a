/*
 * dataset.c - dataset.h over any source: labels checked once, pictures decoded in parallel and kept where
 * they fit.
 *
 * An image is decoded the first time it is read. What dataset_read gives depends only on the indices asked
 * for: threads decode each into its own place in the output, and everything that has an order (reports of
 * damaged images, closing the gaps they leave) happens afterwards, on one thread.
 */
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"
#include "io/data/dataset_source.h"
#include "io/data/labels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_BUDGET = 1 << 27, MAX_ELEMENTS = 1 << 28, MAX_WHERE = 256 };

enum image_state { IMAGE_UNREAD, IMAGE_CACHED, IMAGE_DAMAGED };

struct dataset {
    struct source *source;
    struct input_form form;
    size_t count, item_size; /* items; bytes of one */
    int32_t *labels;         /* [count], offset included */
    int classes, label_offset;
    uint8_t *state; /* [count], enum image_state */
    uint8_t *cache; /* [count][item_size], what state says is there; NULL: beyond the budget, or not needed */
    enum split split;
    bool viewed; /* the source holds the pixels as they are wanted */
    atomic_size_t damaged;
    int threads;
    const struct reporter *reporter;
    pthread_mutex_t lock; /* one dataset_read at a time */
};

/* ---- opening ---- */

static sned_status set_form(struct input_form *form, const struct dataset_options *options, sned_error *error)
{
    struct extent input = options->form.input;
    const char *given = options->form.color;
    const char *color = *given ? given : input.channels == 1 ? "gray" : "RGB";
    size_t plane, elements;

    if (input.channels < 1 || input.height < 1 || input.width < 1 ||
        !sned_size_multiply((size_t)input.height, (size_t)input.width, &plane) ||
        !sned_size_multiply(plane, (size_t)input.channels, &elements) || elements > MAX_ELEMENTS)
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "a network input of [%d][%d][%d] cannot be filled with data", input.channels,
                         input.height, input.width);
    if (strcmp(color, "RGB") != 0 && strcmp(color, "BGR") != 0 && strcmp(color, "gray") != 0)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "the colour order \"%s\" is none of RGB, BGR, gray",
                         color);
    *form = options->form;
    strcpy(form->color, color);
    return sned_resize_check(form->resize, input, error);
}

/* A network that the images cannot be resized for must be refused before the first read. */
static sned_status check_shape(const struct dataset *dataset, const char *spec, sned_error *error)
{
    const struct input_form *form = &dataset->form;
    const struct extent input = form->input;
    int channels = strcmp(form->color, "gray") == 0 ? 1 : 3;

    if (dataset->source->type == ITEM_VALUES)
        return SNED_OK;
    if (form->takes_values)
        return sned_fail(
            error, SNED_ERROR_SHAPE,
            "%s: the network takes no pictures but values, [%d][%d][%d] a sample: give them as .npy or "
            ".npz",
            spec, input.channels, input.height, input.width);
    if (dataset->viewed || input.channels == channels)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_SHAPE,
                     "%s: its images do not fit the network's input [%d][%d][%d] in colour order %s", spec,
                     input.channels, input.height, input.width, form->color);
}

/* A network whose outputs are not the class folders would have each of its answers compared with another
 * class. Where no label is wanted, none is taken. */
static sned_status check_folders(struct dataset *dataset, const char *spec,
                                 const struct dataset_options *options, sned_error *error)
{
    struct source *source = dataset->source;
    int64_t classes = (int64_t)source->class_count + dataset->label_offset;
    char offset[48] = "";

    if (!source->in_folders || source->unlabelled || options->classes == 0 || classes == options->classes)
        return SNED_OK;
    if (dataset->label_offset)
        snprintf(offset, sizeof offset, ", and labels an offset of %d", dataset->label_offset);
    if (options->unlabelled) {
        sned_report(dataset->reporter,
                    "%s: has %d class %s, the network %d %s%s; its pictures are used without labels", spec,
                    source->class_count, sned_text_noun((size_t)source->class_count, "folder", "folders"),
                    options->classes, sned_text_noun((size_t)options->classes, "class", "classes"), offset);
        source->unlabelled = true;
        return SNED_OK;
    }
    return sned_fail(error, SNED_ERROR_DATA,
                     "%s: has %d %s, the network %d %s%s: give a folder for each class, or the "
                     "network's class names in order with --labels FILE",
                     spec, source->class_count,
                     source->by_text
                         ? sned_text_noun((size_t)source->class_count, "class in its text of names",
                                          "classes in its text of names")
                         : sned_text_noun((size_t)source->class_count, "class folder", "class folders"),
                     options->classes, sned_text_noun((size_t)options->classes, "class", "classes"), offset);
}

/* A labels text or a batch need not show every class; but one that stops early may be of another network. */
static void report_highest(const struct dataset *dataset, const char *spec,
                           const struct dataset_options *options)
{
    const struct source *source = dataset->source;

    if (source->unlabelled || source->in_folders || source->by_name || dataset->count < source->count ||
        dataset->classes >= options->classes)
        return;
    sned_report(dataset->reporter, "%s: its highest class is %d, the network's %d", spec,
                dataset->classes - 1, options->classes - 1);
}

static sned_status take_labels(struct dataset *dataset, const struct dataset_options *options,
                               sned_error *error)
{
    const struct source *source = dataset->source;
    char where[MAX_WHERE];

    SNED_TRY(sned_alloc(&dataset->labels, dataset->count, sizeof *dataset->labels, error));
    for (size_t i = 0; i < dataset->count; i++) {
        int64_t label =
            source->unlabelled ? 0 : (int64_t)source->kind->label(source, i) + dataset->label_offset;
        if (label < 0 || label >= LABEL_MAX || (options->classes > 0 && label >= options->classes)) {
            source->kind->where_label(source, i, where, sizeof where);
            return sned_fail(error, SNED_ERROR_DATA,
                             "%s is %lld (offset %d included); the network's classes are 0 to %d", where,
                             (long long)label, dataset->label_offset,
                             (options->classes > 0 ? options->classes : LABEL_MAX) - 1);
        }
        dataset->labels[i] = (int32_t)label;
        if (label >= dataset->classes)
            dataset->classes = (int)label + 1;
    }
    return SNED_OK;
}

/* Room for every decoded image, where the budget has it; values need no decoding. The pages are the
 * system's until they are written. */
static sned_status make_cache(struct dataset *dataset, size_t budget, sned_error *error)
{
    size_t bytes, memory = dataset->source->memory;

    SNED_TRY(sned_alloc(&dataset->state, dataset->count, 1, error));
    if (dataset->viewed || dataset->source->type == ITEM_VALUES ||
        !sned_size_multiply(dataset->count, dataset->item_size, &bytes) || memory > budget ||
        bytes > budget - memory)
        return SNED_OK;
    return sned_resize(&dataset->cache, dataset->count, dataset->item_size, error);
}

sned_status dataset_open(struct dataset **out, const char *spec, const struct dataset_options *options,
                         sned_error *error)
{
    sned_status status;
    struct dataset *dataset = NULL;
    struct source_options wanted = {
        .split = options->split,
        .memory_budget = options->memory_budget ? options->memory_budget : DEFAULT_BUDGET,
        .unlabelled = options->unlabelled,
        .class_names = options->class_names,
        .class_name_count = options->class_name_count,
        .threads = options->threads,
        .reporter = options->reporter,
    };

    *out = NULL;
    SNED_TRY_DONE(sned_alloc(&dataset, 1, sizeof *dataset, error));
    pthread_mutex_init(&dataset->lock, NULL);
    atomic_init(&dataset->damaged, 0);
    dataset->threads = options->threads;
    dataset->reporter = options->reporter;
    dataset->split = options->split;
    SNED_TRY_DONE(set_form(&dataset->form, options, error));
    wanted.form = dataset->form;
    SNED_TRY_DONE(source_open(&dataset->source, spec, &wanted, error));
    const struct source *source = dataset->source;
    dataset->count = options->limit && options->limit < source->count ? options->limit : source->count;
    if (dataset->count == 0 || dataset->count > UINT32_MAX) {
        status = sned_fail(error, SNED_ERROR_DATA, "%s: %s", spec,
                           dataset->count ? "too many images" : "no images");
        goto done;
    }
    const struct extent input = dataset->form.input;
    dataset->item_size = (size_t)input.channels * (size_t)input.height * (size_t)input.width *
                         (source->type == ITEM_VALUES ? sizeof(float) : 1);
    dataset->viewed = source->kind->view && source->kind->view(source, 0, &dataset->form);
    SNED_TRY_DONE(check_shape(dataset, spec, error));
    dataset->label_offset = source->by_name ? 0 : options->label_offset;
    SNED_TRY_DONE(check_folders(dataset, spec, options, error));
    SNED_TRY_DONE(take_labels(dataset, options, error));
    report_highest(dataset, spec, options);
    SNED_TRY_DONE(make_cache(dataset, wanted.memory_budget, error));
    *out = dataset;
    dataset = NULL;
done:
    dataset_free(dataset);
    return status;
}

void dataset_free(struct dataset *dataset)
{
    if (!dataset)
        return;
    source_close(dataset->source);
    free(dataset->labels);
    free(dataset->state);
    free(dataset->cache);
    pthread_mutex_destroy(&dataset->lock);
    free(dataset);
}

size_t dataset_size(const struct dataset *dataset)
{
    return dataset->count;
}

int dataset_class_count(const struct dataset *dataset)
{
    return dataset->classes;
}

bool dataset_has_labels(const struct dataset *dataset)
{
    return !dataset->source->unlabelled;
}

const char *dataset_class_name(const struct dataset *dataset, int label)
{
    int64_t stored = (int64_t)label - dataset->label_offset;

    if (!dataset->source->class_names || stored < 0 || stored >= dataset->source->class_count)
        return NULL;
    return dataset->source->class_names[stored];
}

const char *dataset_split_name(const struct dataset *dataset)
{
    return !dataset->source->has_splits ? "all" : dataset->split == SPLIT_TRAIN ? "training" : "test";
}

size_t dataset_damaged(const struct dataset *dataset)
{
    return atomic_load(&dataset->damaged);
}

size_t dataset_ignored(const struct dataset *dataset)
{
    return dataset->source->ignored;
}

struct extent dataset_extent(const struct dataset *dataset)
{
    return dataset->form.input;
}

enum item_type dataset_item_type(const struct dataset *dataset)
{
    return dataset->source->type;
}

size_t dataset_item_size(const struct dataset *dataset)
{
    return dataset->item_size;
}

void dataset_where(const struct dataset *dataset, uint32_t index, char *text, size_t size)
{
    dataset->source->kind->where_image(dataset->source, index, text, size);
}

void dataset_relabel(struct dataset *dataset, const int32_t *labels)
{
    for (size_t i = 0; i < dataset->count; i++)
        if (labels[i] >= 0)
            dataset->labels[i] = labels[i];
}

/* ---- reading ---- */

struct reading {
    struct dataset *dataset;
    const uint32_t *indices;
    uint8_t *items;
    char **damage; /* [count]: what is wrong with the image, or NULL; owned */
};

/* A fault of the image, not of the machine or of the network. */
static bool is_damage(sned_status status)
{
    return status == SNED_ERROR_TRUNCATED || status == SNED_ERROR_FORMAT || status == SNED_ERROR_CHECKSUM ||
           status == SNED_ERROR_VERSION || status == SNED_ERROR_UNSUPPORTED || status == SNED_ERROR_DATA;
}

static sned_status decode(void *argument, size_t i, sned_error *error)
{
    struct reading *reading = argument;
    const struct dataset *dataset = reading->dataset;
    const struct source *source = dataset->source;
    uint32_t index = reading->indices[i];
    sned_error own = {0};
    char where[MAX_WHERE];

    if (dataset->state[index] != IMAGE_UNREAD)
        return SNED_OK;
    sned_status status =
        source->kind->fetch(source, index, &dataset->form, reading->items + i * dataset->item_size, &own);
    if (source->type == ITEM_PIXELS && is_damage(status))
        return sned_strdup(&reading->damage[i], own.message, error);
    if (status != SNED_OK) {
        source->kind->where_image(source, index, where, sizeof where);
        return sned_fail(error, status, "%s: %s", where, own.message);
    }
    return SNED_OK;
}

/* Names a damaged image once; fails where there are too many of them. */
static sned_status note_damage(struct dataset *dataset, uint32_t index, const char *why, sned_error *error)
{
    char where[MAX_WHERE];

    if (dataset->state[index] == IMAGE_DAMAGED)
        return SNED_OK;
    dataset->state[index] = IMAGE_DAMAGED;
    size_t damaged = atomic_fetch_add(&dataset->damaged, 1) + 1;
    dataset->source->kind->where_image(dataset->source, index, where, sizeof where);
    sned_report(dataset->reporter, "%s is damaged and left out: %s", where, why);
    if (damaged * 100 > dataset->source->count)
        return sned_fail(error, SNED_ERROR_DATA,
                         "%zu of %zu images are damaged, more than 1 %%; the last is %s: %s", damaged,
                         dataset->source->count, where, why);
    return SNED_OK;
}

/* Decodes what is not known yet, and notes it, in the order of the indices. */
static sned_status decode_missing(struct dataset *dataset, const uint32_t *indices, size_t count,
                                  uint8_t *items, sned_error *error)
{
    sned_status status;
    struct reading reading = {dataset, indices, items, NULL};

    SNED_TRY_DONE(sned_alloc(&reading.damage, count, sizeof *reading.damage, error));
    SNED_TRY_DONE(sned_parallel_for(dataset->threads, count, decode, &reading, error));
    for (size_t i = 0; i < count; i++) {
        uint32_t index = indices[i];
        if (reading.damage[i]) {
            SNED_TRY_DONE(note_damage(dataset, index, reading.damage[i], error));
        } else if (dataset->cache && dataset->state[index] == IMAGE_UNREAD) {
            memcpy(dataset->cache + index * dataset->item_size, items + i * dataset->item_size,
                   dataset->item_size);
            dataset->state[index] = IMAGE_CACHED;
        }
    }
done:
    for (size_t i = 0; reading.damage && i < count; i++)
        free(reading.damage[i]);
    free(reading.damage);
    return status;
}

/* Where image `index` now is: in the source, in the cache, or decoded at `here`. */
static const uint8_t *locate(const struct dataset *dataset, uint32_t index, const uint8_t *here)
{
    if (dataset->viewed)
        return dataset->source->kind->view(dataset->source, index, &dataset->form);
    return dataset->state[index] == IMAGE_CACHED ? dataset->cache + index * dataset->item_size : here;
}

static sned_status read_locked(struct dataset *dataset, const uint32_t *indices, size_t count, uint8_t *items,
                               int32_t *labels, uint32_t *which, size_t *got, sned_error *error)
{
    bool missing = false;

    for (size_t i = 0; i < count; i++) {
        if (indices[i] >= dataset->count)
            return sned_fail(error, SNED_ERROR_ARGUMENT, "image %u is not among the data set's %zu",
                             indices[i], dataset->count);
        missing |= dataset->state[indices[i]] == IMAGE_UNREAD;
    }
    if (missing && !dataset->viewed)
        SNED_TRY(decode_missing(dataset, indices, count, items, error));
    for (size_t i = 0; i < count; i++) {
        uint32_t index = indices[i];
        uint8_t *to = items + *got * dataset->item_size;
        const uint8_t *from = locate(dataset, index, items + i * dataset->item_size);
        if (dataset->state[index] == IMAGE_DAMAGED)
            continue;
        if (from != to)
            memmove(to, from, dataset->item_size);
        labels[*got] = dataset->labels[index];
        if (which)
            which[*got] = index;
        ++*got;
    }
    return SNED_OK;
}

sned_status dataset_read_which(struct dataset *dataset, const uint32_t *indices, size_t count, void *items,
                               int32_t *labels, uint32_t *which, size_t *got, sned_error *error)
{
    *got = 0;
    pthread_mutex_lock(&dataset->lock);
    sned_status status = read_locked(dataset, indices, count, items, labels, which, got, error);
    pthread_mutex_unlock(&dataset->lock);
    if (status != SNED_OK)
        *got = 0;
    return status;
}

sned_status dataset_read(struct dataset *dataset, const uint32_t *indices, size_t count, void *items,
                         int32_t *labels, size_t *got, sned_error *error)
{
    return dataset_read_which(dataset, indices, count, items, labels, NULL, got, error);
}
