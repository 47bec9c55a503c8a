/*
 * scores.c - what networks make of an image: scores FILE.sned... For each file a line with a hash of all its
 * scores' bits and the best one, for one image of noise, the same on every machine. The first line says which
 * instruction set the kernels are of. aarch64.sh compares this machine's lines with another one's.
 */
#include "base/memory.h"
#include "base/hash.h"
#include "base/random.h"
#include "runtime/runtime.h"

#include <stdio.h>
#include <stdlib.h>

/* Pixels, or values where the network takes those. */
static sned_status run(sned_context *context, const sned_model *model, float *scores, sned_error *error)
{
    const sned_model_info *info = sned_model_get_info(model);
    const size_t elements = (size_t)info->channels * info->height * info->width;
    uint8_t *pixels = malloc(elements);
    float *values = malloc(elements * sizeof *values);
    struct random random;
    sned_status status = SNED_ERROR_MEMORY;
    if (!pixels || !values)
        goto done;
    sned_random_seed(&random, 17, 0);
    for (size_t i = 0; i < elements; i++)
        values[i] = (float)(pixels[i] = (uint8_t)sned_random_next(&random));
    status = *info->color ? sned_run_pixels(context, pixels, 1, scores, error)
                          : sned_run_values(context, values, 1, scores, error);
done:
    free(pixels);
    free(values);
    return status;
}

static sned_status print_scores(const char *path, bool is_first, sned_error *error)
{
    sned_model *model = NULL;
    sned_context *context = NULL;
    float *scores = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_open(&model, path, error));
    SNED_TRY_DONE(sned_context_new(&context, model, error));
    const size_t classes = (size_t)sned_model_get_info(model)->classes;
    SNED_TRY_DONE(sned_alloc(&scores, classes, sizeof *scores, error));
    SNED_TRY_DONE(run(context, model, scores, error));
    size_t best = 0;
    for (size_t i = 1; i < classes; i++)
        best = scores[i] > scores[best] ? i : best;
    if (is_first)
        printf("instructions: %s\n", sned_model_get_instructions(model));
    printf("%s: %016llx, class %zu: %a\n", path,
           (unsigned long long)sned_hash(scores, classes * sizeof *scores), best, scores[best]);
done:
    free(scores);
    sned_context_free(context);
    sned_close(model);
    return status;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        sned_error error = {0};
        if (print_scores(argv[i], i == 1, &error) != SNED_OK) {
            fprintf(stderr, "%s: %s\n", argv[i], error.message);
            return 1;
        }
    }
    return argc > 1 ? 0 : 2;
}
