/*
 * table.c - see table.h.
 */
#include "accel/program/table.h"

#include <string.h>

static void put64(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* `count` bits from `low` on, as a signed number. */
static int signed_bits(uint64_t word, int low, int count)
{
    const uint64_t value = word >> low & (((uint64_t)1 << count) - 1), sign = (uint64_t)1 << (count - 1);
    return (int)((int64_t)(value ^ sign) - (int64_t)sign);
}

static uint64_t bits(int64_t value, int count)
{
    return (uint64_t)value & (((uint64_t)1 << count) - 1);
}

void table_row_pack(uint8_t bytes[ROW_BYTES], const struct table_row *row)
{
    put64(bytes, bits(row->channel, 24) | bits(row->shift, SHIFT_BITS) << 24 | bits(row->columns, 8) << 48);
}

void table_row_unpack(struct table_row *row, const uint8_t bytes[ROW_BYTES])
{
    const uint64_t word = get64(bytes);
    *row =
        (struct table_row){(int)bits((int64_t)word, 24), signed_bits(word, 24, 24), signed_bits(word, 48, 8)};
}

static uint64_t filter_pack(const struct table_filter *f)
{
    return bits(f->bias, SUM_BITS) | bits(f->multiplier, 16) << 27 | bits(f->shift, 6) << 43 |
           (uint64_t)f->used << 49 | (uint64_t)f->upper << 50;
}

static struct table_filter filter_unpack(uint64_t word)
{
    return (struct table_filter){.bias = signed_bits(word, 0, SUM_BITS),
                                 .multiplier = (int)(word >> 27 & 0xffff),
                                 .shift = (int)(word >> 43 & 63),
                                 .used = word >> 49 & 1,
                                 .upper = word >> 50 & 1};
}

void table_pair_pack(uint8_t bytes[PAIR_BYTES], const struct table_pair *pair)
{
    put64(bytes, filter_pack(&pair->filters[0]));
    put64(bytes + 8, filter_pack(&pair->filters[1]));
    put64(bytes + 16,
          bits(pair->channel[0], 24) | bits(pair->channel[1], 32) << 24 | (uint64_t)pair->number << 56);
    put64(bytes + 24, (uint64_t)pair->lane | (uint64_t)pair->collector << 8 | (uint64_t)pair->ends << 16);
}

void table_pair_unpack(struct table_pair *pair, const uint8_t bytes[PAIR_BYTES])
{
    const uint64_t places = get64(bytes + 16), owner = get64(bytes + 24);
    *pair = (struct table_pair){.filters = {filter_unpack(get64(bytes)), filter_unpack(get64(bytes + 8))},
                                .channel = {(int)(places & 0xffffff), (int)(places >> 24 & 0xffffff)},
                                .number = (int)(places >> 56),
                                .lane = (int)(owner & 255),
                                .collector = (int)(owner >> 8 & 255),

                                .ends = owner >> 16 & 1};
}
