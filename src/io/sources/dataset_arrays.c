/*
 * dataset_arrays.c - NumPy arrays as a source: samples [N]..., and labels [N] where there are some.
 *
 * Bytes (uint8) for a network that takes pictures are pictures, which pass through the same rule of resizing
 * and the same preprocessing as any other. Everything else is the network's input as it is: a sample then has
 * the shape that the network takes, dimensions of 1 aside, and is checked for values that are no numbers when
 * it is read.
 */
#include "base/memory.h"
#include "io/sources/arrays.h"
#include "io/data/dataset_source.h"
#include "io/data/labels.h"
#include "io/pictures/resize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arrays_source {
    struct source head;
    struct array_set set; /* that the arrays lie in, or {0} */
    struct array samples, labels;
    struct extent picture; /* of ITEM_PIXELS: as stored */
    bool channels_last;    /* [H][W][C], else [C][H][W] */
    bool is_given;         /* of ITEM_VALUES: in the shape and order of the network's ONNX file */
    size_t elements;       /* of a sample */
};

/* ---- what dataset.c calls ---- */

static int32_t arrays_label(const struct source *source, size_t index)
{
    return (int32_t)npy_integer(&((const struct arrays_source *)source)->labels.npy, index);
}

static bool is_same_extent(struct extent a, struct extent b)
{
    return a.channels == b.channels && a.height == b.height && a.width == b.width;
}

static const uint8_t *sample_bytes(const struct arrays_source *arrays, size_t index)
{
    return arrays->samples.npy.data + index * arrays->elements;
}

/* Pictures are taken to be RGB, as everybody stores them. */
static const uint8_t *pixels_view(const struct source *source, size_t index, const struct input_form *form)
{
    const struct arrays_source *arrays = (const struct arrays_source *)source;
    bool planar = !arrays->channels_last || arrays->picture.channels == 1;

    return planar && is_same_extent(arrays->picture, form->input) &&
                   picture_is_kept(arrays->picture.height, arrays->picture.width, form) &&
                   strcmp(form->color, "BGR") != 0
               ? sample_bytes(arrays, index)
               : NULL;
}

static sned_status pixels_fetch(const struct source *source, size_t index, const struct input_form *form,
                                void *item, sned_error *error)
{
    const struct arrays_source *arrays = (const struct arrays_source *)source;
    const struct extent picture = arrays->picture;
    const size_t plane = (size_t)picture.height * (size_t)picture.width, channels = (size_t)picture.channels;
    const uint8_t *stored = sample_bytes(arrays, index);
    uint8_t *turned = NULL;
    sned_status status;

    if (!arrays->channels_last && channels > 1) {
        SNED_TRY_DONE(sned_alloc(&turned, plane, channels, error));
        for (size_t i = 0; i < plane; i++)
            for (size_t c = 0; c < channels; c++)
                turned[i * channels + c] = stored[c * plane + i];
    }
    status = image_resize(turned ? turned : stored, picture.height, picture.width, picture.channels, form,
                          item, error);
done:
    free(turned);
    return status;
}

static sned_status values_fetch(const struct source *source, size_t index, const struct input_form *form,
                                void *item, sned_error *error)
{
    const struct arrays_source *arrays = (const struct arrays_source *)source;
    float *values = item, *stored = NULL;

    if (arrays->is_given)
        SNED_TRY(sned_alloc(&stored, arrays->elements, sizeof *stored, error));
    npy_floats(&arrays->samples.npy, index * arrays->elements, arrays->elements, stored ? stored : values);
    if (stored)
        sned_given_turn(&form->given, form->input, stored, values);
    free(stored);
    for (size_t i = 0; i < arrays->elements; i++)
        if (!isfinite(values[i]))
            return sned_fail(error, SNED_ERROR_DATA, "value %zu of the sample is %s", i,
                             isnan(values[i]) ? "no number (NaN)" : "infinite");
    return SNED_OK;
}

static void arrays_where_sample(const struct source *source, size_t index, char *text, size_t size)
{
    snprintf(text, size, "%s[%zu]", ((const struct arrays_source *)source)->samples.name, index);
}

static void arrays_where_label(const struct source *source, size_t index, char *text, size_t size)
{
    snprintf(text, size, "%s[%zu]", ((const struct arrays_source *)source)->labels.name, index);
}

static void arrays_close(struct source *source)
{
    struct arrays_source *arrays = (struct arrays_source *)source;

    array_free(&arrays->samples);
    array_free(&arrays->labels);
    array_set_free(&arrays->set);
    free(arrays);
}

static const struct source_kind pixels_kind = {.label = arrays_label,
                                               .fetch = pixels_fetch,
                                               .view = pixels_view,
                                               .where_image = arrays_where_sample,
                                               .where_label = arrays_where_label,
                                               .close = arrays_close};
static const struct source_kind values_kind = {.label = arrays_label,
                                               .fetch = values_fetch,
                                               .where_image = arrays_where_sample,
                                               .where_label = arrays_where_label,
                                               .close = arrays_close};

/* ---- shapes ---- */

/* Whether dimensions [first, rank) are those of `extent`, where dimensions of 1 do not count. */
static bool has_extent(const struct npy *npy, int first, struct extent extent)
{
    const size_t wanted[3] = {(size_t)extent.channels, (size_t)extent.height, (size_t)extent.width};
    int w = 0;

    for (int i = first; i < npy->rank; i++) {
        if (npy->dim[i] == 1)
            continue;
        while (w < 3 && wanted[w] == 1)
            w++;
        if (w == 3 || wanted[w++] != npy->dim[i])
            return false;
    }
    while (w < 3 && wanted[w] == 1)
        w++;
    return w == 3;
}

/* Whether a sample has the shape that the network's ONNX file asks for. */
static bool has_given_shape(const struct npy *npy, const struct shape *given)
{
    bool same = given->rank > 0 && npy->rank == given->rank;

    for (int i = 1; same && i < given->rank; i++)
        same = npy->dim[i] == (size_t)given->dim[i];
    return same;
}

/* What to do about samples of another shape: "; save x.transpose(0, 3, 1, 2)". */
static void advise(const struct npy *npy, struct extent input, char *text, size_t size)
{
    const struct extent turned = {input.height, input.width, input.channels};
    size_t wanted = (size_t)input.channels * (size_t)input.height * (size_t)input.width, elements = 1;

    for (int i = 1; i < npy->rank; i++)
        elements *= npy->dim[i];
    *text = 0;
    if (npy->rank == 4 && has_extent(npy, 1, turned))
        snprintf(text, size, "; save x.transpose(0, 3, 1, 2)");
    else if (has_extent(npy, 0, input))
        snprintf(text, size, "; save x[None], with the number of samples in front");
    else if (elements == wanted)
        snprintf(text, size, "; save x.reshape(-1, %d, %d, %d) if that is its order", input.channels,
                 input.height, input.width);
}

static sned_status fail_shape(const struct array *array, struct extent input, const char *as,
                              sned_error *error)
{
    char shape[128], advice[128];

    advise(&array->npy, input, advice, sizeof advice);
    return sned_fail(error, SNED_ERROR_SHAPE, "%s: a sample is %s%s, the network takes [%d][%d][%d]%s",
                     array->name, npy_shape_text(&array->npy, 1, shape, sizeof shape), as, input.channels,
                     input.height, input.width, advice);
}

static bool is_channels(size_t dim)
{
    return dim == 1 || dim == 3;
}

/* [N][H][W] that looks like one picture without [N] in front, [H][W][C] or [C][H][W], and is not just what a
 * network of gray pictures takes. */
static bool may_be_one_picture(const struct npy *npy, struct extent input)
{
    const size_t *dim = npy->dim;

    if (npy->rank != 3 || has_extent(npy, 1, input))
        return false;
    return is_channels(dim[2]) || dim[2] == 4 || (dim[0] == 3 && input.channels == 3);
}

/* How the samples are pictures: [H][W], [C][H][W] or [H][W][C]. */
static sned_status find_picture(struct arrays_source *arrays, const struct input_form *form,
                                sned_error *error)
{
    const struct npy *npy = &arrays->samples.npy;
    const size_t *dim = npy->dim;
    struct extent first = {1, 0, 0}, last = {1, 0, 0};

    for (int i = 1; i < npy->rank; i++)
        if (dim[i] > IMAGE_MAX_SIDE)
            return fail_shape(&arrays->samples, form->input, " bytes", error);
    if (may_be_one_picture(npy, form->input))
        return sned_fail(
            error, SNED_ERROR_SHAPE,
            "%s: is one picture or %zu gray ones: save x[None] for the one, x[..., None] for the "
            "others",
            arrays->samples.name, dim[0]);
    if (npy->rank == 3) {
        arrays->picture = (struct extent){1, (int)dim[1], (int)dim[2]};
        return SNED_OK;
    }
    if (npy->rank != 4 || (!is_channels(dim[1]) && !is_channels(dim[3])))
        return fail_shape(&arrays->samples, form->input, " bytes", error);
    first = (struct extent){(int)dim[1], (int)dim[2], (int)dim[3]};
    last = (struct extent){(int)dim[3], (int)dim[1], (int)dim[2]};
    arrays->channels_last = !is_channels(dim[1]);
    if (is_channels(dim[1]) && is_channels(dim[3])) {
        arrays->channels_last = is_same_extent(last, form->input);
        if (arrays->channels_last == is_same_extent(first, form->input))
            return fail_shape(&arrays->samples, form->input, " bytes, as [C][H][W] or as [H][W][C]", error);
    }
    arrays->picture = arrays->channels_last ? last : first;
    return SNED_OK;
}

/* ---- opening ---- */

static sned_status check_samples(struct arrays_source *arrays, const struct source_options *options,
                                 sned_error *error)
{
    const struct array *samples = &arrays->samples;
    const struct npy *npy = &samples->npy;
    const char *type = npy_type_name(npy->type);

    if (npy->rank == 0 || npy->elements == 0)
        return sned_fail(error, SNED_ERROR_DATA, "%s: holds no samples", samples->name);
    if (npy_is_integer(npy->type) && npy->type != NPY_UINT8)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "%s: samples of type %s are not taken; save x.astype(\"float32\")", samples->name,
                         type);
    arrays->head.count = npy->dim[0];
    arrays->elements = npy->elements / npy->dim[0];
    if (npy->type == NPY_UINT8 && !options->form.takes_values) {
        arrays->head.type = ITEM_PIXELS;
        arrays->head.kind = &pixels_kind;
        return find_picture(arrays, &options->form, error);
    }
    arrays->head.type = ITEM_VALUES;
    arrays->is_given = has_given_shape(npy, &options->form.given.shape);
    if (!arrays->is_given && !has_extent(npy, 1, options->form.input))
        return fail_shape(samples, options->form.input, "", error);
    if (npy->type == NPY_UINT8)
        sned_report(options->reporter, "%s: bytes are taken as numbers from 0 to 255", samples->name);
    if (npy->type == NPY_FLOAT64)
        sned_report(options->reporter, "%s: %s is rounded to float32", samples->name, type);
    return SNED_OK;
}

static sned_status check_labels(const struct arrays_source *arrays, sned_error *error)
{
    const struct array *labels = &arrays->labels;
    const struct npy *npy = &labels->npy;
    char shape[128];

    if (!npy_is_integer(npy->type))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "%s: labels of type %s; %s", labels->name,
                         npy_type_name(npy->type),
                         npy->rank == 2 && npy->dim[1] > 1 ? "save y.argmax(axis=1)"
                                                           : "save y.astype(\"int64\")");
    if (npy->rank == 0 || npy->elements != npy->dim[0])
        return sned_fail(error, SNED_ERROR_SHAPE,
                         "%s: labels of shape %s, not one for each sample; of scores or one-hot rows save "
                         "y.argmax(axis=1)",
                         labels->name, npy_shape_text(npy, 0, shape, sizeof shape));
    if (npy->dim[0] != arrays->head.count)
        return sned_fail(error, SNED_ERROR_DATA, "%s holds %zu samples but %s %zu labels",
                         arrays->samples.name, arrays->head.count, labels->name, npy->dim[0]);
    for (size_t i = 0; i < npy->elements; i++) {
        int64_t label = npy_integer(npy, i);
        if (label < -LABEL_MAX || label > LABEL_MAX)
            return sned_fail(error, SNED_ERROR_DATA, "%s[%zu] is %lld, no number of a class", labels->name, i,
                             (long long)label);
    }
    return SNED_OK;
}

/* Samples and labels out of the set, by name. */
static sned_status read_chosen(struct arrays_source *arrays, const struct array_choice *choice,
                               const struct source_options *options, sned_error *error)
{
    SNED_TRY(array_set_read(&arrays->samples, &arrays->set, choice->samples, options->memory_budget, error));
    arrays->head.memory = arrays->samples.bytes.memory;
    arrays->head.has_splits = choice->has_splits;
    if (choice->left_out && options->split == SPLIT_TEST)
        sned_report(options->reporter, "%s: tested on %s; %s is left out", arrays->set.place, choice->samples,
                    choice->left_out);
    if (!choice->labels)
        return SNED_OK;
    return array_set_read(&arrays->labels, &arrays->set, choice->labels,
                          options->memory_budget - arrays->samples.bytes.memory, error);
}

static sned_status read_files(struct arrays_source *arrays, const char *samples, const char *labels,
                              const struct source_options *options, sned_error *error)
{
    SNED_TRY(array_open(&arrays->samples, samples, options->memory_budget, error));
    arrays->head.memory = arrays->samples.bytes.memory;
    return labels ? array_open(&arrays->labels, labels, options->memory_budget - arrays->samples.bytes.memory,
                               error)
                  : SNED_OK;
}

static sned_status missing_labels(const struct arrays_source *arrays, sned_error *error)
{
    char list[200] = "";
    const char *name = arrays->samples.name;

    if (!arrays->set.place)
        return sned_fail(error, SNED_ERROR_DATA, "%s: has no labels; name them behind it: %s:LABELS.npy",
                         name, name);
    return sned_fail(error, SNED_ERROR_DATA, "%s: has no labels beside it among %s; %s", name,
                     array_set_list(&arrays->set, list, sizeof list),
                     arrays->set.is_folder ? "name them: SAMPLES.npy:LABELS.npy"
                                           : "name them: FILE.npz:SAMPLES,LABELS");
}

static sned_status finish(struct arrays_source *arrays, const struct source_options *options,
                          sned_error *error)
{
    SNED_TRY(check_samples(arrays, options, error));
    if (arrays->labels.name)
        return check_labels(arrays, error);
    if (!options->unlabelled)
        return missing_labels(arrays, error);
    arrays->head.unlabelled = true;
    return SNED_OK;
}

static sned_status new_source(struct arrays_source **arrays, sned_error *error)
{
    SNED_TRY(sned_alloc(arrays, 1, sizeof **arrays, error));
    (*arrays)->head.kind = &values_kind;
    return SNED_OK;
}

sned_status source_open_npy(struct source **source, const char *samples, const char *labels,
                            const struct source_options *options, sned_error *error)
{
    struct arrays_source *arrays;

    SNED_TRY(new_source(&arrays, error));
    *source = &arrays->head; /* source_open closes it after a failure */
    SNED_TRY(read_files(arrays, samples, labels, options, error));
    return finish(arrays, options, error);
}

sned_status source_open_arrays(struct source **source, bool *found, const char *place, const char *names,
                               const struct source_options *options, sned_error *error)
{
    sned_status status;
    struct array_choice choice;
    struct arrays_source *arrays = NULL;

    *found = false;
    SNED_TRY_DONE(new_source(&arrays, error));
    SNED_TRY_DONE(array_set_open(&arrays->set, place, error));
    SNED_TRY_DONE(names ? array_set_choose_by_name(&choice, &arrays->set, names, error)
                        : array_set_choose(&choice, &arrays->set, options->split, error));
    *found = choice.samples != NULL;
    if (!*found)
        goto done;
    SNED_TRY_DONE(read_chosen(arrays, &choice, options, error));
    SNED_TRY_DONE(finish(arrays, options, error));
    *source = &arrays->head;
    arrays = NULL;
done:
    if (arrays)
        source_close(&arrays->head);
    return status;
}
