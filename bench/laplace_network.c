/*
 * laplace_network.c - a packed network with weights drawn anew: laplace_network IN.sned OUT.sned [OF_SO_MANY
 * [OPEN_MS]]. Of OF_SO_MANY (13) weights one is kept; its magnitude is a Laplace distribution's, rounded to 1
 * to 15: 5 bits with its sign. Prints, as JSON, what such weights take at least, in bits by the distribution
 * that they were drawn from, what the file takes, and how long it is packed and opened on one core.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "codec/codec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LARGEST = 15, OPENINGS = 7 };
#define SCALE 4.0 /* of the Laplace distribution, in steps; what lies beyond 15 is not drawn */

/* Of the magnitudes 1 to LARGEST, each rounded up from (m - 1, m]. */
static void magnitudes(double probability[LARGEST + 1])
{
    double sum = 0;
    for (int m = 1; m <= LARGEST; m++)
        sum += probability[m] = exp(-(m - 1) / SCALE) - exp(-m / SCALE);
    for (int m = 1; m <= LARGEST; m++)
        probability[m] /= sum;
}

/* Bits of a weight. */
static double entropy(double kept, const double probability[LARGEST + 1])
{
    double bits = -(1 - kept) * log2(1 - kept) - kept * log2(kept) + kept; /* zero or not, the sign */
    for (int m = 1; m <= LARGEST; m++)
        bits -= kept * probability[m] * log2(probability[m]);
    return bits;
}

static int draw(struct random *random, const double probability[LARGEST + 1])
{
    double left = (double)(sned_random_next(random) >> 11) / (double)(1ull << 53);
    int m = 1;
    while (m < LARGEST && left >= probability[m])
        left -= probability[m++];
    return sned_random_below(random, 2) ? m : -m;
}

/* New weights for all layers; how many there are. */
static size_t redraw(struct graph *graph, uint32_t of_so_many, const double probability[LARGEST + 1])
{
    struct random random;
    size_t weights = 0;
    sned_random_seed(&random, 1, 0);
    for (int t = 0; t < graph->tensor_count; t++) {
        struct tensor *tensor = &graph->tensors[t];
        const size_t count = sned_shape_elements(&tensor->shape);
        if (!tensor->data || tensor->type != TENSOR_I8)
            continue;
        int8_t *values = tensor->data;
        for (size_t i = 0; i < count; i++)
            values[i] = sned_random_below(&random, of_so_many) ? 0 : (int8_t)draw(&random, probability);
        weights += count;
    }
    return weights;
}

static double processor_seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The fastest of some, by the wall's clock and by the processor's: on a busy machine they differ. */
static sned_status time_opening(double *wall, double *processor, const struct buffer *file, sned_error *error)
{
    *wall = *processor = INFINITY;
    for (int i = 0; i < OPENINGS; i++) {
        sned_model *model;
        const double begin = sned_clock(), spent = processor_seconds();
        SNED_TRY(sned_open_memory(&model, file->data, file->size, error));
        *wall = fmin(*wall, sned_clock() - begin);
        *processor = fmin(*processor, processor_seconds() - spent);
        sned_close(model);
    }
    return SNED_OK;
}

static sned_status measure(const char *in, const char *out, uint32_t of_so_many, double open_ms,
                           sned_error *error)
{
    struct buffer file = {0};
    struct graph *graph = NULL;
    double probability[LARGEST + 1], opening, processor;
    sned_status status;
    magnitudes(probability);
    SNED_TRY_DONE(sned_file_read(&file, in, SIZE_MAX, error));
    SNED_TRY_DONE(sned_unpack(&graph, file.data, file.size, NULL, NULL, error));
    const size_t weights = redraw(graph, of_so_many, probability);
    file.size = 0;
    const double begin = sned_clock();
    SNED_TRY_DONE(sned_pack(graph, &(struct pack_options){.open_ms = open_ms}, &file, NULL, NULL, error));
    const double packing = sned_clock() - begin;
    SNED_TRY_DONE(time_opening(&opening, &processor, &file, error));
    SNED_TRY_DONE(sned_file_write(out, file.data, file.size, error));
    printf("{\"weights\": %zu, \"kept\": \"1/%u\", \"entropy_bytes\": %.0f, \"file_bytes\": %zu, "
           "\"over_entropy\": %.5f, \"pack_seconds\": %.3f, \"open_ms\": %.1f, "
           "\"open_processor_ms\": %.1f}\n",
           weights, of_so_many, (double)weights * entropy(1.0 / of_so_many, probability) / 8, file.size,
           (double)file.size / ((double)weights * entropy(1.0 / of_so_many, probability) / 8) - 1, packing,
           opening * 1e3, processor * 1e3);
done:
    sned_graph_free(graph);
    sned_buffer_free(&file);
    return status;
}

int main(int argc, char **argv)
{
    sned_error error = {0};
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: laplace_network IN.sned OUT.sned [OF_SO_MANY [OPEN_MS]]\n");
        return 2;
    }
    const uint32_t of_so_many = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 13;
    const double open_ms = argc > 4 ? strtod(argv[4], NULL) : 0;
    if (measure(argv[1], argv[2], of_so_many > 1 ? of_so_many : 13, open_ms, &error) == SNED_OK)
        return 0;
    fprintf(stderr, "%s\n", error.message);
    return 1;
}
