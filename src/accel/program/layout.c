/*
 * layout.c - how pictures and results lie in DDR: program.h.
 */
#include "accel/program/program.h"

#include <string.h>

/* Where element (c, y, x) lies in a block. */
static size_t place_of(const struct layout *l, int c, int y, int x)
{
    const int phase = y % l->stride[0] * l->stride[1] + x % l->stride[1];
    return (size_t)(c * l->stride[0] * l->stride[1] + phase) * (size_t)l->plane +
           (size_t)(y / l->stride[0] * l->pitch + x / l->stride[1]);
}

size_t layout_element_count(const struct layout *l)
{
    return (size_t)l->extent.channels * (size_t)l->extent.height * (size_t)l->extent.width;
}

void layout_pack(uint8_t *block, const struct layout *l, const uint8_t *elements)
{
    memset(block, 0, (size_t)l->bytes);
    for (int c = 0; c < l->extent.channels; c++)
        for (int y = 0; y < l->extent.height; y++)
            for (int x = 0; x < l->extent.width; x++)
                block[place_of(l, c, y, x)] = *elements++;
}

void layout_unpack(int16_t *elements, const struct layout *l, const uint8_t *block)
{
    for (int c = 0; c < l->extent.channels; c++)
        for (int y = 0; y < l->extent.height; y++)
            for (int x = 0; x < l->extent.width; x++) {
                const size_t place = place_of(l, c, y, x);
                const uint8_t lower = block[place];
                *elements++ = l->wide ? (int16_t)(lower | block[place + (size_t)l->upper] << 8)
                                      : (int16_t)(l->is_signed ? (int8_t)lower : lower);
            }
}
