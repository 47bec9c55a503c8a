/*
 * hash.c - XXH64, as its specification has it (Collet, "xxHash fast digest algorithm", version 0.1.1): four
 * sums side by side of stripes of 32 bytes, then what is left of the data, then all bits mixed.
 */
#include "base/hash.h"

#include <string.h>

static const uint64_t P1 = 0x9E3779B185EBCA87u, P2 = 0xC2B2AE3D27D4EB4Fu, P3 = 0x165667B19E3779F9u,
                      P4 = 0x85EBCA77C2B2AE63u, P5 = 0x27D4EB2F165667C5u;

enum { STRIPE = 32, SUMS = 4 };

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

/* Little endian, from any address. */
static uint64_t read_bytes(const uint8_t *data, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value |= (uint64_t)data[i] << 8 * i;
    return value;
}

static uint64_t add(uint64_t sum, uint64_t input)
{
    return rotate(sum + input * P2, 31) * P1;
}

/* Whole stripes, at least one; the data behind them. */
static const uint8_t *add_stripes(uint64_t *hash, const uint8_t *data, size_t stripes)
{
    uint64_t sums[SUMS] = {P1 + P2, P2, 0, 0 - P1};
    for (; stripes > 0; stripes--, data += STRIPE)
        for (int i = 0; i < SUMS; i++)
            sums[i] = add(sums[i], read_bytes(data + 8 * i, 8));
    *hash = rotate(sums[0], 1) + rotate(sums[1], 7) + rotate(sums[2], 12) + rotate(sums[3], 18);
    for (int i = 0; i < SUMS; i++)
        *hash = (*hash ^ add(0, sums[i])) * P1 + P4;
    return data;
}

static uint64_t add_rest(uint64_t hash, const uint8_t *data, size_t size)
{
    for (; size >= 8; size -= 8, data += 8)
        hash = rotate(hash ^ add(0, read_bytes(data, 8)), 27) * P1 + P4;
    if (size >= 4) {
        hash = rotate(hash ^ read_bytes(data, 4) * P1, 23) * P2 + P3;
        size -= 4;
        data += 4;
    }
    for (; size > 0; size--, data++)
        hash = rotate(hash ^ *data * P5, 11) * P1;
    return hash;
}

uint64_t sned_hash(const void *data, size_t size)
{
    const uint8_t *rest = data;
    uint64_t hash = P5;
    if (size >= STRIPE)
        rest = add_stripes(&hash, rest, size / STRIPE);
    hash = add_rest(hash + size, rest, size % STRIPE);
    hash = (hash ^ hash >> 33) * P2;
    hash = (hash ^ hash >> 29) * P3;
    return hash ^ hash >> 32;
}
