/*
 * picture.h - a decoded picture, and how large one may be.
 */
#ifndef SNED_IO_PICTURES_PICTURE_H
#define SNED_IO_PICTURES_PICTURE_H

#include "base/error.h"

enum { IMAGE_MAX_PIXELS = 100 * 1000 * 1000 }; /* more is taken for a decompression bomb */

/* [height][width][channels], 1 (grey) or 3 (R, G, B); pixels are from malloc. */
struct picture {
    uint8_t *pixels;
    int height, width, channels;
};

/* Memory for a picture whose size a file states; refuses what is larger than the limits. */
sned_status picture_alloc(struct picture *picture, uint64_t height, uint64_t width, int channels,
                          sned_error *error);
/* The limits alone, for a size before the decoder scales it down. */
sned_status picture_check_size(uint64_t height, uint64_t width, sned_error *error);

#endif
