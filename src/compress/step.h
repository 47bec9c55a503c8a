/*
 * step.h - the steps that compression is made of: each is done once, and then answered from the journal.
 */
#ifndef SNED_COMPRESS_STEP_H
#define SNED_COMPRESS_STEP_H

#include "compress/compression.h"
#include "compress/prune/prune.h"

/* One cut of one layer, or of all together. */
struct cut {
    const char *phase;
    int layer;        /* index into layers; -1: all that are searched for */
    double density;   /* of the layer; with -1 of all of the network's weights together */
    double allowance; /* points: accepted where compression_drop is at most this */
    bool always;      /* accepted whatever it costs */
    bool trial; /* where it fails by no more than chance explains, it stays until the next cut decides */
};

/* The network as given, measured: the first step. */
sned_status step_baseline(struct compression *compression, sned_error *error);
/* scan.c: sets each layer's `first`, a step for each. */
sned_status step_scan(struct compression *compression, sned_error *error);
sned_status step_cut(struct compression *compression, const struct cut *cut, enum cut_outcome *outcome,
                     sned_error *error);
/* No further cut will decide: back to the last accepted state. A no-op where nothing is on trial. */
sned_status step_end_trial(struct compression *compression, sned_error *error);
/* A retraining without a cut; kept where it does not make things worse, or `always`. */
sned_status step_retrain(struct compression *compression, const char *phase, double epochs, float rate,
                         bool always, sned_error *error);

/* prune_division.c: all layers that are searched, and what each of them may keep of a total. */
struct division {
    int count;
    int *layers;                /* [count]: indices into the compression's layers */
    struct prune_share *shares; /* [count] */
    float **scores;             /* [count]: the shares' own */
};
sned_status divide_layers(struct division *division, const struct compression *compression, size_t total,
                          sned_error *error);
void division_free(struct division *division);

#endif
