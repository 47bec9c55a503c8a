/*
 * units.h - which unit does each operator, and what the placement, the compiler and the cycle model must know
 * of how it works: a row of one table. What no unit can do has a reason in its place.
 */
#ifndef SNED_ACCEL_PROGRAM_UNITS_H
#define SNED_ACCEL_PROGRAM_UNITS_H

#include "accel/program/descriptor.h"
#include "graph/graph.h"

enum accel_unit {
    UNIT_NONE, /* none: its numbers stay where they are; or `reason` says what stands in the way */
    UNIT_LANES,
    UNIT_VECTOR,
    UNIT_FC,
    UNIT_HOST /* the ending of an output: floats of the accelerator's integers */
};

struct unit_row {
    enum accel_unit unit;
    enum vector_operation operation; /* of UNIT_VECTOR; VECTOR_MAX of windows of one element is a copy */
    bool keeps_pitch;                /* rows of its result lie as far apart as those of its activations */
    bool may_overwrite; /* it reads each byte before it writes there: its result may lie over an input */
    const char *reason; /* a sentence for users: why nobody does it */
};

/* An operator that only moves numbers needs no row of its own: the vector unit copies them. Nor does one
 * whose results are looked up in a table, which no unit does. */
const struct unit_row *accel_unit_row(enum op op);

#endif
