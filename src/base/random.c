/*
 * random.c - xoshiro256** and the few distributions that training needs.
 */
#include "base/random.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void sned_random_seed(struct random *random, uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;
    state = splitmix64(&state) ^ (stream * 0xd1342543de82ef95u);
    for (int i = 0; i < 4; i++)
        random->state[i] = splitmix64(&state);
}

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t sned_random_next(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Lemire's multiply-shift with rejection: uniform for every bound. */
uint32_t sned_random_below(struct random *random, uint32_t bound)
{
    uint32_t threshold = -bound % bound;
    uint64_t product;
    do {
        product = (uint64_t)(uint32_t)(sned_random_next(random) >> 32) * bound;
    } while ((uint32_t)product < threshold);
    return (uint32_t)(product >> 32);
}

float sned_random_uniform(struct random *random)
{
    return (float)(sned_random_next(random) >> 40) * 0x1p-24f;
}

/* Box-Muller; the second value is thrown away: a stream's position does not depend on how it is used. */
float sned_random_normal(struct random *random)
{
    double u = ((double)(sned_random_next(random) >> 11) + 1) * 0x1p-53;
    double v = (double)(sned_random_next(random) >> 11) * 0x1p-53;
    return (float)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

void sned_random_shuffle(struct random *random, uint32_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = sned_random_below(random, (uint32_t)i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
