/*
 * folder.c - listing folders in an order that does not depend on the file system.
 */
#include "io/files/folder.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
    FOLDER_MAX_DEPTH = 8,
    FOLDER_MAX_NAMES = 1 << 26,
};

sned_status path_format(char **path, sned_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(path, format, arguments);
    va_end(arguments);
    if (length >= 0)
        return SNED_OK;
    *path = NULL;
    return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
}

bool path_is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool path_is_file(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool text_ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcasecmp(text + length - end_length, end) == 0;
}

/* The name of a part of a path. */
static bool is_clutter(const char *name, size_t length)
{
    static const char *const names[] = {"__MACOSX",   "Thumbs.db",    "desktop.ini",
                                        "@eaDir",     "$RECYCLE.BIN", "System Volume Information",
                                        "lost+found", "__pycache__"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && strncasecmp(name, names[i], length) == 0)
            return true;
    return length > 0 && name[0] == '.';
}

bool path_is_clutter(const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");
        if (is_clutter(path, length))
            return true;
        path += length;
        path += *path == '/';
    }
    return false;
}

size_t path_tar_stem(const char *path)
{
    static const char *const endings[] = {".tar", ".tar.xz",  ".tar.gz", ".tgz",
                                          ".txz", ".tar.bz2", ".tar.zst"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (text_ends_with(path, endings[i]))
            return strlen(path) - strlen(endings[i]);
    return 0;
}

sned_status name_list_add(struct name_list *list, const char *name, sned_error *error)
{
    if (list->count >= FOLDER_MAX_NAMES)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "more than %d names", FOLDER_MAX_NAMES);
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        SNED_TRY(sned_resize(&list->names, capacity, sizeof *list->names, error));
        list->capacity = capacity;
    }
    SNED_TRY(sned_strdup(&list->names[list->count], name, error));
    list->count++;
    return SNED_OK;
}

void name_list_free(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct name_list){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct name_list *list)
{
    if (list->count)
        qsort(list->names, list->count, sizeof *list->names, compare_names);
}

/* A folder on the way down to another. */
struct above {
    const struct above *next; /* the one that holds it, or NULL */
    dev_t device;
    ino_t number;
    int depth;
};

static bool is_above(const struct above *above, const struct stat *info)
{
    for (; above; above = above->next)
        if (above->device == info->st_dev && above->number == info->st_ino)
            return true;
    return false;
}

static sned_status add_below(struct name_list *list, const char *folder, const char *prefix,
                             const struct above *above, sned_error *error);

/* Adds `relative`, which is at `path`: a folder with all below it, but for a link back to a folder that it
 * lies in. A link to nothing is a file that cannot be read. */
static sned_status add_found(struct name_list *list, const char *path, const char *relative,
                             const struct above *above, sned_error *error)
{
    struct stat info;
    char *prefix = NULL;
    sned_status status;

    if (stat(path, &info) != 0 || S_ISREG(info.st_mode))
        return name_list_add(list, relative, error);
    if (!S_ISDIR(info.st_mode) || is_above(above, &info))
        return SNED_OK;
    if (above->depth == FOLDER_MAX_DEPTH)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: more than %d folders deep", path,
                         FOLDER_MAX_DEPTH);
    const struct above here = {above, info.st_dev, info.st_ino, above->depth + 1};
    SNED_TRY_DONE(path_format(&prefix, error, "%s/", relative));
    SNED_TRY_DONE(name_list_add(list, prefix, error));
    status = add_below(list, path, prefix, &here, error);
done:
    free(prefix);
    return status;
}

/* Adds `prefix` + name of what lies in `folder`; below it too, and then with a '/' behind folders, where
 * `above` says which folder this is. */
static sned_status add_below(struct name_list *list, const char *folder, const char *prefix,
                             const struct above *above, sned_error *error)
{
    sned_status status = SNED_OK;
    char *path = NULL, *relative = NULL;
    struct dirent *found;
    DIR *stream = opendir(folder);

    if (!stream)
        return sned_fail(error, SNED_ERROR_IO, "%s: cannot read this folder: %s", folder, strerror(errno));
    while ((found = readdir(stream))) {
        if (path_is_clutter(found->d_name))
            continue;
        SNED_TRY_DONE(path_format(&path, error, "%s/%s", folder, found->d_name));
        SNED_TRY_DONE(path_format(&relative, error, "%s%s", prefix, found->d_name));
        SNED_TRY_DONE(above ? add_found(list, path, relative, above, error)
                            : name_list_add(list, relative, error));
        free(path);
        free(relative);
        path = relative = NULL;
    }
done:
    free(path);
    free(relative);
    closedir(stream);
    return status;
}

sned_status folder_list(struct name_list *list, const char *folder, sned_error *error)
{
    *list = (struct name_list){0};
    sned_status status = add_below(list, folder, "", NULL, error);
    sort_names(list);
    return status;
}

sned_status folder_walk(struct name_list *list, const char *folder, sned_error *error)
{
    struct stat info;

    *list = (struct name_list){0};
    if (stat(folder, &info) != 0)
        return sned_fail(error, SNED_ERROR_IO, "%s: cannot read this folder: %s", folder, strerror(errno));
    const struct above top = {NULL, info.st_dev, info.st_ino, 1};
    sned_status status = add_below(list, folder, "", &top, error);
    sort_names(list);
    return status;
}
