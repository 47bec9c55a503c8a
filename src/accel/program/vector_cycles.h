/*
 * vector_cycles.h - how long the vector unit takes: exact where no read waits (tests/rtl/test_vector.cpp).
 */
#ifndef SNED_ACCEL_PROGRAM_VECTOR_CYCLES_H
#define SNED_ACCEL_PROGRAM_VECTOR_CYCLES_H

#include "accel/program/config.h"
#include "accel/program/descriptor.h"

/* Results that a pool makes in a row: rtl/vector/sned_pool.sv. */
static inline int pool_outputs(const struct accel_config *config)
{
    return (config->pixels - 3) / 3 + 1;
}

/* From a descriptor's start to the unit's last write; an average's last segment may take 2 or 3 more. */
int64_t vector_cycles(const struct vector_work *work, const struct accel_config *config);

#endif
