/*
 * random.h - xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64: the same numbers on every
 * machine.
 */
#ifndef SNED_BASE_RANDOM_H
#define SNED_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};
/* `stream` separates independent uses of one seed (epoch 3's shuffle, layer 2's initial weights). */
void sned_random_seed(struct random *random, uint64_t seed, uint64_t stream);
uint64_t sned_random_next(struct random *random);
uint32_t sned_random_below(struct random *random, uint32_t bound); /* uniform in [0, bound), bound > 0 */
float sned_random_uniform(struct random *random);                  /* [0, 1), 24 bits */
float sned_random_normal(struct random *random);                   /* mean 0, variance 1 */
void sned_random_shuffle(struct random *random, uint32_t *items, size_t count);

#endif
