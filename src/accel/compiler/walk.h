/*
 * walk.h - windows that walk over an image, as a Vector descriptor: pools, and with windows of one element
 * copies (compile_moves.c).
 *
 *     columns of a row:   a b c d e f g h       windows of 3 columns, 2 apart, the first at -1 (a pad of 1):
 *                       (. a b)(d e f)          (. a b) (b c d) (d e f) (f g h), for each row of windows and
 *                           (b c d)(f g h)      each channel; what lies outside of the image does not count
 */
#ifndef SNED_ACCEL_COMPILER_WALK_H
#define SNED_ACCEL_COMPILER_WALK_H

#include "accel/program/config.h"
#include "accel/program/descriptor.h"
#include "accel/place/place.h"

/* Of all windows of `out` over `in`. */
struct vector_work walk_of(const struct spot *in, const struct spot *out, const int kernel[2],
                           const int stride[2], const int pad[2], const struct accel_config *config);
/* The same windows over the image from row `down` and column `right` on; it may end before. */
void walk_from(struct vector_work *walk, int64_t down, int64_t right);
/* Those of a walk's results in rows and columns `from` to before `to`, {row, column}. */
struct vector_work walk_part(const struct vector_work *walk, const int64_t from[2], const int64_t to[2]);

/* A walk whose strides may be beyond what the unit takes, as steps that it does: with such a stride a row, or
 * a column, is a step of its own. *step: the one whose results begin at `at`, {0, 0} at first, which goes on;
 * false: there is no more. */
bool walk_next(struct vector_work *step, int64_t at[2], const struct vector_work *walk,
               const struct accel_config *config);

#endif
