/*
 * processor.c - what the processor calls itself, so that costs of another machine are not taken for this
 * one's, as where machines share a home.
 *
 * x86: the brand string and the signature of family, model and stepping (CPUID, AMD64 Architecture
 * Programmer's Manual, volume 3, E.3.2 and E.4.3). ARM: MIDR_EL1, which Linux lets programs read where it
 * says so (Documentation/arch/arm64/cpu-feature-registers.rst); of a machine with two kinds of cores, that of
 * the one it happens to ask.
 */
#include "runtime/costs/costs.h"

#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#if defined(__x86_64__)
static void name_processor(char name[PROCESSOR_TEXT])
{
    enum { BRAND = 0x80000002, LEAVES = 3, SIGNATURE = 1 };
    unsigned words[LEAVES][4] = {{0}}, signature[4] = {0};
    for (unsigned leaf = 0; leaf < LEAVES; leaf++)
        __get_cpuid(BRAND + leaf, &words[leaf][0], &words[leaf][1], &words[leaf][2], &words[leaf][3]);
    __get_cpuid(SIGNATURE, &signature[0], &signature[1], &signature[2], &signature[3]);
    snprintf(name, PROCESSOR_TEXT, "%.48s %x", (const char *)words, signature[0]);
}
#elif defined(__aarch64__)
static void name_processor(char name[PROCESSOR_TEXT])
{
    enum { CPUID_BIT = 11 }; /* of AT_HWCAP */
    unsigned long long main_id = 0;
    if (getauxval(AT_HWCAP) >> CPUID_BIT & 1)
        __asm__("mrs %0, MIDR_EL1" : "=r"(main_id));
    snprintf(name, PROCESSOR_TEXT, "ARM %llx", main_id);
}
#else
static void name_processor(char name[PROCESSOR_TEXT])
{
    snprintf(name, PROCESSOR_TEXT, "unknown");
}
#endif

void sned_processor_name(char name[PROCESSOR_TEXT])
{
    char *to = name;
    name_processor(name);
    for (const char *from = name; *from; from++) { /* one space at most, and nothing that is no text */
        const char c = *from > ' ' && *from <= '~' ? *from : ' ';
        if (c != ' ' || (to > name && to[-1] != ' '))
            *to++ = c;
    }
    *to = 0;
}
