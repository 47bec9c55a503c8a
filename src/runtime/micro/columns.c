/*
 * columns.c - the columns of the table of micro-kernels, and which of them a machine runs.
 */
#include "runtime/micro/columns.h"

#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

/* CPUID says so in bit 4 of leaf 7, subleaf 1 (Intel Software Developer's Manual, volume 2, CPUID): not all
 * compilers have a name for it. */
static bool has_avxvnni(void)
{
    unsigned a, b, c, d;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("popcnt");
}
#elif defined(__aarch64__)
/* Which of the instructions that not all have, the kernel tells each program: bit 20 is ASIMDDP, sdot and
 * udot (Linux, Documentation/arch/arm64/elf_hwcaps.rst). */
static bool has_dot(void)
{
    return getauxval(AT_HWCAP) >> 20 & 1;
}
#endif

static const struct {
    const struct micro_kernels *kernels;
    bool (*runs)(void);
} columns[] = {
    {&sned_micro_portable, always},
#if defined(__x86_64__)
    {&sned_micro_avx2, has_avx2},
    {&sned_micro_avxvnni, has_avxvnni},
    {&sned_micro_avx512, has_avx512},
#elif defined(__aarch64__)
    {&sned_micro_neon, always},
    {&sned_micro_neon_dot, has_dot},
#endif
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

const struct micro_kernels *sned_micro_column(int index)
{
    return index >= 0 && index < COLUMNS ? columns[index].kernels : NULL;
}

bool sned_micro_runs(int index)
{
    return index >= 0 && index < COLUMNS && columns[index].runs();
}

const struct micro_kernels *sned_micro_choose(const char *most)
{
    int last = COLUMNS - 1;
    for (int i = 0; most && i < COLUMNS; i++)
        if (strcmp(columns[i].kernels->name, most) == 0)
            last = i;
    while (!columns[last].runs())
        last--;
    return columns[last].kernels;
}
