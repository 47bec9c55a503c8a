/*
 * window.h - which elements of one axis a window covers: for the pools and for the scalings that lowering
 * makes.
 */
#ifndef SNED_RUNTIME_WINDOW_H
#define SNED_RUNTIME_WINDOW_H

#include "graph/graph.h"

/* The taps [*first, *last) of window `output` on `axis` that lie in [low, high) of the image. */
static inline void window_taps(const struct window *window, int axis, int64_t output, int64_t low,
                               int64_t high, int *first, int *last)
{
    int64_t begin = output * window->stride[axis] - window->pad_begin[axis];
    int64_t dilation = window->dilation[axis];
    int64_t before = begin < low ? (low - begin + dilation - 1) / dilation : 0;
    int64_t within = begin < high ? (high - begin + dilation - 1) / dilation : 0;
    *last = within < window->kernel[axis] ? (int)within : window->kernel[axis];
    *first = before < *last ? (int)before : *last;
}

/* How many elements of an axis of `size` an average's window counts: those inside the image, or inside the
 * padded image with `include_pad`. */
static inline int window_count(const struct window *window, int axis, int64_t output, int64_t size,
                               bool include_pad)
{
    int first, last;
    int64_t low = include_pad ? -(int64_t)window->pad_begin[axis] : 0;
    int64_t high = include_pad ? size + window->pad_end[axis] : size;
    window_taps(window, axis, output, low, high, &first, &last);
    return last - first;
}

#endif
