/*
 * units.h - units: channels that can only leave the graph, or change places, together.
 *
 * A unit is a class of channels (channels.h). A filter of a Conv makes a channel; ReLU, pools and Add hand it
 * on, Flatten makes many of it, and the two sides of an Add have one unit: without one, the other would have
 * no partner. What ends a unit are weights: a Conv or Gemm reads a channel by a column of them and makes one
 * by a row, and rows and columns can be taken out and put elsewhere. A Conv of several groups cannot do that
 * within a group without the other groups' doing it too, so a group, its inputs and its outputs, is one unit;
 * of a depthwise Conv that is a channel. The graph's input, outputs and states, and what LRN and the like
 * mix, are fixed: the user, or a neighbour, knows their places.
 *
 *     conv1 -> relu -> pool -> flatten -> fc       unit c: row c of conv1, channel c of relu and pool,
 *                                                  elements c*H*W .. of flatten, as many columns of fc
 */
#ifndef SNED_GRAPH_PASSES_UNITS_H
#define SNED_GRAPH_PASSES_UNITS_H

#include "graph/channels.h"

/* The channels of a unit that root r stands for: members[start[r]] to members[start[r + 1] - 1]. */
struct units {
    struct channels channels;
    int *start;          /* [count + 1] */
    int *members;        /* [count]: numbers, ascending within a unit */
    uint64_t *signature; /* [count]: of a root: units of one signature are tied alike and can change places */
};
sned_status sned_units_find(struct units *units, const struct graph *graph, sned_error *error);
void sned_units_free(struct units *units);

static inline int unit_of(const struct units *units, int tensor, int channel)
{
    return units->channels.root[units->channels.first[tensor] + channel];
}

/* Whether a node has filters: weights [K][C / groups][...] over its first input's channels, a row for each
 * channel that it makes. And the first channel of the input that filter k reads. */
bool sned_node_has_filters(const struct node *node);
struct filter_bank {
    int count, columns, taps; /* weights [count][columns][taps] */
    int groups;
};
struct filter_bank sned_node_filters(const struct graph *graph, const struct node *node);
static inline int filters_first_channel(const struct filter_bank *filters, int k)
{
    return k / (filters->count / filters->groups) * filters->columns;
}

/* Channel c of the output is made of channel c of each input, and nothing else: activations, pools, Add. */
bool sned_works_by_channel(enum op op);

/* What becomes of each activation's channels: new channel i of tensor t is the old one
 * channel[first[t] + i], i below kept[t]. Of constants nothing. */
struct rearrangement {
    int *channel; /* [channels.count] */
    int *kept;    /* [tensor_count] */
};
sned_status sned_rearrangement_open(struct rearrangement *arrangement, const struct graph *graph,
                                    const struct units *units, sned_error *error); /* all as it is */
void sned_rearrangement_free(struct rearrangement *arrangement);
/* Those of units that stay, in the old order: stays [channels.count], by root. */
void sned_rearrangement_keep(struct rearrangement *arrangement, const struct graph *graph,
                             const struct units *units, const bool *stays);

/* Rewrites weights, biases, masks, scalings and attributes so that the graph's activations are arranged like
 * that; tensors and nodes keep their indices. Units must stay or go as a whole, at least one in each
 * activation, and change places only with those of their signature. On failure the graph is fit for nothing
 * but to be freed. */
sned_status sned_units_arrange(struct graph *graph, const struct units *units,
                               const struct rearrangement *arrangement, sned_error *error);
/* What it will take out of the layers, before it is done. */
struct compaction;
sned_status sned_compaction_report(struct compaction *report, const struct graph *graph,
                                   const struct units *units, const struct rearrangement *arrangement,
                                   sned_error *error);

#endif
