/*
 * arrays.c - opening arrays; see arrays.h.
 */
#include "io/sources/arrays.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char ENDING[] = ".npy";

void array_free(struct array *array)
{
    unpacked_free(&array->bytes);
    free(array->name);
    *array = (struct array){0};
}

sned_status array_open(struct array *array, const char *path, size_t memory_budget, sned_error *error)
{
    sned_status status;
    *array = (struct array){0};
    SNED_TRY_DONE(path_format(&array->name, error, "%s", path));
    SNED_TRY_DONE(unpacked_open(&array->bytes, path, memory_budget, error));
    status = npy_parse(&array->npy, array->bytes.data, array->bytes.size, array->name, error);
done:
    if (status != SNED_OK)
        array_free(array);
    return status;
}

enum array_file array_file_kind(const char *path)
{
    uint8_t bytes[8];
    FILE *stream = fopen(path, "rbe");
    size_t size = stream ? fread(bytes, 1, sizeof bytes, stream) : 0;
    if (stream)
        fclose(stream);
    return npy_is(bytes, size) ? ARRAY_FILE_NPY : zip_is(bytes, size) ? ARRAY_FILE_NPZ : ARRAY_FILE_NONE;
}

/* ---- sets ---- */

void array_set_free(struct array_set *set)
{
    zip_close(&set->zip);
    name_list_free(&set->names);
    free(set->place);
    *set = (struct array_set){0};
}

sned_status array_set_open(struct array_set *set, const char *place, sned_error *error)
{
    sned_status status;
    struct name_list files = {0};
    const struct name_list *all = &files;

    *set = (struct array_set){.is_folder = path_is_folder(place)};
    SNED_TRY_DONE(sned_strdup(&set->place, place, error));
    if (set->is_folder) {
        SNED_TRY_DONE(folder_list(&files, place, error));
    } else {
        SNED_TRY_DONE(zip_open(&set->zip, place, error));
        all = &set->zip.names;
    }
    for (size_t i = 0; i < all->count; i++) {
        if (!text_ends_with(all->names[i], ENDING))
            continue;
        SNED_TRY_DONE(name_list_add(&set->names, all->names[i], error));
        char *name = set->names.names[set->names.count - 1];
        name[strlen(name) - strlen(ENDING)] = 0;
    }
done:
    name_list_free(&files);
    if (status != SNED_OK)
        array_set_free(set);
    return status;
}

/* The file's name as the set's place has it, ".NPY" included. */
static const char *file_name(const struct name_list *files, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < files->count; i++)
        if (!strncmp(files->names[i], name, length) && strlen(files->names[i]) == length + strlen(ENDING) &&
            text_ends_with(files->names[i], ENDING))
            return files->names[i];
    return NULL;
}

sned_status array_set_read(struct array *array, const struct array_set *set, const char *name,
                           size_t memory_budget, sned_error *error)
{
    sned_status status;
    *array = (struct array){0};
    if (set->is_folder) {
        char *path = NULL;
        SNED_TRY(path_format(&path, error, "%s/%s%s", set->place, name, ENDING));
        status = array_open(array, path, memory_budget, error);
        free(path);
        return status;
    }
    SNED_TRY_DONE(path_format(&array->name, error, "%s:%s", set->place, name));
    SNED_TRY_DONE(zip_read(&array->bytes, &set->zip, file_name(&set->zip.names, name), memory_budget, error));
    status = npy_parse(&array->npy, array->bytes.data, array->bytes.size, array->name, error);
done:
    if (status != SNED_OK)
        array_free(array);
    return status;
}

const char *array_set_list(const struct array_set *set, char *text, size_t size)
{
    size_t length = 0;
    snprintf(text, size, "nothing");
    for (size_t i = 0; i < set->names.count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%s", i ? ", " : "", set->names.names[i]);
    return text;
}
