/*
 * number.h - the integers that activations are made of: 8 or 16 bits, in memory.
 */
#ifndef SNED_RUNTIME_MICRO_NUMBER_H
#define SNED_RUNTIME_MICRO_NUMBER_H

#include <stddef.h>
#include <stdint.h>

enum value_type { VALUE_U8, VALUE_S8, VALUE_S16 };

static inline size_t value_size(enum value_type type)
{
    return type == VALUE_S16 ? 2 : 1;
}

static inline int32_t value_low(enum value_type type)
{
    return type == VALUE_U8 ? 0 : type == VALUE_S8 ? -128 : -32768;
}

static inline int32_t value_high(enum value_type type)
{
    return type == VALUE_U8 ? 255 : type == VALUE_S8 ? 127 : 32767;
}

static inline int32_t value_load(const void *data, enum value_type type, size_t index)
{
    switch (type) {
    case VALUE_U8:
        return ((const uint8_t *)data)[index];
    case VALUE_S8:
        return ((const int8_t *)data)[index];
    default:
        return ((const int16_t *)data)[index];
    }
}

static inline void value_store(void *data, enum value_type type, size_t index, int32_t value)
{
    switch (type) {
    case VALUE_U8:
        ((uint8_t *)data)[index] = (uint8_t)value;
        break;
    case VALUE_S8:
        ((int8_t *)data)[index] = (int8_t)value;
        break;
    default:
        ((int16_t *)data)[index] = (int16_t)value;
    }
}

#endif
