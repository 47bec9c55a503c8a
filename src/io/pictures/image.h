/*
 * image.h - one picture: JPEG or PNG to pixels in a network's shape.
 */
#ifndef SNED_IO_PICTURES_IMAGE_H
#define SNED_IO_PICTURES_IMAGE_H

#include "base/error.h"
#include "io/pictures/resize.h"

/* `data` (JPEG or PNG, told by its first bytes; grey and palette pictures too) to pixels
 * [C][H][W] of `form`. */
sned_status image_decode(const void *data, size_t size, const struct input_form *form, uint8_t *pixels,
                         sned_error *error);
sned_status image_read(const char *path, const struct input_form *form, uint8_t *pixels, sned_error *error);
/* Whether a file of this name is taken for a picture: it ends in .jpg, .jpeg or .png, letters
 * of either case. */
bool image_has_name(const char *name);

/* Pixels [C][H][W], grey or RGB, as a PNG file. */
sned_status image_write_png(const char *path, const uint8_t *pixels, struct extent size, sned_error *error);

#endif
