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
    struct scores scores[GRAPH_MAX_OUTPUTS]; /* of each output; .logits is what its ending reads */
    struct plan plan;
    sned_model_info info;
    char resize[RESIZE_TEXT]; /* info's */
    sned_layer *layers;       /* [info.layers] */
};

/* describe.c: fills in model->info and model->layers, of a model that has its plan. */
sned_status sned_model_describe(sned_model *model, const struct layer_storage *storage, int storage_count,
                                uint64_t bytes, sned_error *error);

/* context.c: bytes of a network's states. */
size_t sned_states_size(const struct graph *graph);

/* results.c: output `index` of one image, [elements] floats, from the integers that its ending reads. */
void sned_result_write(const sned_model *model, int index, const void *integers, float *result);

#endif
