/*
 * portable_signed.c - sums of products of signed bytes in plain C, which define what the columns that want
 * them so do: NEON's, which have their own of those that they take. Nothing but tests calls it: it is
 * compiled small.
 */
#include "runtime/micro/portable_quads.h"

PORTABLE_QUADS(s8, int8_t)
