/*
 * resize.h - the one rule by which a decoded picture of any size becomes a network's input.
 *
 * JPEG, PNG, IDX and CIFAR images all pass through here, so that a picture gives the same pixels whatever
 * kind of data set it lies in. Integer arithmetic throughout: the same bytes on every machine.
 */
#ifndef SNED_IO_PICTURES_RESIZE_H
#define SNED_IO_PICTURES_RESIZE_H

#include "base/error.h"
#include "io/pictures/input_form.h"

enum { IMAGE_MAX_SIDE = GRAPH_MAX_PICTURE }; /* before resizing */

/*
 * Picture `in` [height][width][channels], channels 1 (grey) or 3 (R, G, B), to pixels `out` of `form`: the
 * caller's, C * H * W bytes, which may not overlap `in`.
 *
 * The picture is scaled as form->resize has it (graph.h), bilinear where it grows and area-averaged where it
 * shrinks, and its centre taken where it is then larger than the input. Grey is repeated into three channels;
 * colour becomes grey as .299 R + .587 G + .114 B.
 */
sned_status image_resize(const uint8_t *in, int height, int width, int channels,
                         const struct input_form *form, uint8_t *out, sned_error *error);

/* A picture of this size stays as it is: neither scaled nor cropped. */
bool picture_is_kept(int height, int width, const struct input_form *form);
/* The size that a picture shall just cover, or have: what a decoder need not exceed. */
struct extent picture_target(const struct input_form *form);

#endif
