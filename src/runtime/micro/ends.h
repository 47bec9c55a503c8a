/*
 * ends.h - sums of quads and what they become, a piece of pixels at a time: for columns, or ends, that have
 * no kernel that does both at once.
 */
#ifndef SNED_RUNTIME_MICRO_ENDS_H
#define SNED_RUNTIME_MICRO_ENDS_H

#include "runtime/micro/micro.h"

enum { END_PIECE = 256 /* pixels: their sums stay in the first cache */, END_FILTERS = 8 };

/* Sums that are `piece` apart to outputs that are `step` apart; and the same, in quads. */
void sned_end_piece(void *to, size_t step, const int32_t *sums, size_t piece, size_t count, int filters,
                    const struct quad_ends *ends, micro_requantize *requantize);
void sned_end_in_quads(uint8_t *to, size_t step, const int32_t *sums, size_t piece, size_t count, int filters,
                       const struct quad_ends *ends, micro_requantize *requantize,
                       micro_interleave *interleave);

/* Sums of rows, each by itself. `interleave`: of those that may end in quads. */
void sned_end_rows(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,
                   const struct quad_list *list, const struct quad_ends *ends, micro_quads *sum,
                   micro_requantize *const requantize[MICRO_TYPES], micro_interleave *interleave);
void sned_end_sliding(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,
                      const struct quad_list *list, const struct quad_ends *ends, micro_sliding *sum,
                      micro_requantize *const requantize[MICRO_TYPES]);

#define ENDED_ROWS(name, sum, requantize, interleave)                                                        \
    void name(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,                   \
              const struct quad_list *list, const struct quad_ends *ends)                                    \
    {                                                                                                        \
        sned_end_rows(to, step, pixels, input, list, ends, sum, requantize, interleave);                     \
    }
#define ENDED_SLIDING(name, sum, requantize)                                                                 \
    void name(void *to, size_t step, const struct quad_rows *pixels, const uint8_t *input,                   \
              const struct quad_list *list, const struct quad_ends *ends)                                    \
    {                                                                                                        \
        sned_end_sliding(to, step, pixels, input, list, ends, sum, requantize);                              \
    }

#endif
