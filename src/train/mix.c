/*
 * mix.c - see mix.h. The partner is half a batch further, so that with up to half of a batch mixed each image
 * is in one mixture at most.
 */
#include "train/mix.h"
#include "base/random.h"

#include <string.h>

static const uint64_t stream = 0x6d6978; /* "mix" */

void mix_images(const float *values, size_t batch, size_t size, size_t count, uint64_t seed, uint64_t step,
                float *mixed)
{
    struct random random;
    sned_random_seed(&random, seed, stream << 40 | step);
    memcpy(mixed, values, (batch - count) * size * sizeof *mixed);
    for (size_t n = batch - count; n < batch; n++) {
        const float own = sned_random_uniform(&random), other = 1 - own;
        const float *first = values + n * size, *second = values + (n + batch / 2) % batch * size;
        for (size_t i = 0; i < size; i++)
            mixed[n * size + i] = own * first[i] + other * second[i];
    }
}
