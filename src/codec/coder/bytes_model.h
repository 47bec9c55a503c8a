/*
 * bytes_model.h - bytes of all kinds (records, names, JSON) by what followed the same few bytes before.
 *
 * Before the first byte it reads a primer, so that what most files have in common is known already.
 */
#ifndef SNED_CODEC_CODER_BYTES_MODEL_H
#define SNED_CODEC_CODER_BYTES_MODEL_H

#include "codec/coder/coder.h"

struct bytes_model;
sned_status sned_bytes_model_new(struct bytes_model **model, sned_error *error);
void sned_bytes_model_free(struct bytes_model *model);

/* Codes the `size` bytes of `data`; NULL decoding. They are then the last of the history, which begins with
 * the primer and is borrowed until the next call. A stream that ends too early ends this, too. */
sned_status sned_bytes_model_code(struct bytes_model *model, struct coder *coder, const uint8_t *data,
                                  size_t size, sned_error *error);
const struct buffer *sned_bytes_model_history(const struct bytes_model *model);

#endif
