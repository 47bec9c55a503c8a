/*
 * place.h - where each activation lies in the accelerator's memory, and how.
 *
 * A tensor's bytes are rows, `pitch` apart, of planes, `plane` apart: one for each channel. What a Slice
 * takes of whole rows and channels lies inside of what it is taken from, and what a Concat joins by rows or
 * channels inside of the result, so that no byte is moved. Two channels of four rows, and inside of them a
 * spot of the rows 1 and 2:
 *
 *     base of the outer one     > a a a a .            '.': its rows have 4 pixels, another tensor that a
 *     base of the inner one     > A A A A .  ^              Conv makes of it has 5; so the pitch is 5
 *                                 A A A A .  | plane
 *                                 a a a a .  v         of both
 *     base of the inner + plane   b b b b .
 *                               > B B B B .
 *                                 B B B B .
 *                                 b b b b .
 *
 * What all steps rely on:
 *   - Each spot lies in one way (enum lies). Every byte that is read of one was written by a step of the node
 *     that makes it, or, of a view, of the node that makes what it is taken from.
 *   - Between the planes of a spot inside of another there may be rows that are not its own: spot_is_solid
 *     says whether not. A step that goes through bytes one after the other takes such planes one by one.
 *   - A row belongs to one spot up to its pitch: columns are never inside of another, a Slice or Concat of
 *     columns copies. So a step may write between the last pixel of a row and the next row.
 *   - What a Conv reads and writes has one pitch (raster.h), as have the operands of a sum, an activation
 *     and an LRN, and what lies inside of each other. Copies and pools are free to change it.
 *   - A spot stays as long as all that lies inside of it or over it, and is there when the first of these is
 *     made.
 *   - The graph's input and the result, which are loaded and stored as wholes, lie inside of nothing.
 *
 * An input that is read with a stride is laid out space-to-depth: the graph's input by the host, others by a
 * copy of their own.
 */
#ifndef SNED_ACCEL_PLACE_PLACE_H
#define SNED_ACCEL_PLACE_PLACE_H

#include "accel/program/config.h"
#include "graph/graph.h"

enum lies {
    LIES_ALONE, /* has a place of its own */
    LIES_VIEW,  /* inside of `other`, which a Slice takes it from: nobody writes it */
    LIES_PART,  /* inside of `other`, a Concat's result */
    LIES_OVER   /* where `other` lies, which nobody reads later */
};

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
    enum lies lies;
    int other;
    int channel, row; /* inside of `other`, from there on */
};

/* How long a spot stays, so that steps of one image can run side by side. */
enum stay {
    STAY_SHORT,  /* until it was read */
    STAY_BESIDE, /* what the vector unit reads until the end of the next Conv, where that needs nothing of it
                  */
    STAY_PARTS   /* and what a Conv reads until the end of what goes in parts with it (parts.h) */
};

struct placement {
    const struct graph *graph; /* what is placed; not owned */
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

/* Is it one run of bytes? */
bool spot_is_solid(const struct spot *spot);
/* How many phases of a spot are kept; and how many of them come before `phase`. */
int spot_phases(const struct spot *spot);
int spot_phase_index(const struct spot *spot, int phase);

/* Where a tensor lies. NULL: it is a constant, an input that is absent (-1), or the host's. */
const struct spot *placement_spot(const struct placement *placement, int tensor);
/* The space-to-depth copy that a strided Conv reads; NULL: the node reads its input as that lies. */
const struct spot *placement_copy(const struct placement *placement, int node);
/* What a node reads as its first input: that one's spot, or the copy of it. */
const struct spot *placement_input(const struct placement *placement, int node);
/* Of a node that only moves numbers: does what goes from `input` to `output` lie where it belongs? Else it is
 * copied. */
bool placement_in_place(const struct placement *placement, int node, int input, int output);
/* False: the node only moves numbers, and all of them lie where they belong. */
bool placement_needs_step(const struct placement *placement, int node);
/* Where input `input` of the Concat `node` begins in the result, by axes.h. */
void placement_corner(int64_t corner[3], const struct graph *graph, int node, int input);

#endif
