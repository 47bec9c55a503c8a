/*
 * listing.c - ranges of a sorted list of paths.
 */
#include "io/sources/listing.h"

#include "io/pictures/image.h"

#include <stdlib.h>
#include <string.h>

static bool ends_in_one_of(const char *path, const char *const *endings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_ends_with(path, endings[i]))
            return true;
    return false;
}

bool path_is_other_picture(const char *path)
{
    static const char *const endings[] = {".webp", ".bmp",  ".gif",  ".jfif", ".jpe", ".jp2", ".tif", ".tiff",
                                          ".heic", ".heif", ".avif", ".ppm",  ".pgm", ".pnm", ".tga"};

    return ends_in_one_of(path, endings, sizeof endings / sizeof *endings);
}

size_t path_first_folder(const char *path)
{
    const char *slash = strchr(path, '/');

    return slash ? (size_t)(slash - path) : 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

sned_status listing_folders(struct name_list *folders, const struct listing *listing, sned_error *error)
{
    const char *before = NULL;
    size_t before_length = 0;
    sned_status status = SNED_OK;

    *folders = (struct name_list){0};
    for (size_t i = 0; i < listing->count; i++) {
        const char *path = listing->paths[i] + listing->skip;
        size_t length = path_first_folder(path);
        char *name = NULL;
        if (length == 0 || (length == before_length && strncmp(path, before, length) == 0))
            continue;
        before = path;
        before_length = length;
        SNED_TRY_DONE(path_format(&name, error, "%.*s", (int)length, path));
        status = name_list_add(folders, name, error);
        free(name);
        if (status != SNED_OK)
            goto done;
    }
    if (folders->count) /* sorted as whole paths, "a b/" comes before "a/" */
        qsort(folders->names, folders->count, sizeof *folders->names, compare_names);
done:
    if (status != SNED_OK)
        name_list_free(folders);
    return status;
}

struct listing listing_below(const struct listing *listing, const char *folder)
{
    struct listing below = {.skip = listing->skip + strlen(folder) + 1};

    for (size_t i = 0; i < listing->count; i++) {
        const char *path = listing->paths[i] + listing->skip;
        size_t length = path_first_folder(path);
        if (length != strlen(folder) || strncmp(path, folder, length) != 0)
            continue;
        if (!path[length + 1]) /* the folder itself */
            continue;
        if (below.count == 0)
            below.paths = listing->paths + i;
        below.count++;
    }
    return below;
}

bool listing_enter(struct listing *listing)
{
    const char *first = NULL;
    size_t length = 0;
    char *folder;
    sned_error error;

    for (size_t i = 0; i < listing->count; i++) {
        const char *path = listing->paths[i] + listing->skip;
        if (!image_has_name(path) && !path_is_other_picture(path))
            continue;
        if (!first) {
            first = path;
            length = path_first_folder(path);
        }
        if (length == 0 || strncmp(path, first, length + 1) != 0 || !path_first_folder(path + length + 1))
            return false;
    }
    if (!first || path_format(&folder, &error, "%.*s", (int)length, first) != SNED_OK)
        return false;
    *listing = listing_below(listing, folder);
    free(folder);
    return true;
}
