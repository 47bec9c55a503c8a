/*
 * folder.h - paths: does it exist, what lies in a folder, joined by printf.
 *
 * What systems leave in folders is nobody's data and is never listed: hidden files, Thumbs.db, __MACOSX and
 * the like (path_is_clutter).
 */
#ifndef SNED_IO_FILES_FOLDER_H
#define SNED_IO_FILES_FOLDER_H

#include "base/error.h"
#include <stdbool.h>

/* *path (owned by the caller) from a format; frees nothing. */
sned_status path_format(char **path, sned_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool path_is_folder(const char *path);
bool path_is_file(const char *path);                    /* a regular file */
bool text_ends_with(const char *text, const char *end); /* letters of either case */
bool path_is_clutter(const char *path);                 /* a part of it is hidden or left by a system */
size_t path_tar_stem(const char *path); /* a tar's path without its ending: its length; else 0 */

/* Names, owned, sorted by strcmp. {0} is empty. */
struct name_list {
    char **names;
    size_t count, capacity;
};
sned_status name_list_add(struct name_list *list, const char *name, sned_error *error);
void name_list_free(struct name_list *list);

/* What lies directly in `folder` (files and folders), names without the folder. */
sned_status folder_list(struct name_list *list, const char *folder, sned_error *error);
/* Every regular file and folder below `folder`, as relative paths, those of folders ending in '/'. Links are
 * followed, but for those back to a folder that they lie in; one to nothing is listed as a file. More than 8
 * levels are an error. */
sned_status folder_walk(struct name_list *list, const char *folder, sned_error *error);

#endif
