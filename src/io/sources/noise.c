/*
 * noise.c - images of smooth noise, or values of noise: something to set activations' scales on where there
 * is no data.
 *
 * Coarse noise enlarged, with a brightness and a contrast of each image's own: nearer to a picture's
 * statistics than white noise, whose neighbours average out in the first layer. A network that takes
 * values gets normally distributed ones, which is what inputs are usually brought to. Item i is the same in
 * every run.
 */
#include "base/memory.h"
#include "base/random.h"
#include "io/data/dataset_source.h"
#include "io/pictures/resize.h"

#include <stdio.h>
#include <stdlib.h>

static const uint64_t NOISE_STREAM = 0x6e6f697365;
enum { COARSE = 16, MAX_IMAGES = 100000 };

static int32_t noise_label(const struct source *source, size_t index)
{
    return 0;
}

static sned_status fetch_image(const struct source *source, size_t index, const struct input_form *form,
                               void *item, sned_error *error)
{
    uint8_t coarse[COARSE * COARSE * 3];
    struct random random;

    sned_random_seed(&random, index, NOISE_STREAM);
    float brightness = 64 + 128 * sned_random_uniform(&random),
          contrast = 16 + 64 * sned_random_uniform(&random);
    for (size_t i = 0; i < sizeof coarse; i++) {
        float value = brightness + contrast * sned_random_normal(&random);
        coarse[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
    return image_resize(coarse, COARSE, COARSE, 3, form, item, error);
}

static sned_status fetch_values(const struct source *source, size_t index, const struct input_form *form,
                                void *item, sned_error *error)
{
    const struct extent input = form->input;
    const size_t elements = (size_t)input.channels * (size_t)input.height * (size_t)input.width;
    struct random random;
    float *values = item;

    sned_random_seed(&random, index, NOISE_STREAM);
    for (size_t i = 0; i < elements; i++)
        values[i] = sned_random_normal(&random);
    return SNED_OK;
}

static void noise_where(const struct source *source, size_t index, char *text, size_t size)
{
    snprintf(text, size, "noise %zu", index);
}

static void noise_close(struct source *source)
{
    free(source);
}

static const struct source_kind images_kind = {.label = noise_label,
                                               .fetch = fetch_image,
                                               .where_image = noise_where,
                                               .where_label = noise_where,
                                               .close = noise_close};
static const struct source_kind values_kind = {.label = noise_label,
                                               .fetch = fetch_values,
                                               .where_image = noise_where,
                                               .where_label = noise_where,
                                               .close = noise_close};

sned_status source_open_noise(struct source **source, const char *spec, const struct source_options *options,
                              sned_error *error)
{
    const bool values = options->form.takes_values;
    unsigned count;
    char rest;

    if (sscanf(spec, "noise:%u%c", &count, &rest) != 1 || count < 1 || count > MAX_IMAGES)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: give noise:N with N from 1 to %d", spec,
                         MAX_IMAGES);
    if (!options->unlabelled)
        return sned_fail(
            error, SNED_ERROR_DATA,
            "%s: noise has no labels: it sets the scales of sned pack; to measure or to train takes "
            "pictures of classes",
            spec);
    SNED_TRY(sned_alloc(source, 1, sizeof **source, error));
    **source = (struct source){.kind = values ? &values_kind : &images_kind,
                               .type = values ? ITEM_VALUES : ITEM_PIXELS,
                               .count = count,
                               .unlabelled = true};
    return SNED_OK;
}
