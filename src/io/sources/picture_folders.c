/*
 * picture_folders.c - from a listing to labelled pictures: into the split that is wanted, its folders
 * numbered, its files told apart.
 */
#include "io/sources/picture_folders.h"
#include "base/memory.h"
#include "base/text.h"
#include "io/sources/class_folders.h"
#include "io/pictures/image.h"
#include "io/sources/left_out.h"
#include "io/data/splits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search {
    const char *place, *names_text;
    const struct source *classes;
    const struct source_options *options;
    struct listing wanted, train; /* the split; the one that numbers its classes, or the same */
    struct name_list folders;     /* of `wanted` */
    int32_t *numbers;             /* [folders.count]: their classes */
    struct folder_pictures *pictures;
};

/* ---- which part of the listing ---- */

static void enter_all(struct listing *listing)
{
    while (listing_enter(listing))
        ;
}

static bool has_folders(struct listing listing)
{
    for (size_t i = 0; i < listing.count; i++)
        if (path_first_folder(listing.paths[i] + listing.skip))
            return true;
    return false;
}

static sned_status take_split(struct search *search, const struct splits *splits, sned_error *error)
{
    const struct source_options *options = search->options;
    const struct listing all = search->wanted;
    const char *name;
    bool test_has_labels = splits->test && has_folders(listing_below(&all, splits->test));

    SNED_TRY(splits_choose(&name, splits, options->split, test_has_labels, search->place, options->reporter,
                           error));
    search->wanted = listing_below(&all, name);
    search->train = splits->train ? listing_below(&all, splits->train) : search->wanted;
    search->pictures->has_splits = true;
    enter_all(&search->train);
    enter_all(&search->wanted);
    return SNED_OK;
}

/* Down to the splits, or to the class folders. */
static sned_status go_down(struct search *search, sned_error *error)
{
    sned_status status;
    struct name_list folders = {0};
    struct splits splits;

    do {
        name_list_free(&folders);
        SNED_TRY_DONE(listing_folders(&folders, &search->wanted, error));
        SNED_TRY_DONE(splits_find(&splits, &folders, search->place, error));
        if (splits_found(&splits)) {
            status = take_split(search, &splits, error);
            goto done;
        }
    } while (listing_enter(&search->wanted));
    search->train = search->wanted;
done:
    name_list_free(&folders);
    return status;
}

/* ---- the classes ---- */

static sned_status copy_names(struct name_list *to, const char *const *names, size_t count, sned_error *error)
{
    for (size_t i = 0; i < count; i++)
        SNED_TRY(name_list_add(to, names[i], error));
    return SNED_OK;
}

/* The names that number the folders, to pictures->classes; *known says what they are. */
static sned_status find_classes(struct search *search, struct known_classes *known, sned_error *error)
{
    const struct source_options *options = search->options;
    struct folder_pictures *pictures = search->pictures;
    struct name_list *classes = &pictures->classes, train = {0};
    sned_status status;
    bool found = false;

    *known = (struct known_classes){.whose = "the training split's classes", .advice = ""};
    if (options->class_names) {
        known->whose = "the network's classes";
        known->advice = ": rename it, or name the classes in the network's order with --labels FILE";
        pictures->by_name = true;
        SNED_TRY_DONE(copy_names(classes, options->class_names, (size_t)options->class_name_count, error));
    } else if (search->classes && search->classes->class_names) {
        SNED_TRY_DONE(copy_names(classes, (const char *const *)search->classes->class_names,
                                 (size_t)search->classes->class_count, error));
    } else {
        SNED_TRY_DONE(listing_folders(&train, &search->train, error));
        if (search->names_text)
            SNED_TRY_DONE(class_folders_read_names(classes, &found, search->names_text, &train,
                                                   options->reporter, error));
        if (found) {
            known->whose = search->names_text;
            pictures->by_text = true;
        } else {
            class_folders_report_order(&train, search->place, options->reporter);
            SNED_TRY_DONE(splits_report_lone(&train, search->place, options->reporter, error));
            *classes = train;
            train = (struct name_list){0};
        }
    }
    known->names = (const char *const *)classes->names;
    known->count = (int)classes->count;
done:
    name_list_free(&train);
    return status;
}

static sned_status number_folders(struct search *search, sned_error *error)
{
    const struct source_options *options = search->options;
    struct known_classes known;
    sned_error why = {0};

    SNED_TRY(listing_folders(&search->folders, &search->wanted, error));
    SNED_TRY(sned_alloc(&search->numbers, search->folders.count, sizeof *search->numbers, error));
    SNED_TRY(find_classes(search, &known, error));
    sned_status status = class_folders_match(search->numbers, &search->folders, &known, search->place,
                                             options->reporter, &why);
    if (status == SNED_ERROR_DATA && options->unlabelled) {
        sned_report(options->reporter, "%s; its pictures are used without labels", why.message);
        search->pictures->unlabelled = true;
        return SNED_OK;
    }
    return status == SNED_OK ? SNED_OK : sned_fail(error, status, "%s", why.message);
}

/* ---- the pictures ---- */

/* The number of the folder `name` [length], which is among them. */
static size_t find_folder(const struct name_list *folders, const char *name, size_t length)
{
    size_t low = 0, high = folders->count;

    while (low + 1 < high) {
        size_t middle = low + (high - low) / 2;
        int order = strncmp(folders->names[middle], name, length);
        if (order < 0 || (order == 0 && !folders->names[middle][length]))
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Says which class folders are without a picture, by the first three of them. */
static void report_empty(const struct search *search, const size_t *pictures)
{
    char text[3 * 64] = "";
    size_t empty = 0, length = 0;

    for (size_t i = 0; i < search->folders.count; i++) {
        if (pictures[i] > 0 || empty++ >= 3)
            continue;
        snprintf(text + length, sizeof text - length, "%s%.56s", length ? ", " : "",
                 search->folders.names[i]);
        length = strlen(text);
    }
    if (empty)
        sned_report(search->options->reporter, "%s: no pictures in %zu of %zu class folders (%s%s)",
                    search->place, empty, search->folders.count, text, empty > 3 ? ", ..." : "");
}

static sned_status finish(struct search *search, struct left_out *left_out, const size_t *in_folder,
                          sned_error *error)
{
    struct folder_pictures *pictures = search->pictures;
    char endings[LEFT_OUT_TEXT];

    left_out_text(left_out, endings);
    pictures->ignored = left_out->count;
    if (pictures->count == 0)
        return sned_fail(error, SNED_ERROR_DATA,
                         "%s: no images (.jpg, .jpeg, .png), no IDX files and no CIFAR-10 batches in it%s%s",
                         search->place, left_out->count ? "; it holds " : "", endings);
    if (left_out->count)
        sned_report(search->options->reporter, "%s: %zu %s no JPEG or PNG %s left out: %s", search->place,
                    left_out->count, sned_text_noun(left_out->count, "file that is", "files that are"),
                    sned_text_noun(left_out->count, "is", "are"), endings);
    if (!pictures->unlabelled)
        report_empty(search, in_folder);
    return SNED_OK;
}

/* Every picture of the listing with its class; what is none, and lies in a class folder or is one that cannot
 * be read, is counted. */
static sned_status take_files(struct search *search, sned_error *error)
{
    const struct listing *listing = &search->wanted;
    struct folder_pictures *pictures = search->pictures;
    struct left_out left_out = {0};
    size_t *in_folder = NULL;
    sned_status status;

    SNED_TRY_DONE(sned_alloc(&in_folder, search->folders.count, sizeof *in_folder, error));
    SNED_TRY_DONE(sned_alloc(&pictures->paths, listing->count, sizeof *pictures->paths, error));
    SNED_TRY_DONE(sned_alloc(&pictures->labels, listing->count, sizeof *pictures->labels, error));
    for (size_t i = 0; i < listing->count; i++) {
        const char *path = listing->paths[i], *name = path + listing->skip;
        size_t length = path_first_folder(name), folder;
        if (text_ends_with(path, "/"))
            continue;
        if (!image_has_name(path)) {
            if (length || path_is_other_picture(path))
                left_out_add(&left_out, path);
            continue;
        }
        pictures->paths[pictures->count] = path;
        if (!pictures->unlabelled) {
            folder = find_folder(&search->folders, name, length);
            in_folder[folder]++;
            pictures->labels[pictures->count] = search->numbers[folder];
        }
        pictures->count++;
    }
    status = finish(search, &left_out, in_folder, error);
done:
    free(in_folder);
    return status;
}

/* A picture that lies in no class folder, or NULL. */
static const char *find_loose(const struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        const char *path = listing->paths[i];
        if (image_has_name(path) && !path_first_folder(path + listing->skip))
            return path;
    }
    return NULL;
}

sned_status folder_pictures_find(struct folder_pictures *pictures, const char *place, struct listing listing,
                                 const char *names_text, const struct source *classes,
                                 const struct source_options *options, sned_error *error)
{
    struct search search = {.place = place,
                            .names_text = names_text,
                            .classes = classes,
                            .options = options,
                            .wanted = listing,
                            .pictures = pictures};
    sned_status status;

    *pictures = (struct folder_pictures){0};
    SNED_TRY_DONE(go_down(&search, error));
    const char *loose = find_loose(&search.wanted);
    pictures->unlabelled = loose && options->unlabelled;
    if (loose && !pictures->unlabelled) {
        status =
            sned_fail(error, SNED_ERROR_DATA,
                      "%s: %s lies in no class folder, and there is no labels text (labels.txt in it, or "
                      "NAME.labels.txt beside it)",
                      place, loose);
        goto done;
    }
    if (!loose)
        SNED_TRY_DONE(number_folders(&search, error));
    status = take_files(&search, error);
done:
    name_list_free(&search.folders);
    free(search.numbers);
    return status;
}

sned_status folder_pictures_classes(struct name_list *folders, const char *place, struct listing listing,
                                    sned_error *error)
{
    const struct source_options options = {.split = SPLIT_TEST};
    struct folder_pictures pictures = {0};
    struct search search = {.place = place, .options = &options, .wanted = listing, .pictures = &pictures};

    SNED_TRY(go_down(&search, error));
    return listing_folders(folders, &search.train, error);
}

void folder_pictures_free(struct folder_pictures *pictures)
{
    free(pictures->paths);
    free(pictures->labels);
    name_list_free(&pictures->classes);
    *pictures = (struct folder_pictures){0};
}
