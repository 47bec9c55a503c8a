/*
 * compress_session.h - one compression under way: the network, the images that train and that steer, the
 * journal.
 *
 * The phases (prune_search.c, prune_target.c, peak.c) are plain loops over session_cut, which prunes,
 * retrains, measures, and keeps or takes back. Every such step is written into a journal with what came of
 * it, and the journal with the network into the checkpoint. After a kill the same loops run again from the
 * start and each step answers from the journal without doing anything, until the journal ends; there the
 * network is restored and work goes on. For this a phase may decide only by what steps gave back (densities,
 * measures), never by looking at the weights.
 */
#ifndef SNED_COMPRESS_COMPRESS_SESSION_H
#define SNED_COMPRESS_COMPRESS_SESSION_H

#include "base/memory.h"
#include "compress/compress.h"
#include "compress/prune/saliency.h"

/* A Conv or Gemm that may be cut. */
struct layer {
    int node, tensor;
    char name[64];
    size_t count; /* weights */
    size_t kept;  /* of them now: as of the last accepted step */
    double first; /* density of the first cut, by the sensitivity scan */
    bool skip;    /* never cut */
    double fixed; /* cut to this; 0: searched */
    double least; /* never below this density */
};

/* On the held-out images. */
struct measure {
    double accuracy, loss; /* percent, mean cross-entropy */
};

enum { RECORD_VALUES = 8 }; /* what a step gives back, besides each layer's kept weights */

struct session {
    struct graph *graph;     /* borrowed; changed */
    struct dataset *dataset; /* borrowed */
    struct graph *teacher;   /* owned; the network as given, prepared; NULL: none */
    const struct compress_options *options;
    const struct recipe *recipe;
    const struct saliency *saliency;
    struct compress_result *result;
    uint32_t *indices; /* train_count images that train, then held_count that steer */
    size_t train_count, held_count;
    struct layer *layers; /* in the network's order */
    int layer_count;
    double max_drop;
    struct measure baseline;  /* of the network as given */
    struct measure reference; /* what the drop is counted from: settle.c */
    double lowest_loss;       /* of all accepted states */
    struct measure current;   /* of the last accepted state */
    struct buffer snapshot;   /* the network between steps: the last state that was not taken back */
    struct buffer fallback;   /* on trial: the last accepted state */
    size_t *fallback_kept;    /* [layer_count] */
    bool on_trial;
    double *journal;          /* [recorded][RECORD_VALUES + layer_count] */
    size_t recorded;          /* steps in the journal */
    size_t step;              /* steps asked for in this run */
    bool restored;            /* the network is that of the journal's end */
    uint64_t key;             /* of the checkpoint */
    double started, earlier;  /* clock at the start of this run, seconds spent in runs before it */
    double rate_factor;       /* what divergence has left of the recipe's rates */
    double images_per_second; /* of training, measured; 0: not yet */
};

/* One cut of one layer, or of all together. */
struct cut {
    const char *phase;
    int layer;        /* index into layers; -1: all that are searched for */
    double density;   /* of the layer; with -1 of all of the network's weights together */
    double allowance; /* points: accepted where session_drop is at most this */
    bool always;      /* accepted whatever it costs */
    bool trial; /* where it fails by no more than chance explains, it stays until the next cut decides */
};
enum cut_outcome { CUT_TAKEN_BACK, CUT_KEPT, CUT_ON_TRIAL };

sned_status session_open(struct session *session, struct graph *graph, struct dataset *dataset,
                         const struct compress_options *options, struct compress_result *result,
                         sned_error *error);
void session_close(struct session *session);

/* teach.c: before the first step, while the network is as given. */
sned_status session_find_teacher(struct session *session, sned_error *error);

/* Points of accuracy that a measure is below the reference: see there. */
double session_drop(const struct session *session, const struct measure *measure);
/* The standard error of an accuracy on the held-out images, in points. */
double session_noise(const struct session *session);
double session_density(const struct session *session, int layer); /* -1: of all weights */
/* *scores: of a layer by the recipe's criterion, as the network is; the caller frees it, also on failure. */
sned_status session_scores(const struct session *session, int layer, float **scores, sned_error *error);
/* Whether time is left for another retraining of so many epochs, with what has to follow it. */
bool session_has_time(const struct session *session, double epochs);
double session_elapsed(const struct session *session);
/* The epochs of the last retrainings: the recipe's, or as many as fit in their share of the time budget. */
double session_finish_epochs(const struct session *session);
double session_quantize_epochs(const struct session *session);
/* Retraining in the recipe's way; its random numbers come from the seed and the number of the step. */
sned_status session_train(struct session *session, struct graph *graph, double epochs, float rate,
                          bool quantize_weights, struct train_result *result, sned_error *error);
/* On the first `images` held-out images; 0: all. */
sned_status session_measure(const struct session *session, struct graph *graph, size_t images,
                            bool quantize_weights, struct measure *measure, sned_error *error);
/* Appends a decision to the result; with a verdict (NULL: made in an earlier run), tells the reporter. */
sned_status session_decide(struct session *session, const struct decision *decision,
                           const struct measure *after, const char *verdict, sned_error *error);

/* ---- compress_step.c: steps; each is one entry of the journal ---- */

sned_status session_baseline(struct session *session, sned_error *error);
sned_status session_scan(struct session *session, sned_error *error); /* sets each layer's `first` */
sned_status session_cut(struct session *session, const struct cut *cut, enum cut_outcome *outcome,
                        sned_error *error);
/* No further cut will decide: back to the last accepted state. A no-op where nothing is on trial. */
sned_status session_end_trial(struct session *session, sned_error *error);
/* A retraining without a cut; kept where it does not make things worse, or `always`. */
sned_status session_retrain(struct session *session, const char *phase, double epochs, float rate,
                            bool always, sned_error *error);

/* ---- compress_journal.c ---- */

/* True, and *values the record's RECORD_VALUES numbers and each layer's kept, where this step was done
 * before. */
bool session_replay(struct session *session, const double **values);
/* Brings the network to the journal's end, once; called before the first step that works. */
sned_status session_catch_up(struct session *session, sned_error *error);
/* Takes the network as it is for the accepted state. */
sned_status session_accept(struct session *session, sned_error *error);
sned_status session_take_back(struct session *session, sned_error *error);
/* Remembers the accepted state before a cut that is on trial, and gives it back. */
void session_begin_trial(struct session *session);
void session_leave_trial(struct session *session, bool back);
/* Appends a step that was done, with each layer's kept weights, and writes the checkpoint. */
sned_status session_record(struct session *session, const double values[RECORD_VALUES], sned_error *error);
sned_status session_read_journal(struct session *session, sned_error *error);

/* ---- the phases ---- */

/* settle.c: sets the reference. */
sned_status settle_reference(struct session *session, sned_error *error);
sned_status prune_search(struct session *session, sned_error *error);    /* prune_search.c */
sned_status prune_to_target(struct session *session, sned_error *error); /* prune_target.c */
/* Whether the recipe's target_kept can be reached within its rules; at the start. */
sned_status prune_check_target(const struct session *session, sned_error *error);
sned_status peak_prune(struct session *session, sned_error *error); /* peak.c */
/* One layer as far as it goes: each cut keeps `step` of what is left; where one fails, finer ones. */
sned_status prune_descend(struct session *session, const char *phase, int layer, double step,
                          double allowance, bool *moved, sned_error *error);
/* Weights that a cut of a layer (-1: of all) to a density saves; whether that is worth a retraining and some
 * accuracy. */
size_t prune_saving(const struct session *session, int layer, double density);
bool prune_worth_it(const struct session *session, size_t saved);
/* A layer whose density the recipe sets: there in equal steps, whatever it costs. */
sned_status prune_fixed(struct session *session, const char *phase, int layer, sned_error *error);
/* compress_quantize.c: calibration, quantization-aware retraining, the integer graph. */
sned_status quantize_session(struct session *session, struct graph **integer, sned_error *error);

#endif
