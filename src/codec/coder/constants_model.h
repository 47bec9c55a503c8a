/*
 * constants_model.h - what a layer has besides weights: biases, scalings; and tables.
 */
#ifndef SNED_CODEC_CODER_CONSTANTS_MODEL_H
#define SNED_CODEC_CODER_CONSTANTS_MODEL_H

#include "codec/coder/numbers_model.h"
#include "graph/graph.h"

struct constants_model {
    struct numbers_model biases, bias_shifts, scaling_shifts, tables;
    uint32_t equal, normal; /* counters: are a layer's scalings all the same; is a multiplier 2^15 or above */
    int bias_shift, scaling_shift; /* the last */
};
void sned_constants_model_start(struct constants_model *model);

/* Each codes `count` values, or fills them. Decoding, a value out of range is refused. */
sned_status sned_constants_code_biases(struct constants_model *model, struct coder *coder, int32_t *biases,
                                       size_t count, sned_error *error);
sned_status sned_constants_code_scalings(struct constants_model *model, struct coder *coder,
                                         struct scaling *scalings, size_t count, sned_error *error);
sned_status sned_constants_code_table(struct constants_model *model, struct coder *coder, uint16_t *table,
                                      size_t count, sned_error *error);

#endif
