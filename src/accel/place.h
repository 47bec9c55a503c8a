/*
 * place.h - where each activation lies in the accelerator's memory, and how.
 *
 * A tensor is planes of rows, `pitch` bytes apart. A Conv reads and writes one flat raster (raster.h), so
 * that its input and output have the same pitch; so have the operands of a sum and the parts of a Concat,
 * which are placed inside of its result. A Slice of whole rows is a part, too, of what it reads: nothing is
 * moved. Pools are free to change the pitch. An input that is read with a stride is laid out space-to-depth:
 * the graph's input by the host, others by a copy of their own.
 */
#ifndef SNED_ACCEL_PLACE_H
#define SNED_ACCEL_PLACE_H

#include "accel/config.h"
#include "graph/graph.h"

struct spot {
    struct extent extent; /* of the tensor */
    int stride[2];        /* space-to-depth; 1 1: none */
    uint64_t phases;      /* of its stride[0] * stride[1], those that are kept: a bit each */
    int height, width;    /* of a plane: the extent's divided by the stride, rounded up */
    int pitch, plane;     /* bytes */
    bool is_signed, wide; /* wide: 16 bits, upper bytes in a second block */
    int64_t bytes;
    int64_t base;
    int born, dies; /* the nodes that make it and read it last */
    int place_of;   /* written over this spot; -1: none */
    int parent; /* a part of that spot, a Concat's or what a Slice reads, from this channel and row on; -1:
                   none */
    int channel, row;
};

/* How long a spot stays, so that steps of one image can run side by side. */
enum stay {
    STAY_SHORT,  /* until it was read */
    STAY_BESIDE, /* what the vector unit reads until the end of the next Conv, where that needs nothing of it
                  */
    STAY_PARTS   /* and what a Conv reads until the end of what goes in parts with it (parts.h) */
};

struct placement {
    int spot_count;
    struct spot *spots; /* owned */
    int *of_tensor;     /* [tensor_count]: its spot, or -1; owned */
    int *copy_for;      /* [node_count]: the space-to-depth copy that the node reads, or -1; owned */
    int cut;            /* nodes before it are the head; `last` + 1: all are */
    int64_t head;       /* bytes, a multiple of 16: where what only the head reads lies */
    int64_t bytes; /* of the memory in use at most; from `head` on for what the nodes behind the cut read */
};

/* `last`: nodes before it run on the accelerator. SNED_ERROR_UNSUPPORTED names what does not fit. */
sned_status placement_make(struct placement *placement, const struct graph *graph, int last, int cut,
                           enum stay stay, const struct accel_config *config, sned_error *error);
void placement_free(struct placement *placement);

/* How many phases of a spot are kept; and how many of them come before `phase`. */
int spot_phases(const struct spot *spot);
int spot_phase_index(const struct spot *spot, int phase);

/* Is the node's result but a part of what it reads? */
bool placement_is_view(const struct placement *placement, const struct graph *graph, int node);
/* What a Conv reads: its input's spot, or the copy of it. */
const struct spot *placement_input(const struct placement *placement, const struct graph *graph, int node);

#endif
