/*
 * axes.h - the axes of a tensor of 2 to 4 dimensions as the accelerator knows them: channels, rows, columns.
 *
 * As in sned_shape_extent, [1][C][W] has columns and no rows, [1][C] neither.
 */
#ifndef SNED_ACCEL_PLACE_AXES_H
#define SNED_ACCEL_PLACE_AXES_H

#include <stdint.h>

enum { AXIS_CHANNEL, AXIS_ROW, AXIS_COLUMN, AXIS_COUNT };

/* Axis 0 is the batch and not asked for. */
static inline int axis_kind(int rank, int axis)
{
    return rank == 3 && axis == 2 ? AXIS_COLUMN : axis - 1;
}

/* of[kind]: what `values` say of each axis but the batch; `otherwise` for those that the tensor has not. */
static inline void axes_of(int64_t of[AXIS_COUNT], int rank, const int64_t *values, int64_t otherwise)
{
    for (int kind = 0; kind < AXIS_COUNT; kind++)
        of[kind] = otherwise;
    for (int axis = 1; axis < rank; axis++)
        of[axis_kind(rank, axis)] = values[axis];
}

#endif
