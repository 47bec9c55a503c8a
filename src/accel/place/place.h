/*
 * place.h - where each activation lies in the accelerator's memory, and how.
 *
 * A tensor's bytes are rows, `pitch` apart, of planes, `plane` apart: one plane for each channel. The bytes
 * that hold a tensor are its spot. A small network, its nodes numbered in the order in which they run:
 *
 *                  +--> 1 Slice of channels 2, 3 --> b --> 2 Conv --> c --+
 *                  |                                                      +--> 4 Concat --> e --+
 *     x -> 0 Conv -+ a ------------------------------> 3 Conv --> d ------+                     +> 5 Add -> f
 *                  |                                                                            |
 *                  +----------------------------------------------------------------------------+
 *
 * Planes have 4 x 4 pixels, so 16 bytes; x, b, c and d have 2 channels, a, e and f have 4. All of them lie in
 * 128 bytes (side by side: the same ones):
 *
 *     byte  0 | a 0 |              byte  64 | x 0 |    then | e 0 | c 0 |    then | f 0 |
 *          16 | a 1 |                    80 | x 1 |         | e 1 | c 1 |         | f 1 |
 *          32 | a 2 | b 0 |              96                 | e 2 | d 0 |         | f 2 |
 *          48 | a 3 | b 1 |             112                 | e 3 | d 1 |         | f 3 |
 *          nodes 0 to 5                     until node 0    nodes 2 to 5          from node 5 to the store
 *
 *   - x, a and e have bytes of their own: RELATION_OWN. e lies where x did, which nobody reads any more.
 *   - b is what the Slice takes of whole rows and channels. It is a view: the very bytes of a, from plane 2
 *     on. Nobody copies it, and the Slice takes no step: RELATION_VIEW.
 *   - c and d are what the Concat joins by channels. Each is a part of e: its Conv writes it where e has it,
 *     and the Concat takes no step either. So e is there from node 2 on, which makes c: RELATION_PART.
 *   - f is written over e: the Add reads each byte of e before it writes that of f, and nobody reads e later:
 *     RELATION_OVER.
 * A Conv with strides reads a copy of its input in which pixels are sorted by phase: RELATION_COPY.
 *
 * A view or a part of rows has planes as far apart as those around it. Two channels of four rows, and inside
 * of them a spot of the rows 1 and 2:
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
 *   - Every byte that is read of a spot was written by a step of the node that makes it, or, of a view, of
 *     the node that makes what it is taken from.
 *   - Between the planes of a view or part there may be rows of others. Where there are none it is one run of
 *     bytes: spot_is_solid. A step that goes through bytes one after the other takes other spots plane by
 *     plane.
 *   - The bytes behind the last pixel of a row, up to the next row, belong to nobody: a step may write there.
 *     So columns are never a view or part; what takes or joins columns copies them.
 *   - A Conv's input and output have the same pitch (raster.h), as have all operands and the result of a sum,
 *     an activation or an LRN, and what lies inside of each other. Copies and pools may change it.
 *   - A spot is there from when the first of what lies inside of it or over it is made, until the last of
 *     these was read.
 *   - The graph's input and the results, which are loaded and stored as wholes, lie inside of nothing.
 */
#ifndef SNED_ACCEL_PLACE_PLACE_H
#define SNED_ACCEL_PLACE_PLACE_H

#include "accel/program/config.h"
#include "graph/graph.h"

/* Where the bytes of a spot come from. */
enum relation_kind {
    RELATION_OWN,  /* it has bytes of its own */
    RELATION_COPY, /* and a strided Conv finds the pixels of another spot there, sorted by phase */
    RELATION_VIEW, /* some of another's: written where that is written */
    RELATION_PART, /* some of another's: written by the node that makes this one */
    RELATION_OVER  /* all that another has, which nobody reads any more */
};

struct relation {
    enum relation_kind kind;
    union {
        struct {
            struct spot *outer;
            int channel, row; /* of the outer spot, where this one begins */
        } inside;             /* VIEW, PART */
        struct spot *under;   /* OVER */
    };
};

/* How a plane's pixels are sorted, space-to-depth: pixel (y, x) is in phase (y mod stride[0]) stride[1] + x
 * mod stride[1], each phase a plane of its own. The host sorts the graph's input so; other activations are
 * copied. */
struct phases {
    int stride[2]; /* 1 1: they lie as they are */
    uint64_t kept; /* of the stride[0] * stride[1] phases: a bit each; the others are never read */
};

struct spot {
    struct extent extent; /* of the tensor */
    struct phases phases;
    int height, width;    /* of a plane: the extent's divided by the stride, rounded up */
    int pitch, plane;     /* bytes from row to row, from plane to plane */
    bool is_signed, wide; /* wide: 16 bits, upper bytes in a second block */
    int64_t bytes;
    int64_t base;   /* the first byte's place */
    int born, dies; /* the nodes that make it and read it last; -1: the host loads it; `last`: it stores it */
    struct relation relation;
};

/* How long a spot stays, so that steps of one image can run side by side (beside.h). */
enum stay {
    STAY_SHORT,  /* until it was read */
    STAY_BESIDE, /* what the vector unit reads until the next Conv is done, where that needs nothing of it */
    STAY_PARTS   /* and what a Conv reads until what goes in parts with it is done */
};

struct placement {
    const struct graph *graph; /* what is placed; not owned */
    int spot_count;
    struct spot *spots;    /* owned */
    struct spot **tensors; /* [tensor_count]; owned: placement_spot */
    struct spot **copies;  /* [node_count]; owned: placement_copy */
    int cut;               /* nodes before it are the head; behind the last one: all are */
    int64_t head;          /* bytes, a multiple of 16: where what only the head reads lies */
    int64_t bytes; /* of the memory in use at most; from `head` on for what the nodes behind the cut read */
};

/* `last`: nodes before it run on the accelerator. SNED_ERROR_UNSUPPORTED names what does not fit. */
sned_status placement_make(struct placement *placement, const struct graph *graph, int last, int cut,
                           enum stay stay, const struct accel_config *config, sned_error *error);
void placement_free(struct placement *placement);

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

/* What an error calls a spot: the node that makes it. */
const char *placement_name(const struct placement *placement, const struct spot *spot);

/* Is it one run of bytes, without rows of others between its planes? */
bool spot_is_solid(const struct spot *spot);
/* Is it some of another's bytes: a view or a part? */
bool spot_is_inside(const struct spot *spot);
/* The spot that has its bytes; NULL: they are its own. */
const struct spot *spot_holder(const struct spot *spot);
/* Do its rows lie as they are, in no phases? */
bool spot_is_plain(const struct spot *spot);
/* Is a phase kept? How many are, and how many of these come before `phase`? */
bool spot_keeps_phase(const struct spot *spot, int phase);
int spot_phases(const struct spot *spot);
int spot_phase_index(const struct spot *spot, int phase);

#endif
