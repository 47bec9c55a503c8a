/*
 * sha1.c - SHA-1, as FIPS 180-4 writes it down (section 6.1.2).
 */
#include "io/files/sha1.h"

#include <stdio.h>
#include <string.h>

static uint32_t rotate(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* f of step t, and K added to it: choice, parity, majority, parity. */
static uint32_t mix(int t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20)
        return ((b & c) ^ (~b & d)) + 0x5a827999u;
    if (t >= 40 && t < 60)
        return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdcu;
    return (b ^ c ^ d) + (t < 40 ? 0x6ed9eba1u : 0xca62c1d6u);
}

static void add_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int t = 0; t < 80; t++)
        w[t] = t < 16 ? big_endian(block + 4 * t) : rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t sum = rotate(a, 5) + mix(t, b, c, d) + e + w[t];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = sum;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1_start(struct sha1 *sha1)
{
    *sha1 = (struct sha1){.state = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u}};
}

void sha1_add(struct sha1 *sha1, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        size_t filled = sha1->size % SHA1_BLOCK;
        size_t part = size < SHA1_BLOCK - filled ? size : SHA1_BLOCK - filled;
        memcpy(sha1->block + filled, at, part);
        sha1->size += part;
        at += part;
        size -= part;
        if (sha1->size % SHA1_BLOCK == 0)
            add_block(sha1->state, sha1->block);
    }
}

void sha1_finish(struct sha1 *sha1, char hex[SHA1_HEX + 1])
{
    static const uint8_t end[SHA1_BLOCK] = {0x80};
    uint64_t bits = sha1->size * 8;
    size_t filled = sha1->size % SHA1_BLOCK;
    uint8_t length[8];
    sha1_add(sha1, end, (filled < 56 ? 56 : 120) - filled);
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha1_add(sha1, length, sizeof length);
    for (int i = 0; i < 5; i++)
        snprintf(hex + 8 * i, 9, "%08x", sha1->state[i]);
}
