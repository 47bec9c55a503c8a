/*
 * model.h - what a sned_model is made of.
 */
#ifndef SNED_RUNTIME_MODEL_H
#define SNED_RUNTIME_MODEL_H

#include "codec/codec.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

struct sned_model {
    struct graph *graph;
    struct scores scores; /* scores.logits holds the result before the ending, which is done in float */
    struct plan plan;
    sned_model_info info;
    char resize[RESIZE_TEXT]; /* info's */
    sned_layer *layers;       /* [info.layers] */
};

#endif
