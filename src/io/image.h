/*
 * image.h - one picture: JPEG or PNG to pixels in a network's shape.
 */
#ifndef SNED_IO_IMAGE_H
#define SNED_IO_IMAGE_H

#include "base/error.h"
#include "graph/graph.h"

/*
 * Decodes `data` (JPEG or PNG, told by its first bytes; grey and palette pictures too) into pixels [C][H][W]
 * of `input`, channels in the order `color`. A picture larger than the input is centre-cropped where both
 * sides are at most 15 % larger; any other size is resized on its short side first (bilinear, area-averaged
 * when shrinking), then centre-cropped.
 */
sned_status image_decode(const void *data, size_t size, struct extent input, const char *color,
                         uint8_t *pixels, sned_error *error);
sned_status image_read(const char *path, struct extent input, const char *color, uint8_t *pixels,
                       sned_error *error);

/* Pixels [C][H][W], grey or RGB, as a PNG file. */
sned_status image_write_png(const char *path, const uint8_t *pixels, struct extent size, sned_error *error);

#endif
