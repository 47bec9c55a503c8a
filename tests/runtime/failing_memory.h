/*
 * failing_memory.h - memory that runs out: the n-th allocation of a piece of work fails, for every n.
 *
 * The linker leads every call of malloc and its kin in our objects here (--wrap, tests/meson.build); what a
 * shared library allocates for itself is not touched, so the sanitizers' own allocator stays below. Blocks
 * are counted both ways, so that a leak is found without a sanitizer too.
 */
#ifndef SNED_TESTS_RUNTIME_FAILING_MEMORY_H
#define SNED_TESTS_RUNTIME_FAILING_MEMORY_H

#include "base/error.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct {
    atomic_bool watched; /* nothing is counted, and nothing fails, while it is false */
    size_t failing;      /* the allocation that fails, counted from 1; 0: none */
    bool from_there_on;  /* all later ones too */
    bool no_threads;     /* the system gives none */
    atomic_size_t calls;
    atomic_long blocks; /* allocated while watched, less those freed */
} heap;

/* Counts an allocation; true where it has to fail. */
static inline bool runs_out(void)
{
    if (!heap.watched)
        return false;
    size_t call = ++heap.calls;
    return heap.failing && (heap.from_there_on ? call >= heap.failing : call == heap.failing);
}

static inline void *counted(void *block)
{
    heap.blocks += heap.watched && block;
    return block;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return runs_out() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return runs_out() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
    if (runs_out())
        return NULL;
    void *moved = __real_realloc(block, size);
    return block ? moved : counted(moved);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return runs_out() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size)
{
    if (runs_out())
        return ENOMEM;
    const int failure = __real_posix_memalign(block, alignment, size);
    counted(failure ? NULL : *block);
    return failure;
}

char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    return runs_out() ? NULL : counted(__real_strdup(text));
}

int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    if (runs_out())
        return -1; /* *text is undefined then, as in libc */
    va_start(arguments, format);
    int length = vasprintf(text, format, arguments);
    va_end(arguments);
    if (length >= 0)
        counted(*text);
    return length;
}

void __wrap_free(void *block);
void __wrap_free(void *block)
{
    heap.blocks -= heap.watched && block;
    __real_free(block);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*body)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*body)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*body)(void *), void *argument)
{
    return heap.no_threads ? EAGAIN : __real_pthread_create(thread, how, body, argument);
}

/* A piece of work that frees all that it made. */
typedef sned_status (*work)(void *argument, sned_error *error);

/* The work, watched; its blocks all went back. */
static inline sned_status task_watched(work task, void *argument, size_t failing, sned_error *error)
{
    heap.failing = failing;
    heap.calls = 0;
    heap.blocks = 0;
    heap.watched = true;
    sned_status status = task(argument, error);
    heap.watched = false;
    if (heap.blocks != 0)
        fail_msg("allocation %zu of %zu failed: %ld blocks are lost", failing, heap.calls, heap.blocks);
    return status;
}

/* Whichever allocation fails, alone or with all that follow, one line says that memory ran out. */
static inline void survives_every_failure(work task, void *argument)
{
    sned_error error = {0};
    assert_int_equal(task_watched(task, argument, 0, &error), SNED_OK);
    const size_t all = heap.calls;
    assert_true(all > 0);
    for (size_t failing = 1; failing <= 2 * all; failing++) {
        size_t n = (failing + 1) / 2;
        heap.from_there_on = failing % 2 == 0;
        error = (sned_error){0};
        sned_status status = task_watched(task, argument, n, &error);
        if (status != SNED_ERROR_MEMORY || error.status != status || !strstr(error.message, "memory") ||
            strchr(error.message, '\n'))
            fail_msg("allocation %zu of %zu failed: %s: %s", n, all, sned_status_name(status), error.message);
    }
    print_message("%zu allocations, each failed once\n", all);
}

#endif
