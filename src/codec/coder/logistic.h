/*
 * logistic.h - probabilities and their logits, in integers alone, so that every machine has the same.
 *
 * Probabilities are mixed as logits, ln(p / (1 - p)), in units of 1/256: there a sum of evidence is a sum
 * (Mahoney, "Adaptive weighing of context models for lossless data compression", 2005). stretch() goes
 * there from a probability, squash() comes back. Both are tables, which sned_logistic_make computes.
 */
#ifndef SNED_CODEC_CODER_LOGISTIC_H
#define SNED_CODEC_CODER_LOGISTIC_H

#include <stdint.h>

enum {
    LOGIT_LIMIT = 2047,         /* logits are from -8 to 8, in 1/256 */
    PROBABILITY_LEAST = 32,     /* of either bit, in 1/65536 */
    DECISIONS_PER_BYTE = 11359, /* therefore at most: 8 / log2(65536 / 65504) */
    PROBABILITY_MOST = 65536 - PROBABILITY_LEAST,
    COST_ONE = 1 << 16, /* one bit */
};
struct logistic {
    int16_t stretch[4096]; /* of a probability in 1/4096 */
    uint16_t squash[4096]; /* of a logit + 2048: a probability in 1/65536 */
    uint32_t cost[4096];   /* what a bit of this probability, in 1/4096, takes, in 1/65536 of a bit */
    uint16_t rates[1024];  /* 1 / (n + 2), in 1/65536: how far a counter goes after n bits */
};
void sned_logistic_make(struct logistic *logistic);

#endif
