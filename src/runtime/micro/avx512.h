/*
 * avx512.h - what the files of the column for AVX-512 share: how they are compiled. columns.c says what a
 * machine has to have to run them.
 */
#ifndef SNED_RUNTIME_MICRO_AVX512_H
#define SNED_RUNTIME_MICRO_AVX512_H

#include "runtime/micro/columns.h"

#include <immintrin.h>

#define AVX512_TARGET target("avx512f,avx512bw,avx512vl,avx512vnni,avx512vbmi2,popcnt")
#define AVX512        __attribute__((AVX512_TARGET))
#define AVX512_INLINE static inline __attribute__((AVX512_TARGET, always_inline))

micro_dense_rows sned_avx512_dense_rows;
micro_masked_rows sned_avx512_masked_rows;

#endif
