/*
 * channels.h - the channels of all activations of a graph, numbered, and classes of them.
 *
 * Channel c of activation t has the number first[t] + c. Passes that change channels (their units, their
 * places, whether there are any) join those that must change alike: through a pool channel by channel,
 * through a Flatten many with one. Which operators join what, each pass decides; the numbering, the joining
 * (Galler and Fischer 1964) and what moving numbers means for channels are the same for all, and stand here.
 */
#ifndef SNED_GRAPH_CHANNELS_H
#define SNED_GRAPH_CHANNELS_H

#include "graph/graph.h"

struct channels {
    int *first;  /* [tensor_count]; -1: a constant */
    int count;   /* of all channels */
    int *root;   /* [count]: a number of the same class; once settled, the one that stands for it */
    bool *fixed; /* [count]: of a root: the class must stay as it is */
};

/* Of a graph whose shapes are known: each channel a class of its own; those of the graph's input and outputs
 * are fixed. */
sned_status sned_channels_open(struct channels *channels, const struct graph *graph, sned_error *error);
void sned_channels_free(struct channels *channels);

void sned_channels_join(struct channels *channels, int a, int b);
/* Channel by channel, of two activations that have as many. */
void sned_channels_join_all(struct channels *channels, const struct graph *graph, int input, int output);
/* The channel that each number comes from with the one that it goes to, of a node that moves numbers. */
void sned_channels_join_moved(struct channels *channels, const struct graph *graph, const struct node *node);
/* All channels of an activation; nothing of a constant or -1. */
void sned_channels_fix(struct channels *channels, const struct graph *graph, int tensor);
/* Everything that a node reads and makes. */
void sned_channels_fix_node(struct channels *channels, const struct graph *graph, const struct node *node);
/* What reads and makes through weights, biases or other constants that several nodes share, which cannot
 * follow two activations at once. */
sned_status sned_channels_fix_shared(struct channels *channels, const struct graph *graph, sned_error *error);
/* Each root becomes the number that stands for its class. */
void sned_channels_settle(struct channels *channels);

/* Channels of an activation: dim[1], or 1; and the elements of each. */
static inline int channels_of(const struct graph *graph, int tensor)
{
    const struct shape *shape = &graph->tensors[tensor].shape;
    return shape->rank > 1 ? (int)shape->dim[1] : 1;
}
static inline int64_t channel_plane(const struct graph *graph, int tensor)
{
    return (int64_t)sned_shape_elements(&graph->tensors[tensor].shape) / channels_of(graph, tensor);
}

#endif
