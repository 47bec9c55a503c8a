/*
 * model.h - what sned_model and sned_context are made of, and the three steps of opening: verify, prepare,
 * plan.
 */
#ifndef SNED_RUNTIME_MODEL_H
#define SNED_RUNTIME_MODEL_H

#include "codec/codec.h"
#include "runtime/kernel.h"
#include "runtime/runtime.h"

/* Where everything lies in a context's memory; offsets from its 64-byte aligned start. */
struct plan {
    size_t *tensors;   /* [tensor_count]: of each activation */
    size_t *scratches; /* [step_count] */
    size_t pointers;   /* room for the input pointers of one step */
    size_t size;       /* of all */
};

struct sned_model {
    struct graph *graph;
    int step_count; /* nodes, without the ending */
    struct step *steps;
    struct scores scores; /* scores.logits holds the result before the ending, which is done in float */
    struct plan plan;
    sned_model_info info;
    char resize[RESIZE_TEXT]; /* info's */
    sned_layer *layers;       /* [info.layers] */
};

/* Gives each activation its place: memory is used again when the last reader of a tensor has run, unless
 * `keep`. */
sned_status sned_plan_make(struct plan *plan, const sned_model *model, bool keep, sned_error *error);
void sned_plan_free(struct plan *plan);

#endif
