/*
 * preflight.c - see preflight.h.
 */
#include "cli/common/preflight.h"
#include "base/file.h"
#include "base/memory.h"
#include "cli/terminal/table.h"
#include "io/files/folder.h"
#include "train/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- places for files ---- */

static sned_status check_place(const char *path, sned_error *error)
{
    struct output output;
    sned_status status = sned_output_open(&output, path, error);
    sned_output_abort(&output);
    return status;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat one, other;
    if (!a || !b)
        return false;
    if (stat(a, &one) == 0 && stat(b, &other) == 0)
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
    return !strcmp(a, b);
}

static sned_status spare(const char *path, const char *option, const char *input, sned_error *error)
{
    return is_same_file(path, input)
               ? sned_fail(error, SNED_ERROR_ARGUMENT, "--%s: %s would be written over; name another file",
                           option, input)
               : SNED_OK;
}

/* Whether `file`, which is there, lies below the folder `place`. */
static bool lies_below(const char *file, const char *place)
{
    char *inner = realpath(file, NULL), *outer = realpath(place, NULL);
    size_t length = outer ? strlen(outer) : 0;
    bool below = inner && outer && path_is_folder(outer) && !strncmp(inner, outer, length) &&
                 (inner[length] == '/' || !strcmp(outer, "/"));
    free(inner);
    free(outer);
    return below;
}

/* Data lie in the place, in a folder below it and in either half of "PLACE:LABELS"; what an earlier run wrote
 * there is none of them. */
static sned_status spare_data(const char *path, const char *option, const char *data, sned_error *error)
{
    char *place = NULL;
    sned_status status;
    if (!data)
        return SNED_OK;
    const char *colon = strrchr(data, ':');
    SNED_TRY_DONE(spare(path, option, data, error));
    if (colon) {
        SNED_TRY_DONE(path_format(&place, error, "%.*s", (int)(colon - data), data));
        SNED_TRY_DONE(spare(path, option, place, error));
        SNED_TRY_DONE(spare(path, option, colon + 1, error));
    }
    bool is_result =
        text_ends_with(path, ".sned") || text_ends_with(path, ".onnx") || checkpoint_is_one(path);
    if (path_is_file(path) && !is_result && (lies_below(path, data) || (place && lies_below(path, place))))
        status = spare(path, option, path, error);
done:
    free(place);
    return status;
}

/* Fails where `path`, of option --`option`, is a file that the command reads. */
static sned_status spare_inputs(const char *path, const char *option, const struct options *options,
                                bool model_too, sned_error *error)
{
    SNED_TRY(spare(path, option, options->recipe, error));
    SNED_TRY(spare(path, option, options->labels, error));
    SNED_TRY(spare_data(path, option, options->data, error));
    for (int i = model_too ? 0 : 1; i < options->argument_count; i++)
        SNED_TRY(spare(path, option, options->arguments[i], error));
    return SNED_OK;
}

sned_status check_raw(const struct options *options, sned_error *error)
{
    return options->raw ? spare_inputs(options->raw, "raw", options, true, error) : SNED_OK;
}

sned_status check_output_folder(const struct options *options, sned_error *error)
{
    if (!is_same_file(options->output, options->data))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_ARGUMENT, "--output: %s holds the data; name another folder",
                     options->output);
}

sned_status check_output(const struct options *options, bool over_model, sned_error *error)
{
    if (!options->output)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "-o FILE is missing: where shall the result go?");
    SNED_TRY(check_place(options->output, error));
    return spare_inputs(options->output, "output", options, !over_model, error);
}

sned_status check_report(const struct options *options, sned_error *error)
{
    if (!options->report)
        return SNED_OK;
    SNED_TRY(spare_inputs(options->report, "report", options, true, error));
    SNED_TRY(spare(options->report, "report", options->output, error));
    return sned_error_context(error, check_place(options->report, error), "report");
}

static sned_status check_checkpoint(const char *path, const struct options *options, sned_error *error)
{
    struct stat info;
    SNED_TRY(spare_inputs(path, "checkpoint", options, true, error));
    SNED_TRY(spare(path, "checkpoint", options->report, error));
    if (is_same_file(path, options->output))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--checkpoint: %s is the output, too; name another file",
                         path);
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode) && !checkpoint_is_one(path))
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--checkpoint: %s is there and is no checkpoint; remove it or name another file",
                         path);
    return sned_error_context(error, check_place(path, error), "checkpoint");
}

sned_status checkpoint_path(char **path, const struct options *options, sned_error *error)
{
    *path = NULL;
    if (options->checkpoint && !strcmp(options->checkpoint, "none"))
        return SNED_OK;
    if (options->checkpoint)
        SNED_TRY(sned_strdup(path, options->checkpoint, error));
    else if (asprintf(path, "%s.checkpoint", options->output) < 0) {
        *path = NULL;
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
    }
    return check_checkpoint(*path, options, error);
}

void checkpoint_remove(const char *path)
{
    if (path)
        unlink(path);
}

/* ---- room for them ---- */

/* Free bytes of the disk that a file's folder is on, and its number; false where it does not tell. */
static bool disk_of(const char *path, uint64_t *free_bytes, dev_t *device)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    struct statvfs disk;
    struct stat info;
    bool told = folder && statvfs(folder, &disk) == 0 && stat(folder, &info) == 0 && disk.f_blocks > 0;
    free(folder);
    if (told) {
        *free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
        *device = info.st_dev;
    }
    return told;
}

static sned_status need(const char *path, uint64_t bytes, uint64_t free_bytes, sned_error *error)
{
    char wanted[32], left[32];
    if (bytes <= free_bytes)
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_IO,
                     "%s: its disk has %s bytes free, and up to %s may be written: make room there, or name "
                     "another place",
                     path, format_count(left, free_bytes), format_count(wanted, bytes));
}

sned_status check_space(const char *output, uint64_t output_bytes, const char *checkpoint,
                        uint64_t checkpoint_bytes, sned_error *error)
{
    uint64_t output_free, checkpoint_free = 0;
    dev_t output_disk, checkpoint_disk;
    const bool told = disk_of(output, &output_free, &output_disk);
    if (checkpoint && disk_of(checkpoint, &checkpoint_free, &checkpoint_disk)) {
        if (told && checkpoint_disk == output_disk)
            return need(output, output_bytes + 2 * checkpoint_bytes, output_free, error);
        SNED_TRY(need(checkpoint, 2 * checkpoint_bytes, checkpoint_free, error));
    }
    return told ? need(output, output_bytes, output_free, error) : SNED_OK;
}

/* ---- images ---- */

sned_status images_check(const struct images *images, const char *spec, const struct input_rule *rule,
                         sned_error *error)
{
    /* drop_last: a batch of one damaged image is filled from those after it. */
    const struct loader_options how = {.batch = 1, .drop_last = true, .rule = rule};
    struct batch_loader *loader = NULL;
    const float *values;
    const int32_t *labels;
    size_t got = 0;
    sned_status status;
    SNED_TRY_DONE(loader_new(&loader, images->dataset, images->indices, images->count, &how, error));
    SNED_TRY_DONE(loader_next(loader, &values, &labels, &got, error));
    if (got == 0)
        status = sned_fail(error, SNED_ERROR_DATA, "%s: none of the %zu %s images can be read", spec,
                           images->count, dataset_split_name(images->dataset));
done:
    loader_free(loader);
    return status;
}
