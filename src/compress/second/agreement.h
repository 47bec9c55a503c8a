/*
 * agreement.h - how far a network that was changed still answers as it did, on images without labels.
 */
#ifndef SNED_COMPRESS_SECOND_AGREEMENT_H
#define SNED_COMPRESS_SECOND_AGREEMENT_H

#include "compress/quantize/quantize.h"

/* What a network answers: scores before any ending, of its first output. */
struct answers {
    size_t images, count;
    float *scores; /* owned; [images][count] */
};

struct agreement {
    size_t images;
    double same;       /* percent of images with the same class */
    double divergence; /* mean Kullback-Leibler divergence from the answers before, in nats */
    double drop; /* percent: how much less often, by the probabilities before, the class would be right */
};

/* At most `wanted` images are shown. Weights are rounded (integer inference, simulated) where asked for, and
 * activations where they have a quantization. answers_free afterwards in either case. */
sned_status answers_take(struct answers *answers, struct graph *graph,
                         const struct calibration_images *images, size_t wanted, bool quantize_weights,
                         int threads, sned_error *error);
void answers_free(struct answers *answers);

/* Of the same images; `scores`: of the network that gave both. */
struct agreement answers_compare(const struct scores *scores, const struct answers *before,
                                 const struct answers *after);

#endif
