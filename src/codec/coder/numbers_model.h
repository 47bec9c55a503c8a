/*
 * numbers_model.h - integers of any size, of which most are small or like the one before: biases,
 * differences.
 */
#ifndef SNED_CODEC_CODER_NUMBERS_MODEL_H
#define SNED_CODEC_CODER_NUMBERS_MODEL_H

#include "codec/coder/coder.h"

enum { NUMBERS_LENGTHS = 33, NUMBERS_BEFORE = 8, NUMBERS_INPUTS = 2 };
struct numbers_model {
    uint32_t lengths[NUMBERS_LENGTHS];
    uint32_t lengths_after[NUMBERS_BEFORE][NUMBERS_LENGTHS]; /* by the length before */
    uint32_t signs[3];                                       /* by the sign before */
    uint32_t tops[NUMBERS_LENGTHS][4];                       /* the two bits below the highest */
    int32_t mixers[NUMBERS_LENGTHS][NUMBERS_INPUTS + 1];
    int length_before, sign_before;
};
void sned_numbers_model_start(struct numbers_model *model);
/* Codes `value`, whose magnitude is below 2^32. */
int64_t sned_numbers_model_code(struct numbers_model *model, struct coder *coder, int64_t value);

#endif
