/*
 * image_decoder.h - the decoders of each file format, which image.c asks.
 */
#ifndef SNED_IO_PICTURES_IMAGE_DECODER_H
#define SNED_IO_PICTURES_IMAGE_DECODER_H

#include "graph/graph.h"
#include "io/pictures/picture.h"

/* `input` is the size that the picture will be brought to: a decoder may halve a much larger one by itself.
 * On failure nothing is left allocated. A picture that is damaged anywhere fails: half a picture would be a
 * wrong sample. */
sned_status picture_decode_jpeg(struct picture *picture, const void *data, size_t size, struct extent input,
                                sned_error *error);
sned_status picture_decode_png(struct picture *picture, const void *data, size_t size, sned_error *error);

#endif
