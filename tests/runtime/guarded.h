/*
 * guarded.h - memory that ends where it says: between two pages that nobody may touch, with bytes on both
 * sides that must stay as they are.
 */
#ifndef SNED_TESTS_RUNTIME_GUARDED_H
#define SNED_TESTS_RUNTIME_GUARDED_H

#include "base/random.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* `size` bytes at `data`; all that may be touched is [begin, begin + inside). */
struct guarded {
    uint8_t *pages, *begin, *data;
    size_t mapped, inside, size;
    uint8_t *before; /* a copy of all of it, of when `data` was handed out */
};

/* The bytes of `from` with noise around them. Where `at_end`, the forbidden page begins `over_read` bytes
 * behind them, but for what `unit`, which `data` is a multiple of, leaves; else the first one ends before
 * them. */
static inline struct guarded guarded_new(const void *from, size_t size, size_t unit, size_t over_read,
                                         bool at_end, struct random *random)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct guarded g = {.size = size};
    g.inside = (size + unit + over_read + page) / page * page;
    g.mapped = g.inside + 2 * page;
    g.pages = mmap(NULL, g.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.pages != MAP_FAILED);
    g.begin = g.pages + page;
    assert_int_equal(mprotect(g.begin, g.inside, PROT_READ | PROT_WRITE), 0);
    for (size_t i = 0; i < g.inside; i++)
        g.begin[i] = (uint8_t)sned_random_next(random);
    g.data = at_end ? g.begin + g.inside - over_read - size : g.begin;
    g.data -= (uintptr_t)g.data % unit;
    memcpy(g.data, from, size);
    g.before = malloc(g.inside);
    assert_non_null(g.before);
    memcpy(g.before, g.begin, g.inside);
    return g;
}

/* Nothing outside of `data` was written; nor inside, where it `is_constant`. */
static inline void guarded_check(const struct guarded *g, bool is_constant)
{
    const size_t first = is_constant ? g->inside : (size_t)(g->data - g->begin);
    const size_t behind = is_constant ? g->inside : first + g->size;
    assert_memory_equal(g->begin, g->before, first);
    assert_memory_equal(g->begin + behind, g->before + behind, g->inside - behind);
}

static inline void guarded_free(struct guarded *g)
{
    munmap(g->pages, g->mapped);
    free(g->before);
}

#endif
