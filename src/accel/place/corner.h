/*
 * corner.h - does one activation lie inside of another as it is, from a corner on?
 *
 *     channel 0      channel 1          A: all of [2][2][4], from channel 0, row 1 of a [2][4][4] on. Its
 *     . . . .        . . . .            rows and planes are as far apart as those around them, so that a
 *     A A A A        A A A A            spot of these rows can be a view of the whole, or a part of it
 *     A A A A        A A A A
 *     . . . .        . . . .
 *
 * How numbers go from an input to an output of a node (struct movement) says so, whatever the operator is.
 */
#ifndef SNED_ACCEL_PLACE_CORNER_H
#define SNED_ACCEL_PLACE_CORNER_H

#include "graph/graph.h"

/* Rows begin at column 0 and are whole. */
struct corner {
    int channel, row;
};

/* Is the whole output some of the input, whose rows it has from the corner on? */
bool corner_in_input(struct corner *corner, const struct graph *graph, const struct node *node, int input,
                     int output);
/* Is the whole input some of the output? */
bool corner_in_output(struct corner *corner, const struct graph *graph, const struct node *node, int input,
                      int output);

#endif
