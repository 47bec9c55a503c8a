/*
 * compress.h - a trained network made small: what is asked, what came of it, and the paper's method
 * (reversed-pruning, peak-pruning, quantisation). Method rate is in compress/search. docs/method.md has both.
 */
#ifndef SNED_COMPRESS_COMPRESS_H
#define SNED_COMPRESS_COMPRESS_H

#include "codec/codec.h"
#include "compress/recipe.h"
#include "train/train.h"

struct compress_options {
    struct recipe recipe;
    double max_drop;     /* points of accuracy that may be lost, on the held-out split; < 0: the recipe's */
    double max_bytes;    /* method rate: of the whole file; 0: any */
    double min_accuracy; /* method rate: percent, on the held-out split; 0: any */
    double time_budget;  /* seconds for all of it; 0: none. What is reached then is kept */
    int format;          /* enum weight_format of all layers in the file; negative: the smallest */
    double open_ms;      /* struct pack_options */
    uint64_t seed;
    int threads;
    const char *checkpoint; /* file; NULL: none. The caller removes it once its output is written */
    const struct reporter *reporter;
};

/* One line of the log: what was tried on a layer and what came of it, on the held-out split. */
struct decision {
    char layer[64];
    char phase[24]; /* "reversed", "forward", "joint", "peak", "quantize" */
    double density_from, density_to;
    double accuracy_pruned, accuracy_retrained; /* percent, before and after retraining */
    bool accepted;
    /* Seconds: of choosing, cutting and measuring (quantize: of calibrating), and of retraining. 0: done in
     * an earlier run. */
    double seconds_cut, seconds_retrained;
};

/* What a network of some size is worth: a point of the curve of bytes against accuracy. Bytes are the whole
 * .sned file's; accuracy (percent) and loss (mean cross-entropy) are the integer network's on the held-out
 * images. */
struct curve_point {
    double bytes, accuracy, loss;
    double wanted;  /* bytes that the training aimed at; 0: it aimed at none */
    double lambda;  /* loss that a bit costs, at the end of the training */
    double epochs;  /* of training behind it, all together */
    double seconds; /* since the start, all runs together */
    bool chosen;    /* the one that became the result */
};

struct compress_result {
    double accuracy_before, accuracy_after; /* held-out split, percent: float as given, integer at the end */
    struct curve_point *points;             /* owned, in the order in which they were found; of method rate */
    int point_count;
    struct decision *decisions; /* owned: compress_result_free */
    int decision_count;
    /* Layers that the first output does not depend on: no accuracy judges them, so they are neither cut nor
     * retrained. Owned; names as in decisions. */
    char (*unjudged)[64];
    int unjudged_count;
    /* What was asked for and is not met: a line; "" where all is. */
    char missed[256];
    double epoch_seconds; /* of retraining, as last measured; 0: nothing was retrained */
    double seconds;
};
void compress_result_free(struct compress_result *result);

/* Method paper: prunes, retrains, quantises `graph` (float, as imported) on the training images of `dataset`,
 * a tenth of which is held out to steer. *integer is the result; `graph` is left pruned and retrained in
 * float. */
sned_status compress_paper(struct graph **integer, struct graph *graph, struct dataset *dataset,
                           const struct compress_options *options, struct compress_result *result,
                           sned_error *error);

/*
 * All of that in small, in a few seconds, on a copy: the recipe against the network, a step of training and
 * of quantization-aware training planned, calibration with a few images, lowering. What would fail at the end
 * of hours fails here. *integer is the network as it is, quantised; bytes of the checkpoint, at most, to
 * *checkpoint.
 */
sned_status compress_rehearse(struct graph **integer, uint64_t *checkpoint, const struct graph *graph,
                              struct dataset *dataset, const struct compress_options *options,
                              sned_error *error);

/* An integer network's file, appended to `file`: every layer in `format` (negative: the smallest), opened
 * within open_ms (struct pack_options); storage as of sned_pack, or NULL. */
sned_status compress_pack(struct buffer *file, const struct graph *integer, int format, double open_ms,
                          struct layer_storage **storage, int *storage_count, sned_error *error);

/* The images that steer and never train. Writes 0 .. count-1 into indices: first those that may train, their
 * number returned, then the held-out ones: `share` of all, at most `most`. The same for a count whatever the
 * seed, so that a network trained on the first part alone is new to the second: then its accuracy there is
 * what it is worth, and compression need not first make it forget them (settle.c). */
size_t compress_split(uint32_t *indices, size_t count, double share, size_t most);
enum { COMPRESS_HELD_IMAGES = 5000 };
#define COMPRESS_HELD_SHARE 0.1

#endif
