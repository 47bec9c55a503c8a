/*
 * noise.c - images of smooth noise: something to set activations' scales on where there are no pictures.
 *
 * Coarse noise enlarged, with a brightness and a contrast of each image's own: nearer to a picture's
 * statistics than white noise, whose neighbours average out in the first layer. Image i is the same in every
 * run.
 */
#include "base/memory.h"
#include "base/random.h"
#include "io/dataset_source.h"
#include "io/resize.h"

#include <stdio.h>
#include <stdlib.h>

enum { COARSE = 16, MAX_IMAGES = 100000 };

static int32_t noise_label(const struct source *source, size_t index)
{
    return 0;
}

static sned_status noise_fetch(const struct source *source, size_t index, struct extent input,
                               const char *color, uint8_t *pixels, sned_error *error)
{
    uint8_t coarse[COARSE * COARSE * 3];
    struct random random;

    sned_random_seed(&random, index, 0x6e6f697365);
    float brightness = 64 + 128 * sned_random_uniform(&random),
          contrast = 16 + 64 * sned_random_uniform(&random);
    for (size_t i = 0; i < sizeof coarse; i++) {
        float value = brightness + contrast * sned_random_normal(&random);
        coarse[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
    return image_resize(coarse, COARSE, COARSE, 3, input, color, pixels, error);
}

static void noise_where(const struct source *source, size_t index, char *text, size_t size)
{
    snprintf(text, size, "noise %zu", index);
}

static void noise_close(struct source *source)
{
    free(source);
}

sned_status source_open_noise(struct source **source, const char *spec, sned_error *error)
{
    static const struct source_kind kind = {.label = noise_label,
                                            .fetch = noise_fetch,
                                            .where_image = noise_where,
                                            .where_label = noise_where,
                                            .close = noise_close};
    unsigned count;
    char rest;

    if (sscanf(spec, "noise:%u%c", &count, &rest) != 1 || count < 1 || count > MAX_IMAGES)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: give noise:N with N from 1 to %d", spec,
                         MAX_IMAGES);
    SNED_TRY(sned_alloc(source, 1, sizeof **source, error));
    **source = (struct source){.kind = &kind, .count = count};
    return SNED_OK;
}
