/*
 * session.h - one image or sample at a time through either kind of model: what run and bench do.
 */
#ifndef SNED_CLI_COMMON_SESSION_H
#define SNED_CLI_COMMON_SESSION_H

#include "cli/common/model.h"
#include "runtime/runtime.h"
#include "train/executor/executor.h"

struct session {
    struct graph *graph; /* borrowed */
    sned_model *model;   /* of an integer graph, with its context */
    sned_context *context;
    struct executor *executor; /* of a float graph */
    struct extent input;
    struct scores kind; /* of the scores */
    uint8_t *pixels;    /* [C][H][W] */
    float *values;      /* the same, after mean and scale; or a sample's own */
    float **raw;        /* [graph->output_count]: the network's outputs */
    float *scores;      /* [kind.classes]: the network's own, or probabilities */
};
/* A float graph is prepared (batch norms folded) in place. */
sned_status session_new(struct session *session, struct graph *graph, const struct options *options,
                        sned_error *error);
void session_free(struct session *session);

/* session->values from session->pixels. */
void session_normalize(struct session *session);
/* Noise in pixels and values: an input whose content costs what any other does. What it is for
 * session_run. */
enum item_type session_noise(struct session *session, uint64_t seed);
/* Runs what is in pixels and, normalised, in values; or what is in values alone. Into raw and, as it is,
 * scores. */
sned_status session_run(struct session *session, enum item_type type, sned_error *error);
/* A JPEG or PNG file; scores become probabilities. */
sned_status session_picture(struct session *session, const char *path, sned_error *error);
/* An item of a data set (struct input_form of the graph); scores become probabilities. */
sned_status session_item(struct session *session, enum item_type type, const void *item, sned_error *error);

#endif
