/*
 * rate.h - rate-aware training: a network trained again with what its integers will cost in the file as part
 * of the loss, at a price, or at the price that brings the file to a size.
 *
 *     loss = cross-entropy (or a teacher's words) + lambda * bits
 *
 * Weights of a layer are multiples of one step (tensor->quantization of the constant), which is learned with
 * them; codec/cost.h says what their integers cost and train/executor/executor.h what its slope does to them.
 * The method, and what each part of it is worth: docs/method.md.
 */
#ifndef SNED_COMPRESS_RATE_RATE_H
#define SNED_COMPRESS_RATE_RATE_H

#include "train/train.h"

struct rate_options {
    double epochs; /* may be a fraction */
    int batch;     /* 0: 64 */
    float rate;    /* constant over the first half, then half a cosine to 0 */
    enum optimizer optimizer;
    float step_rate;     /* of the logarithms of steps, in rates */
    double target_bytes; /* of the coded weights and biases; 0: lambda is said */
    /* What these really take, of the graph as it then is, rounded and calibrated: asked now and then, since
     * estimates of size are only good to some tenths. NULL: the estimate is the size. */
    sned_status (*measure_bytes)(void *context, const struct graph *graph, double *bytes, sned_error *error);
    void *measure_context;
    double most_bytes;   /* by that measure, at the end: what is more is trimmed (trim.h); 0: any */
    double lambda;       /* loss for a bit, after a rise; where a size is the target: the first guess */
    bool keep_fractions; /* at the end weights only round to multiples of steps: fractions.h */
    struct augmentation augmentation;
    struct graph *teacher; /* struct train_options says how it teaches; NULL: none */
    double teacher_weight, temperature, mix;
    uint64_t seed;
    int threads;            /* 0: all */
    double time_budget;     /* seconds; 0: none. All that happens at a share of the way happens at a share of
                           what can be done in this time; then the clock has a say in the result */
    const char *checkpoint; /* as train_options': written after every epoch, stays at the end; NULL: none */
    const struct reporter *reporter;
};
struct rate_options rate_defaults(void);

struct rate_result {
    double bytes;          /* of the coded weights and biases, estimated */
    double lambda;         /* at the end */
    double loss, accuracy; /* of the last epoch's training batches, without the bits; accuracy in percent */
    double seconds, epoch_seconds; /* of all, in this process; of an epoch of all images */
};

/*
 * Trains `graph`, which is prepared (batch norms folded) and calibrated, in place on images `indices` of the
 * data set. Weights that have no step get one, a seventh of their largest. At the end weights are multiples
 * of their layer's step, which is in the constant's quantization, and biases of theirs, ready for
 * quantize_lower, or only round to them, where another training shall go on from there (keep_fractions);
 * zeros are masked, but those that the structure of their weights (graph.h) lets live; units that do nothing
 * are all 0 (for sned_graph_compact to take out), and activations calibrated anew. What the first output
 * does not depend on stays as it is; on failure all does. Deterministic for (seed, threads), but with a time
 * budget.
 */
sned_status rate_train(struct graph *graph, struct dataset *dataset, const uint32_t *indices, size_t count,
                       const struct rate_options *options, struct rate_result *result, sned_error *error);

#endif
