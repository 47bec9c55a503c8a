/*
 * image_decoder.h - what image.c asks of the decoders of each file format.
 */
#ifndef SNED_IO_IMAGE_DECODER_H
#define SNED_IO_IMAGE_DECODER_H

#include "base/memory.h"
#include "graph/graph.h"

enum { IMAGE_MAX_PIXELS = 100 * 1000 * 1000 }; /* more is taken for a decompression bomb */

/* A decoded picture: [height][width][channels], 1 (grey) or 3 (R, G, B); pixels are from malloc. */
struct picture {
    uint8_t *pixels;
    int height, width, channels;
};

/* `input` is the size that the picture will be brought to: a decoder may halve a much larger one by itself.
 * On failure nothing is left allocated. A picture that is damaged anywhere fails: half a picture would be a
 * wrong sample. */
sned_status picture_decode_jpeg(struct picture *picture, const void *data, size_t size, struct extent input,
                                sned_error *error);
sned_status picture_decode_png(struct picture *picture, const void *data, size_t size, sned_error *error);

/* Memory for a picture whose size a file states; refuses what is larger than the limits. */
sned_status picture_alloc(struct picture *picture, uint64_t height, uint64_t width, int channels,
                          sned_error *error);
/* The limits alone, for a size before the decoder scales it down. */
sned_status picture_check_size(uint64_t height, uint64_t width, sned_error *error);

#endif
