/*
 * mixer.h - the next bit's probability: counters tell what followed in contexts like this one, a mixer
 * weighs them, both learn from what the bit was.
 *
 * A counter is 32 bits: the probability of 1 in the upper 22, in the lower 10 how many bits it has seen.
 * Its first estimate is a half; bit n moves it by 1 / (n + 2) of the way, as the estimate of Laplace does.
 *
 * A mixer sums the counters' logits by its weights and takes the sum as the logit of the bit. The weights
 * go down the gradient of the coding cost: weight += rate x error x logit (Mahoney, 2005).
 */
#ifndef SNED_CODEC_CODER_MIXER_H
#define SNED_CODEC_CODER_MIXER_H

#include "codec/coder/coder.h"

#define COUNTER_NEW ((uint32_t)1 << 31)
enum {
    COUNTER_SEEN = 1023, /* the mask of the lower bits, and the most that is counted */
    MIXER_RATE = 16,     /* in 2^-20 */
    MIXER_BIAS = 256     /* the logit of an input that is always there, behind the counters' */
};

static inline uint32_t counter_next(const struct logistic *logistic, uint32_t counter, int bit)
{
    const uint32_t seen = counter & COUNTER_SEEN;
    const int32_t way = (bit ? (1 << 22) - 1 : 0) - (int32_t)(counter >> 10);
    const int32_t step = (int32_t)((int64_t)way * logistic->rates[seen] >> 16);
    return (counter & ~(uint32_t)COUNTER_SEEN) + ((uint32_t)step << 10) + seen + (seen < COUNTER_SEEN);
}

/* A bit by one counter alone. */
static inline int counter_code(struct coder *coder, int bit, uint32_t *counter)
{
    uint32_t probability = *counter >> 16;
    probability = probability < PROBABILITY_LEAST  ? PROBABILITY_LEAST
                  : probability > PROBABILITY_MOST ? PROBABILITY_MOST
                                                   : probability;
    bit = coder_bit(coder, bit, probability);
    *counter = counter_next(&coder->logistic, *counter, bit);
    return bit;
}

/* A weight's next value; modulo 2^32, which only a stream that was made for it comes to. */
static inline int32_t mixer_weight(int32_t weight, int64_t slope)
{
    return (int32_t)((uint32_t)weight + (uint32_t)(slope >> 20));
}

/* A bit by `count` counters, whose weights are weights[count + 1], the last the bias'; in 1/65536. */
static inline __attribute__((always_inline)) int
mixer_code(struct coder *coder, int bit, uint32_t *const *counters, const int count, int32_t *weights)
{
    enum { MOST = 16 };
    int32_t logits[MOST];
    int64_t sum = (int64_t)MIXER_BIAS * weights[count];
    for (int i = 0; i < count; i++) {
        logits[i] = coder->logistic.stretch[*counters[i] >> 20];
        sum += (int64_t)logits[i] * weights[i];
    }
    sum >>= 16;
    sum = sum > LOGIT_LIMIT ? LOGIT_LIMIT : sum < -LOGIT_LIMIT ? -LOGIT_LIMIT : sum;
    const uint32_t probability = coder->logistic.squash[sum + 2048];
    bit = coder_bit(coder, bit, probability);
    const int64_t error = ((bit << 16) - (int32_t)probability) * MIXER_RATE;
    for (int i = 0; i < count; i++) {
        weights[i] = mixer_weight(weights[i], logits[i] * error);
        *counters[i] = counter_next(&coder->logistic, *counters[i], bit);
    }
    weights[count] = mixer_weight(weights[count], MIXER_BIAS * error);
    return bit;
}

static inline void counters_reset(uint32_t *counters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        counters[i] = COUNTER_NEW;
}

#endif
