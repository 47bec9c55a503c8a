/*
 * costs.h - what micro-kernels cost on this machine, where somebody has measured it.
 *
 * A column has costs built in, of the machine that it was written on (micro.h). `sned bench --calibrate`
 * measures them where it runs and keeps them in a file, for each instruction set one:
 *
 *     $XDG_CACHE_HOME/sned/costs-avx512vnni      ($HOME/.cache where that is not set)
 *
 *     sned costs 1
 *     version 0.1.0
 *     instructions avx512vnni
 *     processor AMD EPYC 9555 64-Core Processor b00f21
 *     taps 498000
 *     ..                                    each constant of struct micro_costs, in femtoseconds
 *     checksum 0123456789abcdef             of all before this line: XXH64
 *
 * What is not just so, to the byte, for this version, instruction set and processor, is no such file, and
 * nobody is told: a model then is opened with the costs built in. Costs choose between forms that give the
 * same bits, so the worst that a file can do is to make a model slow; that is bounded too, by how far a cost
 * may be from the one built in.
 */
#ifndef SNED_RUNTIME_COSTS_COSTS_H
#define SNED_RUNTIME_COSTS_COSTS_H

#include "runtime/micro/micro.h"

enum {
    COST_COUNT = sizeof(struct micro_costs) / sizeof(float),
    COSTS_TEXT = 2048, /* bytes of a file at most */
    COSTS_PATH = 4096,
    PROCESSOR_TEXT = 80,
    COSTS_APART = 64 /* times more, or less, than built in */
};

/* The name of a constant, and where it is. */
const char *sned_cost_name(int index);
float *sned_cost(struct micro_costs *costs, int index);
/* The nearest to `cost` that a file may say; 0 where the column has 0. */
float sned_cost_bounded(const struct micro_kernels *column, int index, float cost);

/* What this processor calls itself, in one line. */
void sned_processor_name(char name[PROCESSOR_TEXT]);

/* The file's text, and its length. */
size_t sned_costs_write(char text[COSTS_TEXT], const struct micro_kernels *column,
                        const struct micro_costs *costs);
/* False, and *costs is as it was: it is not of this program and machine. */
bool sned_costs_read(struct micro_costs *costs, const char *text, size_t size,
                     const struct micro_kernels *column);

/* Where the file of a column is; false: the environment names no place. */
bool sned_costs_path(char path[COSTS_PATH], const struct micro_kernels *column);
/* The file at `path`: a regular one, this user's own, that nobody else may write. */
bool sned_costs_load(struct micro_costs *costs, const char *path, const struct micro_kernels *column);

#endif
