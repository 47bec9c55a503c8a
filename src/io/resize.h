/*
 * resize.h - the one rule by which a decoded picture of any size becomes a network's input.
 *
 * JPEG, PNG, IDX and CIFAR images all pass through here, so that a picture gives the same pixels whatever
 * kind of data set it lies in. Integer arithmetic throughout: the same bytes on every machine.
 */
#ifndef SNED_IO_RESIZE_H
#define SNED_IO_RESIZE_H

#include "base/error.h"
#include "graph/graph.h"

enum { IMAGE_MAX_SIDE = 65535 }; /* of a picture, before resizing; JPEG's own limit */

/*
 * Picture `in` [height][width][channels], channels 1 (grey) or 3 (R, G, B), to pixels `out` [C][H][W] of
 * `input`, in the order `color`: "RGB", "BGR" (both C = 3) or "gray" (C = 1); NULL or "" means by C. `out` is
 * the caller's, C * H * W bytes, and may not overlap `in`.
 *
 * Of the input's size: copied. Larger than the input, both sides by at most 15 %: centre-cropped. Any other
 * size: scaled until the input is just covered (the short side fits), bilinear where it grows and
 * area-averaged where it shrinks, then centre-cropped. Grey is repeated into three channels; colour becomes
 * grey as .299 R + .587 G + .114 B.
 */
sned_status image_resize(const uint8_t *in, int height, int width, int channels, struct extent input,
                         const char *color, uint8_t *out, sned_error *error);

#endif
