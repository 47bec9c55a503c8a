/*
 * weights_model.h - a layer's int8 weights [K][C][R][S], as bits with contexts (docs/format.md, "Weights of
 * a mixed layer").
 *
 * Each weight is: is it 0; its sign; the power of two that its magnitude has, in unary; the bits below.
 * What is likely follows from how full its row and its column have been so far, from its neighbours in the
 * kernel or picture, and from the rows before it. What is learned of one layer serves the next.
 */
#ifndef SNED_CODEC_CODER_WEIGHTS_MODEL_H
#define SNED_CODEC_CODER_WEIGHTS_MODEL_H

#include "codec/coder/coder.h"

struct weights_model;
sned_status sned_weights_model_new(struct weights_model **model, sned_error *error);
void sned_weights_model_free(struct weights_model *model);

/* Encodes `weights`, or fills them, which are of -127 to 127. shape: K, C, R, S, the last two of the
 * picture that a Gemm reads, if it does. A stream that ends too early ends this, too. */
sned_status sned_weights_model_code(struct weights_model *model, struct coder *coder, int8_t *weights,
                                    const int shape[4], sned_error *error);

#endif
