/*
 * numbers_model.h - integers of any size, of which most are small or like the one before: biases,
 * differences.
 */
#ifndef SNED_CODEC_CODER_NUMBERS_MODEL_H
#define SNED_CODEC_CODER_NUMBERS_MODEL_H

#include "codec/coder/coder.h"

enum { NUMBERS_BITS = 33, NUMBERS_KINDS = 8 };
struct numbers_model {
    uint32_t lengths[3][NUMBERS_KINDS]
                    [NUMBERS_BITS + 1]; /* by nothing, by the length before, by the caller */
    uint32_t signs[3];                  /* by the sign before */
    uint32_t tops[NUMBERS_BITS + 1][4]; /* the two bits below the highest */
    int32_t mixers[NUMBERS_BITS + 1][4];
    int length_before, sign_before;
};
void sned_numbers_model_start(struct numbers_model *model);
/* Codes `value`, whose magnitude is below 2^32; `kind`, below NUMBERS_KINDS, is whatever tells about it. */
int64_t sned_numbers_model_code(struct numbers_model *model, struct coder *coder, int64_t value, int kind);

#endif
