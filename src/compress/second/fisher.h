/*
 * fisher.h - how much each weight matters to what the network answers: the diagonal of Fisher's information.
 */
#ifndef SNED_COMPRESS_SECOND_FISHER_H
#define SNED_COMPRESS_SECOND_FISHER_H

#include "compress/quantize/quantize.h"

struct fisher {
    int tensor_count;
    /* [tensor_count]: of the weights of a Conv or Gemm that the first output depends on, for each weight the
     * mean over images of (d loss / d weight)^2; else NULL */
    float **values;
};

struct fisher_options {
    size_t images; /* at most; 0: 400 */
    uint64_t seed; /* of the labels that are drawn */
    int threads;   /* 0: all */
    const struct reporter *reporter;
};

/*
 * Of a prepared float graph, activations rounded where they have a quantization. Labels are drawn from what
 * the network itself says of an image, softened: those that come with images are not looked at.
 * Deterministic for (seed, threads). fisher_free afterwards in either case.
 */
sned_status fisher_measure(struct fisher *fisher, struct graph *graph,
                           const struct calibration_images *images, const struct fisher_options *options,
                           sned_error *error);
void fisher_free(struct fisher *fisher);

/* The mean over the weights [count] from `first` on of one constant. */
double fisher_mean(const struct fisher *fisher, int tensor, size_t first, size_t count);

#endif
