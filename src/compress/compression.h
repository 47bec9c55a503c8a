/*
 * compression.h - one compression under way: the network and its layers, the images that train and that
 * steer, what has been done so far.
 *
 *     phases (phases.h)    settle   search or target, peak   finish   quantize
 *     steps (step.h)       baseline, scan, cut, retrain: each is done once, and then a record of the journal
 *     this file            what a step needs: retraining, measuring, judging, time, the network between steps
 *
 * The checkpoint holds the journal (journal.h) and the network between steps. A phase may decide only by what
 * steps gave back (densities, measures), never by looking at the weights: after a kill it runs again from the
 * start on the answers of the journal, and the network is restored where the journal ends.
 */
#ifndef SNED_COMPRESS_COMPRESSION_H
#define SNED_COMPRESS_COMPRESSION_H

#include "base/memory.h"
#include "compress/compress.h"
#include "compress/journal.h"
#include "compress/prune/saliency.h"

/* Weights that may be cut, of a Conv or Gemm: a node has a layer for each of its weights. */
struct layer {
    int node, tensor;
    char name[64];
    bool judged;  /* the network's first output, by which cuts are judged, depends on it; else never cut */
    size_t count; /* weights */
    size_t kept;  /* of them now: as of the last accepted step */
    double first; /* density of the first cut, by the sensitivity scan */
    bool skip;    /* never cut */
    double fixed; /* cut to this; 0: searched */
    double least; /* never below this density */
};
/* Whether its density is looked for, and not said. */
static inline bool layer_is_searched(const struct layer *layer)
{
    return !layer->skip && layer->fixed == 0;
}

struct compression {
    struct graph *graph;     /* borrowed; changed */
    struct dataset *dataset; /* borrowed */
    struct graph *teacher;   /* owned; the network as given, prepared; NULL: none */
    const struct compress_options *options;
    const struct recipe *recipe;
    const struct saliency *saliency;
    struct compress_result *result;
    double max_drop;

    uint32_t *indices; /* train_count images that train, then held_count that steer */
    size_t train_count, held_count;
    struct layer *layers; /* in the network's order */
    int layer_count;

    struct measure baseline;  /* of the network as given */
    struct measure reference; /* what the drop is counted from: settle.c */
    struct measure current;   /* of the last accepted state */
    double lowest_loss;       /* of all accepted states */

    struct buffer snapshot; /* the network between steps: the last state that was not taken back */
    struct buffer fallback; /* on trial: the last accepted state */
    size_t *fallback_kept;  /* [layer_count] */
    bool on_trial;
    bool restored; /* the graph is what `snapshot` holds, and not still the network as given */

    struct journal journal;
    uint64_t key;             /* of the checkpoint */
    double started;           /* clock at the start of this run */
    double rate_factor;       /* what divergence has left of the recipe's rates */
    double images_per_second; /* of training, measured; 0: not yet */
};

/* ---- compression.c: opened where it stopped, layers and images found ---- */

sned_status compression_open(struct compression *compression, struct graph *graph, struct dataset *dataset,
                             const struct compress_options *options, struct compress_result *result,
                             sned_error *error);
void compression_close(struct compression *compression);
/* Which layers stay as they are, because nothing would tell what it costs to change them: into the result. */
sned_status compression_tell_unjudged(const struct compression *compression, sned_error *error);
double compression_density(const struct compression *compression, int layer); /* -1: of all weights */
/* *scores: of a layer by the recipe's criterion, as the network is; the caller frees it, also on failure. */
sned_status compression_scores(const struct compression *compression, int layer, float **scores,
                               sned_error *error);
/* Leaves the `keep` weights of highest score of a layer, as its mask allows, which make good for the others
 * where the criterion knows how. */
sned_status compression_cut(struct compression *compression, int layer, const float *scores, size_t keep,
                            sned_error *error);

/* ---- state.c: the network between steps ---- */

/* Takes the network as it is for the accepted state, or goes back to that. */
sned_status compression_accept(struct compression *compression, sned_error *error);
sned_status compression_take_back(struct compression *compression, sned_error *error);
/* Before a cut: what each layer keeps, should the cut come on trial. A cut that decides over one on trial,
 * and so over both, changes nothing in what was remembered. */
void compression_remember(struct compression *compression);
/* The accepted state steps behind one that is on trial; it is forgotten or, with `back`, returned to. */
void compression_begin_trial(struct compression *compression);
void compression_leave_trial(struct compression *compression, bool back);

/* ---- resume.c: the checkpoint ---- */

/* Goes on from the checkpoint, where there is one of this run. */
sned_status compression_resume(struct compression *compression, sned_error *error);
/* The record of this step where it was done before, each layer's kept weights with it; else *record is NULL,
 * and the network is that of the journal's end. */
sned_status compression_replay(struct compression *compression, enum record_kind kind,
                               const struct record **record, sned_error *error);
/* Brings the network to the journal's end, once; before anything that is no step. */
sned_status compression_catch_up(struct compression *compression, sned_error *error);
/* Appends a step that was done, with each layer's kept weights, and writes the checkpoint. */
sned_status compression_record(struct compression *compression, struct record *record, sned_error *error);

/* ---- retrain.c ---- */

/* Retraining in the recipe's way; its random numbers come from the seed and the number of the step. */
sned_status compression_train(struct compression *compression, struct graph *graph, double epochs, float rate,
                              bool quantize_weights, struct train_result *result, sned_error *error);
/* The retraining after a cut, in which weights may come back (prune/regrow.h). */
sned_status compression_recover(struct compression *compression, struct train_result *result,
                                sned_error *error);
/* On the first `images` held-out images; 0: all. */
sned_status compression_measure(const struct compression *compression, struct graph *graph, size_t images,
                                bool quantize_weights, struct measure *measure, sned_error *error);
/* teach.c: before the first step, while the network is as given. */
sned_status compression_find_teacher(struct compression *compression, sned_error *error);

/* ---- judge.c ---- */

/* Points of accuracy that a measure is below the reference: see there. */
double compression_drop(const struct compression *compression, const struct measure *measure);
/* The standard error of an accuracy on the held-out images, in points. */
double compression_noise(const struct compression *compression);
/* Appends a decision to the result; with a verdict (NULL: made in an earlier run), tells the reporter. */
sned_status compression_decide(struct compression *compression, const struct decision *decision,
                               const struct measure *after, const char *verdict, sned_error *error);

/* ---- budget.c ---- */

double compression_elapsed(const struct compression *compression);
/* Whether time is left for another retraining of so many epochs, with what has to follow it. */
bool compression_has_time(const struct compression *compression, double epochs);
/* The epochs of the last retrainings: the recipe's, or as many as fit in their share of the time budget. */
double compression_finish_epochs(const struct compression *compression);
double compression_quantize_epochs(const struct compression *compression);

#endif
