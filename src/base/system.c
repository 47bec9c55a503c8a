/*
 * system.c - system.h, where there is a system.
 */
#include "base/system.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { ALIGNMENT = 64, LARGE_PAGE = 1 << 21, LARGE = 2 * LARGE_PAGE };

/* Large memory on large pages: a page fault for each 4 KB costs more than decoding the weights there. */
void *sned_system_take(size_t size)
{
    void *memory;
    if (size > SIZE_MAX - ALIGNMENT)
        return NULL;
    const size_t whole = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (posix_memalign(&memory, whole >= LARGE ? LARGE_PAGE : ALIGNMENT, whole) != 0)
        return NULL;
    if (whole >= LARGE)
        madvise(memory, whole, MADV_HUGEPAGE); /* a hint: without it all works as well */
    return memory;
}

void *sned_system_resize(void *memory, size_t size)
{
    return realloc(memory, size);
}

void sned_system_give(void *memory)
{
    free(memory);
}

sned_status sned_system_no_memory(sned_error *error, size_t count, size_t size)
{
    return sned_fail(error, SNED_ERROR_MEMORY, "out of memory: %zu items of %zu bytes", count, size);
}

/* On a large page, if the system has one to give, while all stays where it is: what comes from memory then
 * need not wait for page tables too. Linux 6.1 and later; without it all works as well. */
void sned_system_read_often(const void *at)
{
    enum { COLLAPSE = 25 /* MADV_COLLAPSE, which C libraries know later than kernels */ };
    const uintptr_t page = (uintptr_t)at / LARGE_PAGE * LARGE_PAGE;
    madvise((void *)page, LARGE_PAGE, COLLAPSE); /* of what is not all there nothing changes */
}

size_t sned_system_piece(void)
{
    return 1 << 16;
}

sned_status sned_system_random(void *key, size_t size, sned_error *error)
{
    if (getrandom(key, size, 0) != (ssize_t)size)
        return sned_fail(error, SNED_ERROR_IO, "the system gives no random numbers: %s", strerror(errno));
    return SNED_OK;
}
