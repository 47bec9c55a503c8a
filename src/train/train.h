/*
 * train.h - the training and evaluation loops around an executor.
 */
#ifndef SNED_TRAIN_TRAIN_H
#define SNED_TRAIN_TRAIN_H

#include "base/report.h"
#include "io/data/dataset.h"
#include "train/executor/executor.h"

enum schedule { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_COSINE, SCHEDULE_ONE_CYCLE };

/*
 * Who steers training from above, such as towards a size: asked before each epoch, when the graph holds the
 * parameters and may be given others, and before each step, whose update it may change. Its state is kept in
 * checkpoints and goes back with the parameters where training is set back.
 */
struct train_moment {
    struct executor *executor;
    size_t step, total; /* done, and to be done */
    double seconds;     /* that training has taken in this process */
    bool stop;          /* set by before_step: training ends here, well */
};
struct train_guide {
    /* Before an epoch, first of all: may take units out of the graph. `remembered` is what the executor does
     * (executor_state_read), *kept [*count] then that of what is left, freed by training, which goes on with
     * a new executor; NULL: the graph is as it was. */
    sned_status (*reshape)(void *context, const struct executor *executor, const float *remembered,
                           float **kept, size_t *count, sned_error *error);
    /* The graph as it was given gets the shape that goes with `state`, which is from a checkpoint. */
    sned_status (*reshape_again)(void *context, sned_error *error);
    sned_status (*before_epoch)(void *context, const struct train_moment *moment, sned_error *error);
    sned_status (*before_step)(void *context, struct train_moment *moment, struct update *update,
                               sned_error *error);
    void *context;
    void *state; /* plain bytes; borrowed, changed */
    size_t state_size;
    uint64_t key; /* of all that it goes by, for the checkpoint's */
};

struct train_options {
    double epochs; /* may be a fraction: so much of the images */
    int batch;     /* 0: 64 */
    enum optimizer optimizer;
    float rate, momentum, decay; /* momentum: of SGD */
    enum schedule schedule;
    int step_epochs; /* STEP: rate *= step_factor every so many epochs */
    float step_factor;
    struct augmentation augmentation;
    bool quantize_weights;           /* quantization-aware: see executor.h */
    bool learn_steps;                /* the same of weights whose quantization has a step: struct update */
    const struct train_guide *guide; /* NULL: nobody */
    struct graph *teacher; /* distillation: a float network of the same input and classes, its batch norms
                              folded; NULL: none. Borrowed, not changed */
    double teacher_weight, temperature; /* struct teaching; at weight 1 labels are not looked at */
    double mix; /* with a teacher: of each batch this share are mixtures of images (mix.h) */
    uint64_t seed;
    int threads;
    /* File, written after every epoch and resumed from; NULL: none. It stays at the end: the caller removes
     * it once what it made of the graph is safely written. */
    const char *checkpoint;
    double time_budget; /* seconds; stops after the batch that exceeds it; 0: none */
    const struct reporter *reporter;
};
struct train_options train_defaults(void);

struct train_result {
    double loss, accuracy; /* of the last epoch's training batches; accuracy in percent */
    double seconds, images_per_second;
    int rollbacks; /* how often divergence set training back and lowered the rate */
};

/* Trains graph's parameters in place on images `indices` of the data set, those that its first output depends
 * on: what leads to other outputs alone stays as it is, to the bit. Deterministic for (seed, threads).
 * SNED_ERROR_DIVERGED where three rollbacks, each at a quarter of the rate, did not help: the graph then
 * holds the last good parameters. */
sned_status train_network(struct graph *graph, struct dataset *dataset, const uint32_t *indices, size_t count,
                          const struct train_options *options, struct train_result *result,
                          sned_error *error);

/* Says which layers training leaves as they are; nothing where there are none. */
sned_status train_tell_unjudged(const struct graph *graph, const struct reporter *reporter,
                                sned_error *error);

struct evaluation {
    size_t images, skipped;
    double top1, top5, loss; /* percent, percent, mean cross-entropy */
    double seconds;
};
struct evaluate_options {
    bool quantize_weights; /* with calibrated activations: integer inference, simulated in float */
    int threads;           /* 0: all */
    const struct reporter *reporter;
    int32_t *answers; /* [dataset_size]: receives each image's highest class, by its index; NULL: not wanted.
                         What is not seen stays as it is. */
    float *scores; /* [count][struct scores' count]: receives each image's, in the order in which they come,
                      evaluation.images of them; NULL: not wanted */
};
/* Float inference. */
sned_status evaluate_network(struct graph *graph, struct dataset *dataset, const uint32_t *indices,
                             size_t count, const struct evaluate_options *options,
                             struct evaluation *evaluation, sned_error *error);
/* The same on an integer graph through the runtime: what `sned eval x.sned` reports. */
sned_status evaluate_integer(const struct graph *graph, struct dataset *dataset, const uint32_t *indices,
                             size_t count, const struct evaluate_options *options,
                             struct evaluation *evaluation, sned_error *error);

/* Scores that are NaN or infinite are no answer: SNED_ERROR_DATA. */
sned_status evaluation_check(const float *scores, int classes, sned_error *error);
/* Adds one image's scores to an evaluation being summed: counts into top1 and top5 (as counts until the
 * caller turns them into percent). Ties: the lower class index wins. */
void evaluation_add(struct evaluation *evaluation, const struct scores *scores, const float *values,
                    int label);

#endif
