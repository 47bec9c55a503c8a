/*
 * model.h - what a sned_model is made of.
 */
#ifndef SNED_RUNTIME_MODEL_H
#define SNED_RUNTIME_MODEL_H

#include "codec/codec.h"
#include "runtime/costs/host.h"
#include "runtime/plan.h"
#include "runtime/runtime.h"

/* How an output comes to be: the integers of `logits` as floats, and what its ending makes of them. */
struct result {
    enum op ending; /* OP_IDENTITY: nothing */
    int logits;
    size_t elements;
    size_t along, inner; /* Softmax, LogSoftmax: numbers of a sum, and how far apart they lie */
};

enum { PIXEL_VALUES = 256 };

struct sned_model {
    struct graph *graph;
    bool gave_back;                           /* the graph's weights, once the kernels had theirs */
    struct result results[GRAPH_MAX_OUTPUTS]; /* of each output */
    struct host host;                         /* that it was opened for */
    struct plan plan;
    uint8_t pixels[GRAPH_MAX_CHANNELS_MEAN][PIXEL_VALUES]; /* input.c's: of each channel, the input's byte */
    sned_model_info info;
    char resize[RESIZE_TEXT]; /* info's */
    sned_layer *layers;       /* [info.layers] */
};

/* describe.c: fills in model->info and model->layers, of a model that has its plan. */
/* kept [tensor_count]: of weights, how many are not 0. */
sned_status sned_model_describe(sned_model *model, const struct layer_storage *storage, int storage_count,
                                const uint64_t *kept, uint64_t bytes, sned_error *error);

/* weigh.c: fills in the nanoseconds of the plan and its steps, of a model that has its layers. */
void sned_model_weigh(sned_model *model);

/* run.c: bytes of a network's states. */
size_t sned_states_size(const struct graph *graph);

/* input.c: fills in model->pixels. */
void sned_input_list_pixels(sned_model *model);

/* results.c: what output `index` is made of; the output of one image, [elements] floats. */
struct result sned_result_find(const struct graph *graph, int index);
void sned_result_write(const struct result *result, const struct graph *graph, const void *integers,
                       float *values);

#endif
