/*
 * logistic.c - the tables of logistic.h (docs/format.md, "MIXED", writes the same sums).
 */
#include "codec/coder/logistic.h"

/* (1 - e^(-1/256)) 2^32: what takes e^(-x/256) one step on. */
#define DECAY ((uint64_t)16744491)
#define ONE   ((uint64_t)1 << 30)

/* squash(x) = 1 / (1 + e^-x), and of -x the rest of 1. */
static void make_squash(uint16_t squash[4096])
{
    uint64_t power = ONE; /* e^(-x/256) */
    for (int x = 0; x <= LOGIT_LIMIT; x++) {
        const uint64_t value = (ONE << 16) / (ONE + power);
        squash[2048 + x] = (uint16_t)(value < PROBABILITY_MOST ? value : PROBABILITY_MOST);
        squash[2048 - x] = (uint16_t)(65536 - squash[2048 + x]);
        power -= power * DECAY >> 32;
    }
    squash[0] = squash[1];
}

/* The least logit whose probability reaches the middle of each 4096th. */
static void make_stretch(int16_t stretch[4096], const uint16_t squash[4096])
{
    int x = -LOGIT_LIMIT;
    for (int i = 0; i < 4096; i++) {
        while (x < LOGIT_LIMIT && squash[2048 + x] < 16 * i + 8)
            x++;
        stretch[i] = (int16_t)x;
    }
}

/* -log2((2 i + 1) / 8192): each squaring of what is left above the power of two gives one more bit. */
static void make_costs(uint32_t cost[4096])
{
    for (int i = 0; i < 4096; i++) {
        const int whole = 31 - __builtin_clz((uint32_t)(2 * i + 1));
        uint64_t rest = (uint64_t)(2 * i + 1) << (31 - whole); /* from 1 to 2, in 2^-31 */
        uint32_t log = (uint32_t)whole;
        for (int bit = 0; bit < 10; bit++) {
            rest = rest * rest >> 31;
            log = 2 * log + (rest >> 32 != 0);
            rest >>= rest >> 32;
        }
        cost[i] = (13 * 1024 - log) * (COST_ONE / 1024) - COST_ONE / 2048; /* log was rounded down */
    }
}

void sned_logistic_make(struct logistic *logistic)
{
    make_squash(logistic->squash);
    make_stretch(logistic->stretch, logistic->squash);
    make_costs(logistic->cost);
    for (int n = 0; n < 1024; n++)
        logistic->rates[n] = (uint16_t)(65536 / (n + 2));
}
