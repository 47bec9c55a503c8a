/*
 * picture_files.h - the pictures that a command line names: files, and folders of them.
 */
#ifndef SNED_CLI_COMMON_PICTURE_FILES_H
#define SNED_CLI_COMMON_PICTURE_FILES_H

#include "base/report.h"
#include "io/files/folder.h"

/*
 * The paths of `arguments` in their order, those in a folder's place that lie below it and are named as
 * pictures (image_has_name): by name, sub-folders (classes, mostly) included. Files of other names there are
 * counted to `reporter`; a folder without a picture is an error. `files` is for name_list_free, also on
 * failure.
 */
sned_status picture_files_find(struct name_list *files, const char *const *arguments, int count,
                               const struct reporter *reporter, sned_error *error);

#endif
