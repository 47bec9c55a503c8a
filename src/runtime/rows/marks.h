/*
 * marks.h - rows of weights with a bit for each that says whether it is not 0: every sparse form is made of
 * it, and its cost is told by it.
 *
 *     weights    5 0 0 -3 | 0 0 1 0 ..
 *     marks      1 0 0  1   0 0 1 0 ..    a word for each chunk of 64 columns, the first column lowest
 *     places     0 3 6 ..                 where they are asked for
 */
#ifndef SNED_RUNTIME_ROWS_MARKS_H
#define SNED_RUNTIME_ROWS_MARKS_H

#include "base/error.h"
#include "runtime/micro/micro.h"

struct marked_rows {
    const int8_t *weights; /* [rows][columns]; borrowed */
    size_t rows, columns, chunks;
    size_t kept;      /* weights that are not 0 */
    uint64_t *marks;  /* [rows][chunks]; owned */
    uint32_t *places; /* of each row, the columns of its weights that are not 0, then PLACES_END; owned */
    size_t *first;    /* [rows]: where a row's begin; owned */
    size_t steps;     /* of spans (spans.h), where they are counted */
};
#define PLACES_END UINT32_MAX /* SPAN_TAKES times, so that so many may be read where one is left */

sned_status sned_mark_rows(struct marked_rows *marked, const int8_t *weights, size_t rows, size_t columns,
                           sned_error *error);
/* Sets `places` and `first`. */
sned_status sned_mark_places(struct marked_rows *marked, sned_error *error);
void sned_marked_rows_free(struct marked_rows *marked);

#endif
