/*
 * raw.c - see raw.h.
 */
#include "cli/common/raw.h"
#include "codec/fields.h"
#include "io/sources/npy_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_name(const struct raw *raw, int count, const char *name)
{
    bool has = false;
    for (int k = 0; k < count; k++)
        has = has || strcmp(raw->outputs[k].name, name) == 0;
    return has;
}

static sned_status name_output(struct raw *raw, int index, const struct tensor *tensor, sned_error *error)
{
    struct raw_output *output = &raw->outputs[index];
    output->shape = tensor->shape;
    SNED_TRY(sned_strdup(&output->name, tensor->name && *tensor->name ? tensor->name : "output", error));
    sned_text_repair(output->name, strlen(output->name)); /* a zip's names are UTF-8 */
    if (has_name(raw, index, output->name))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "--raw: two outputs are called '%s'", output->name);
    return SNED_OK;
}

sned_status raw_open(struct raw *raw, const char *path, const struct graph *graph, sned_error *error)
{
    *raw = (struct raw){.is_npz = text_ends_with(path, ".npz"), .count = graph->output_count};
    if (!raw->is_npz && !text_ends_with(path, ".npy"))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "--raw: '%s' ends in neither .npz nor .npy", path);
    if (!raw->is_npz && raw->count > 1)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "--raw: %s can hold one output, and the network has %d: give a name ending in .npz",
                         path, raw->count);
    SNED_TRY(sned_alloc(&raw->outputs, (size_t)raw->count, sizeof *raw->outputs, error));
    for (int k = 0; k < raw->count; k++)
        SNED_TRY(name_output(raw, k, &graph->tensors[graph->outputs[k]], error));
    return sned_output_open(&raw->output, path, error);
}

sned_status raw_add(struct raw *raw, const char *file, float *const *outputs, sned_error *error)
{
    SNED_TRY(name_list_add(&raw->files, file, error));
    for (int k = 0; k < raw->count; k++)
        SNED_TRY(sned_buffer_append(&raw->outputs[k].values, outputs[k],
                                    sned_shape_elements(&raw->outputs[k].shape) * sizeof **outputs, error));
    return SNED_OK;
}

/* [N] in place of the batch of 1, then the output's other dimensions. */
static struct npy_output output_array(const struct raw *raw, const struct raw_output *output)
{
    struct npy_output array = {.name = output->name,
                               .descr = "<f4",
                               .rank = 1,
                               .dim = {raw->files.count},
                               .data = output->values.data,
                               .size = output->values.size};
    for (int i = 1; i < output->shape.rank; i++)
        array.dim[array.rank++] = (size_t)output->shape.dim[i];
    return array;
}

sned_status raw_write(struct raw *raw, sned_error *error)
{
    struct npy_output *arrays = NULL;
    uint32_t *letters = NULL;
    size_t length, inputs = raw->files.count;
    char descr[32];
    sned_status status;

    SNED_TRY_DONE(sned_alloc(&arrays, (size_t)raw->count + 1, sizeof *arrays, error));
    for (int k = 0; k < raw->count; k++)
        arrays[k] = output_array(raw, &raw->outputs[k]);
    SNED_TRY_DONE(npy_texts(&letters, &length, (const char *const *)raw->files.names, inputs, error));
    snprintf(descr, sizeof descr, "<U%zu", length);
    /* A name cannot stand for both. */
    const char *name = has_name(raw, raw->count, "files") ? "file_names" : "files";
    arrays[raw->count] = (struct npy_output){.name = name,
                                             .descr = descr,
                                             .rank = 1,
                                             .dim = {inputs},
                                             .data = letters,
                                             .size = inputs * length * sizeof *letters};
    SNED_TRY_DONE(raw->is_npz ? npz_write(&raw->output, arrays, (size_t)raw->count + 1, error)
                              : npy_write(&raw->output, &arrays[0], error));
    status = sned_output_commit(&raw->output, error);
done:
    free(arrays);
    free(letters);
    return status;
}

void raw_free(struct raw *raw)
{
    sned_output_abort(&raw->output);
    for (int k = 0; raw->outputs && k < raw->count; k++) {
        free(raw->outputs[k].name);
        sned_buffer_free(&raw->outputs[k].values);
    }
    free(raw->outputs);
    name_list_free(&raw->files);
}
