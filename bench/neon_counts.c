/*
 * neon_counts.c - work for an emulator that counts instructions (bench/neon_counts.sh): a call of a
 * micro-kernel, or a run of a network, between counted_begin and counted_end.
 *
 *     neon_counts KERNEL PIXELS FILTERS TERMS     add_taps, sparse, dense, requantize; dot: TERMS alone
 *     neon_counts network FILE.sned
 *
 * SNED_CPU says the column. Prints how many products of weights that are not 0 (for requantize: numbers) the
 * work has; TERMS are those of a filter and a pixel.
 */
#include "base/memory.h"
#include "base/random.h"
#include "runtime/runtime.h"
#include "runtime/micro/micro.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REACH = 1 << 16 /* pixels that offsets lead over */ };

/* The emulator's log tells functions by name; one that does nothing and is not inlined is a mark in it. Two
 * that were the same would be made one. */
__attribute__((noinline)) static void counted_begin(void)
{
    __asm__ volatile("nop");
}

__attribute__((noinline)) static void counted_end(void)
{
    __asm__ volatile("nop\n\tnop");
}

static void *room(size_t count, size_t size)
{
    void *data = calloc(count + MICRO_OVER_READ, size);
    if (!data)
        exit(1);
    return data;
}

struct work {
    size_t pixels, terms;
    int filters;
    uint8_t *input;
    int32_t *sums;
    struct tap_pair *pairs;
    struct quad_list quads;
};

static struct work work_new(size_t pixels, int filters, size_t terms)
{
    struct work work = {.pixels = pixels, .filters = filters, .terms = terms};
    struct random random;
    sned_random_seed(&random, 17, 0);
    int8_t *weights = room(terms * (size_t)filters + 8, 1);
    uint32_t *offsets = room(terms + 8, sizeof *offsets);
    work.input = room((REACH + pixels) * 4, 1);
    work.sums = room(pixels * (size_t)filters, sizeof *work.sums);
    work.pairs = room(terms / 2 + 1, sizeof *work.pairs);
    for (size_t i = 0; i < terms * (size_t)filters; i++)
        weights[i] = (int8_t)(1 + sned_random_below(&random, 127));
    for (size_t i = 0; i < terms; i++)
        offsets[i] = sned_random_below(&random, REACH);
    for (size_t i = 0; i < terms / 2; i++)
        work.pairs[i] =
            (struct tap_pair){{offsets[2 * i], offsets[2 * i + 1]}, {weights[2 * i], weights[2 * i + 1]}};
    work.quads = (struct quad_list){.count = terms / 4,
                                    .filters = filters,
                                    .offsets = offsets,
                                    .weights = weights,
                                    .start = room((size_t)filters, sizeof(int32_t))};
    return work;
}

/* False: no such kernel. */
static bool count_kernel(const struct micro_kernels *micro, const char *name, struct work *work)
{
    const struct integer_rule rule = {.low = -128, .high = 127};
    if (strcmp(name, "add_taps") == 0) {
        counted_begin();
        for (int f = 0; f < work->filters; f++)
            micro->add_taps(work->sums + (size_t)f * work->pixels, work->pixels, (const int16_t *)work->input,
                            work->pairs, work->terms / 2);
        counted_end();
    } else if (strcmp(name, "sparse") == 0) {
        counted_begin();
        micro->sparse[micro->bytes](work->sums, work->pixels, work->pixels, work->input, &work->quads);
        counted_end();
    } else if (strcmp(name, "dense") == 0) {
        counted_begin();
        micro->dense[micro->bytes](work->sums, work->pixels, work->pixels, work->input, &work->quads);
        counted_end();
    } else if (strcmp(name, "requantize") == 0) {
        counted_begin();
        micro->requantize[VALUE_S8](work->input, work->sums, work->pixels,
                                    (struct scaling){.multiplier = 50000, .shift = 24}, &rule);
        counted_end();
    } else if (strcmp(name, "dot") == 0) {
        counted_begin();
        work->sums[0] = micro->dot(work->quads.weights, (const int16_t *)work->input, work->terms);
        counted_end();
    } else {
        return false;
    }
    return true;
}

static sned_status count_network(const char *path, sned_error *error)
{
    sned_model *model = NULL;
    sned_context *context = NULL;
    uint8_t *pixels = NULL;
    float *scores = NULL;
    double useful = 0;
    struct random random;
    sned_status status;
    SNED_TRY_DONE(sned_open(&model, path, error));
    SNED_TRY_DONE(sned_context_new(&context, model, error));
    const sned_model_info *info = sned_model_get_info(model);
    const size_t elements = (size_t)info->channels * info->height * info->width;
    SNED_TRY_DONE(sned_alloc(&pixels, elements, 1, error));
    SNED_TRY_DONE(sned_alloc(&scores, info->classes, sizeof *scores, error));
    sned_random_seed(&random, 17, 0);
    for (size_t i = 0; i < elements; i++)
        pixels[i] = (uint8_t)sned_random_next(&random);
    counted_begin();
    SNED_TRY_DONE(sned_run_pixels(context, pixels, 1, scores, error));
    counted_end();
    for (int i = 0; i < info->layers; i++) {
        sned_layer layer;
        SNED_TRY_DONE(sned_model_get_layer(model, i, &layer));
        useful += (double)layer.macs * (double)layer.kept / (double)layer.weights;
    }
    printf("%.0f\n", useful);
done:
    free(pixels);
    free(scores);
    sned_context_free(context);
    sned_close(model);
    return status;
}

int main(int argc, char **argv)
{
    sned_error error = {0};
    if (argc == 3 && strcmp(argv[1], "network") == 0) {
        if (count_network(argv[2], &error) == SNED_OK)
            return 0;
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    if (argc != 5)
        return 2;
    struct work work = work_new(strtoul(argv[2], NULL, 10), atoi(argv[3]), strtoul(argv[4], NULL, 10));
    if (!count_kernel(sned_micro_choose(getenv("SNED_CPU")), argv[1], &work))
        return 2;
    printf("%zu\n", work.pixels * (size_t)work.filters * work.terms);
    return 0;
}
