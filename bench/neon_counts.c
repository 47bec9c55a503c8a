/*
 * neon_counts.c - work for an emulator that counts instructions (bench/neon_counts.sh): a call of a
 * micro-kernel, or a run of a network, between counted_begin and counted_end.
 *
 *     neon_counts KERNEL PIXELS FILTERS TERMS    add_taps, sparse, dense; requantize, add, look_up, quantize:
 *                                                of PIXELS numbers; lrn: of TERMS channels of them;
 *                                                dot, dense_rows, listed_rows: FILTERS rows of TERMS columns
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

enum { REACH = 1 << 16 /* pixels that offsets lead over */, FACTORS = LRN_TABLE_SIZE + 1 };

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
    uint32_t *first;   /* of listed rows, of which each column has a weight */
    uint16_t *columns; /* theirs, or LRN's factors */
};

static struct work work_new(size_t pixels, int filters, size_t terms)
{
    struct work work = {.pixels = pixels, .filters = filters, .terms = terms};
    struct random random;
    sned_random_seed(&random, 17, 0);
    int8_t *weights = room(terms * (size_t)filters + 8, 1);
    uint32_t *offsets = room(terms + 8, sizeof *offsets); /* as bytes they are a table of 256, too */
    work.input = room((REACH + pixels) * 4, 1);
    work.sums = room(pixels * ((size_t)filters + terms), sizeof *work.sums);
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
    const size_t weights_of_rows = terms * (size_t)filters;
    work.first = room((size_t)filters + 1, sizeof *work.first);
    work.columns = room(weights_of_rows + FACTORS, sizeof *work.columns);
    for (size_t i = 0; i < weights_of_rows; i++)
        work.columns[i] = (uint16_t)(i % terms);
    for (int f = 0; f <= filters; f++)
        work.first[f] = (uint32_t)((size_t)f * terms);
    return work;
}

static const struct integer_rule signed_bytes = {.low = -128, .high = 127};

static void call_add_taps(const struct micro_kernels *micro, const struct work *work)
{
    for (int f = 0; f < work->filters; f++)
        micro->add_taps(work->sums + (size_t)f * work->pixels, work->pixels, (const int16_t *)work->input,
                        work->pairs, work->terms / 2);
}

static void call_sparse(const struct micro_kernels *micro, const struct work *work)
{
    micro->sparse[micro->bytes](work->sums, work->pixels, work->pixels, work->input, &work->quads);
}

static void call_dense(const struct micro_kernels *micro, const struct work *work)
{
    micro->dense[micro->bytes](work->sums, work->pixels, work->pixels, work->input, &work->quads);
}

static void call_requantize(const struct micro_kernels *micro, const struct work *work)
{
    micro->requantize[VALUE_S8](work->input, work->sums, work->pixels,
                                (struct scaling){.multiplier = 50000, .shift = 24}, &signed_bytes);
}

static void call_dot(const struct micro_kernels *micro, const struct work *work)
{
    for (int f = 0; f < work->filters; f++)
        work->sums[f] = micro->dot(work->quads.weights + (size_t)f * work->terms,
                                   (const int16_t *)work->input, work->terms);
}

static void call_dense_rows(const struct micro_kernels *micro, const struct work *work)
{
    micro->dense_rows[micro->bytes](work->sums, (size_t)work->filters, work->terms / ROW_CHUNK,
                                    work->quads.weights, work->input);
}

static void call_listed_rows(const struct micro_kernels *micro, const struct work *work)
{
    micro->listed_rows(work->sums, (size_t)work->filters, work->first, work->columns, work->quads.weights,
                       (const int16_t *)work->input);
}

static void call_add(const struct micro_kernels *micro, const struct work *work)
{
    const struct byte_sum sum = {
        .flip = {0x80, 0}, .multiplier = {40000, 30000}, .start = 1 << 15, .shift = 16};
    micro->add((uint8_t *)work->sums, work->input, work->input + work->pixels, work->pixels, &sum,
               &signed_bytes);
}

static void call_look_up(const struct micro_kernels *micro, const struct work *work)
{
    micro->look_up((uint8_t *)work->sums, work->input, work->pixels, (const uint8_t *)work->quads.offsets);
}

static void call_quantize(const struct micro_kernels *micro, const struct work *work)
{
    micro->quantize[VALUE_S8](work->sums, (const float *)work->input, work->pixels, 0.5f);
}

/* Of TERMS channels, a window of five of them. */
static void call_lrn(const struct micro_kernels *micro, const struct work *work)
{
    const struct lrn_strip strip = {.pixels = work->pixels,
                                    .step = work->pixels,
                                    .channels = (int)work->terms,
                                    .before = 2,
                                    .after = 2,
                                    .table = work->columns,
                                    .shift = 16};
    micro->lrn[VALUE_U8]((uint8_t *)work->sums, work->input, &strip, &signed_bytes);
}

static const struct {
    const char *name;
    void (*call)(const struct micro_kernels *micro, const struct work *work);
} kernels[] = {
    {"add_taps", call_add_taps},       {"sparse", call_sparse}, {"dense", call_dense},
    {"requantize", call_requantize},   {"dot", call_dot},       {"dense_rows", call_dense_rows},
    {"listed_rows", call_listed_rows}, {"add", call_add},       {"look_up", call_look_up},
    {"quantize", call_quantize},       {"lrn", call_lrn},
};

/* False: no such kernel. */
static bool count_kernel(const struct micro_kernels *micro, const char *name, const struct work *work)
{
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        if (strcmp(kernels[i].name, name) == 0) {
            counted_begin();
            kernels[i].call(micro, work);
            counted_end();
            return true;
        }
    return false;
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
