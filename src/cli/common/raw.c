/*
 * raw.c - see raw.h.
 */
#include "cli/common/raw.h"
#include "codec/fields.h"
#include "io/sources/npy_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sned_status raw_open(struct raw *raw, const char *path, const struct graph *graph, sned_error *error)
{
    const struct tensor *output = &graph->tensors[graph->outputs[0]];
    *raw = (struct raw){.is_npz = text_ends_with(path, ".npz"), .shape = output->shape};
    if (!raw->is_npz && !text_ends_with(path, ".npy"))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--raw: '%s' ends in neither .npz nor .npy", path);
    SNED_TRY(sned_strdup(&raw->name, output->name && *output->name ? output->name : "output", error));
    sned_text_repair(raw->name, strlen(raw->name)); /* a zip's names are UTF-8 */
    return sned_output_open(&raw->output, path, error);
}

sned_status raw_add(struct raw *raw, const char *file, const float *scores, sned_error *error)
{
    SNED_TRY(name_list_add(&raw->files, file, error));
    return sned_buffer_append(&raw->scores, scores, sned_shape_elements(&raw->shape) * sizeof *scores, error);
}

/* [N] in place of the batch of 1, then the output's other dimensions. */
static struct npy_output scores_array(const struct raw *raw)
{
    struct npy_output array = {.name = raw->name,
                               .descr = "<f4",
                               .rank = 1,
                               .dim = {raw->files.count},
                               .data = raw->scores.data,
                               .size = raw->scores.size};
    for (int i = 1; i < raw->shape.rank; i++)
        array.dim[array.rank++] = (size_t)raw->shape.dim[i];
    return array;
}

sned_status raw_write(struct raw *raw, sned_error *error)
{
    struct npy_output arrays[2] = {scores_array(raw)};
    uint32_t *letters = NULL;
    size_t length, count = raw->files.count;
    char descr[32];
    sned_status status;

    SNED_TRY_DONE(npy_texts(&letters, &length, (const char *const *)raw->files.names, count, error));
    snprintf(descr, sizeof descr, "<U%zu", length);
    /* A name cannot stand for both. */
    const char *name = strcmp(arrays[0].name, "files") ? "files" : "file_names";
    arrays[1] = (struct npy_output){.name = name,
                                    .descr = descr,
                                    .rank = 1,
                                    .dim = {count},
                                    .data = letters,
                                    .size = count * length * sizeof *letters};
    SNED_TRY_DONE(raw->is_npz ? npz_write(&raw->output, arrays, 2, error)
                              : npy_write(&raw->output, &arrays[0], error));
    status = sned_output_commit(&raw->output, error);
done:
    free(letters);
    return status;
}

void raw_free(struct raw *raw)
{
    sned_output_abort(&raw->output);
    free(raw->name);
    sned_buffer_free(&raw->scores);
    name_list_free(&raw->files);
}
