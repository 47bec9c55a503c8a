/*
 * picture_files.c - see picture_files.h.
 */
#include "cli/common/picture_files.h"
#include "io/pictures/image.h"

#include <stdlib.h>
#include <string.h>

/* "set" and "set/" hold "set/1.png". */
static sned_status add_file(struct name_list *files, const char *folder, const char *name, sned_error *error)
{
    size_t length = strlen(folder);
    char *path = NULL;
    SNED_TRY(path_format(&path, error, "%s%s%s", folder, folder[length - 1] == '/' ? "" : "/", name));
    sned_status status = name_list_add(files, path, error);
    free(path);
    return status;
}

static sned_status add_folder(struct name_list *files, const char *folder, const struct reporter *reporter,
                              sned_error *error)
{
    sned_status status;
    struct name_list names = {0};
    size_t pictures = 0, all = 0;
    SNED_TRY_DONE(folder_walk(&names, folder, error));
    for (size_t i = 0; i < names.count; i++) {
        all += !text_ends_with(names.names[i], "/");
        if (image_has_name(names.names[i])) {
            SNED_TRY_DONE(add_file(files, folder, names.names[i], error));
            pictures++;
        }
    }
    if (pictures == 0)
        status =
            sned_fail(error, SNED_ERROR_DATA, "%s: no pictures (.jpg, .jpeg, .png) in this folder", folder);
    else if (pictures < all)
        sned_report(reporter, "%s: %zu of %zu files are left out: not named as pictures (.jpg, .jpeg, .png)",
                    folder, all - pictures, all);
done:
    name_list_free(&names);
    return status;
}

sned_status picture_files_find(struct name_list *files, const char *const *arguments, int count,
                               const struct reporter *reporter, sned_error *error)
{
    *files = (struct name_list){0};
    for (int i = 0; i < count; i++)
        SNED_TRY(path_is_folder(arguments[i]) ? add_folder(files, arguments[i], reporter, error)
                                              : name_list_add(files, arguments[i], error));
    return SNED_OK;
}
