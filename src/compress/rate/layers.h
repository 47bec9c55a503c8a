/*
 * layers.h - the weights of a network that rate-aware training works on, and what each layer costs.
 */
#ifndef SNED_COMPRESS_RATE_LAYERS_H
#define SNED_COMPRESS_RATE_LAYERS_H

#include "codec/cost.h"
#include "train/executor/executor.h"

struct rate_layer {
    int tensor;             /* the weights */
    int bias;               /* -1: none */
    int input, output;      /* activations that the layer reads and makes */
    struct layer_cost cost; /* of their integers, as of the last look at them */
};
struct rate_layers {
    struct rate_layer *layers; /* owned */
    int count;
    double fine_bits; /* filters that take more have finer biases, in proportion; INFINITY at first: none */
    int8_t *integers; /* owned; [of the largest layer] */
};

/* All weights that the graph's first output depends on. */
sned_status rate_layers_find(struct rate_layers *layers, const struct graph *graph, sned_error *error);
void rate_layers_free(struct rate_layers *layers);

/* A step for those that have none yet: a seventh of the largest weight. */
void rate_layers_give_steps(const struct rate_layers *layers, struct graph *graph);
/* Another for the biases, from those of weights and activations: the largest power of two of units of the
 * accumulator that is at most two steps of the output, or, of scores, half a step of one with 8 bits. Finer
 * ones take more bits in the file than they are worth, but to layers->fine_bits. */
void rate_layers_give_bias_steps(const struct rate_layers *layers, struct graph *graph);
/* Looks at the integers that the executor's weights round to; it goes by their costs from here on. */
sned_status rate_layers_look(struct rate_layers *layers, struct executor *executor, sned_error *error);
/* What the last look says of weights and biases in the file, by the model. */
double rate_layers_bytes(const struct rate_layers *layers);

/* The graph's weights to the nearest multiples of their steps; its biases. */
void rate_layers_round(const struct rate_layers *layers, struct graph *graph);
void rate_layers_round_biases(const struct rate_layers *layers, struct graph *graph);
/* mask.c: where a layer is to be balanced the largest weights of each filter stay, as many as its filters
 * have in the mean; the others become 0, and no mask keeps them so. */
sned_status rate_layers_balance(const struct rate_layers *layers, struct graph *graph, sned_error *error);
/* Masks all weights that round to 0; not those of a block that has others, and, where a layer is balanced,
 * in each filter so many that all have as many. */
sned_status rate_layers_mask(const struct rate_layers *layers, struct graph *graph, sned_error *error);
/* The same look, at the graph's. */
sned_status rate_layers_count(struct rate_layers *layers, const struct graph *graph, sned_error *error);

#endif
