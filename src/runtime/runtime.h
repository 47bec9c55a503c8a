/*
 * runtime.h - the inside of sned.h: an opened model, for tests, the compiler and the tools beside libsned.
 */
#ifndef SNED_RUNTIME_RUNTIME_H
#define SNED_RUNTIME_RUNTIME_H

#include "graph/graph.h"
#include "sned.h"

/* A model around an integer graph that was never in a file: takes the graph over, also on failure. */
sned_status sned_model_from_graph(sned_model **model, struct graph *graph, sned_error *error);
const struct graph *sned_model_graph(const sned_model *model);
/* By what costs its forms were chosen: "built-in", "calibrated" or "measured". */
const char *sned_model_costs(const sned_model *model);
/* Its steps and its memory: runtime/plan.h. */
const struct plan *sned_model_plan(const sned_model *model);
/* Runs the integer graph on one image, and keeps every activation (the context must have been made with
 * sned_context_new_keep): for layer-by-layer comparison. Values as int32, in the tensor's own shape, whatever
 * the stored width; NULL for a constant. Owned by the context, valid until its next run. */
sned_status sned_context_new_keep(sned_context **context, const sned_model *model, sned_error *error);
const int32_t *sned_context_activation(const sned_context *context, int tensor);
/* Runs the nodes from `first` on and the endings alone, of a context that was made with
 * sned_context_new_keep: what they read of the nodes before was given by sned_context_give (`values` in the
 * tensor's own shape), or is of a run before. States stay as they are. */
sned_status sned_context_give(sned_context *context, int tensor, const int16_t *values, sned_error *error);
sned_status sned_context_resume(sned_context *context, int first, float *scores, sned_error *error);

#endif
