/*
 * numbers.h - what counting cycles and bytes needs all the time.
 */
#ifndef SNED_ACCEL_PROGRAM_NUMBERS_H
#define SNED_ACCEL_PROGRAM_NUMBERS_H

#include <stdint.h>

/* a / b rounded up; a at least 0, b above. */
static inline int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static inline int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

#endif
