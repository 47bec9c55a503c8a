/*
 * memory.c - base/system.h's memory, in one array of the caller's.
 *
 * The array is a row of blocks without gaps, each with its size in front; those that are free are also a
 * list, in the order of their addresses. The first free block that is large enough gives its beginning; what
 * comes back is joined with the free blocks beside it.
 *
 *     | size | in use | size | next | free ....  | size | in use | size | next | free ........ |
 *                              '------------------------------------^
 *
 * First fit keeps the array's end free: how far it was ever reached into is how large it has to be.
 */
#include "base/system.h"
#include "sned_freestanding.h"

#include <stddef.h>
#include <string.h>

struct array_block {
    size_t size;                                    /* with this */
    _Alignas(max_align_t) struct array_block *next; /* of a free one; what is in use begins here */
};
enum {
    HEAD = offsetof(struct array_block, next),
    UNIT = _Alignof(max_align_t),
    LEAST = sizeof(struct array_block)
};

static struct {
    unsigned char *begin, *end, *most; /* of the array, aligned; what was in use at most */
    struct array_block *free;
} array;

void sned_freestanding_use(void *memory, size_t size)
{
    const size_t skip = (size_t)(-(uintptr_t)memory % UNIT);
    array.begin = array.end = array.most = memory;
    array.free = NULL;
    if (!memory || size < skip + LEAST)
        return;
    array.begin = array.most = array.begin + skip;
    array.end = array.begin + (size - skip) / UNIT * UNIT;
    array.free = (struct array_block *)array.begin;
    *array.free = (struct array_block){.size = (size_t)(array.end - array.begin)};
}

size_t sned_freestanding_used(void)
{
    return (size_t)(array.most - array.begin);
}

/* Of a block for so many bytes; 0: no block is so large. */
static size_t block_size(size_t size)
{
    if (size > PTRDIFF_MAX - HEAD - UNIT)
        return 0;
    const size_t whole = (HEAD + size + UNIT - 1) / UNIT * UNIT;
    return whole > LEAST ? whole : LEAST;
}

static struct array_block *block_of(void *memory)
{
    return (struct array_block *)((unsigned char *)memory - HEAD);
}

static struct array_block *behind(struct array_block *block)
{
    return (struct array_block *)((unsigned char *)block + block->size);
}

/* The place that points to the first free block behind `block`. */
static struct array_block **place_of(const struct array_block *block)
{
    struct array_block **place = &array.free;
    while (*place && *place < block)
        place = &(*place)->next;
    return place;
}

/* A free block, to which `place` points, gives its first `size` bytes. */
static void cut(struct array_block **place, size_t size)
{
    struct array_block *block = *place;
    if (block->size - size < LEAST) {
        *place = block->next;
    } else {
        struct array_block *rest = (struct array_block *)((unsigned char *)block + size);
        *rest = (struct array_block){block->size - size, block->next};
        *place = rest;
        block->size = size;
    }
    if ((unsigned char *)behind(block) > array.most)
        array.most = (unsigned char *)behind(block);
}

static void join_with_next(struct array_block *block)
{
    if (block->next && behind(block) == block->next) {
        block->size += block->next->size;
        block->next = block->next->next;
    }
}

void *sned_system_take(size_t size)
{
    const size_t needed = block_size(size);
    struct array_block **place = &array.free;
    while (*place && (*place)->size < needed)
        place = &(*place)->next;
    if (!needed || !*place)
        return NULL;
    struct array_block *block = *place;
    cut(place, needed);
    return &block->next;
}

void sned_system_give(void *memory)
{
    if (!memory)
        return;
    struct array_block *block = block_of(memory), **place = place_of(block);
    block->next = *place;
    *place = block;
    join_with_next(block);
    if (place != &array.free) /* it is part of the free block before */
        join_with_next(block_of(place));
}

void *sned_system_resize(void *memory, size_t size)
{
    const size_t needed = block_size(size);
    if (!memory || !needed)
        return needed ? sned_system_take(size) : NULL;
    struct array_block *block = block_of(memory), **place = place_of(block), *next = *place;
    if (block->size >= needed)
        return memory;
    if (next == behind(block) && next->size >= needed - block->size) {
        cut(place, needed - block->size);
        block->size += next->size;
        return memory;
    }
    void *moved = sned_system_take(size);
    if (moved) {
        memcpy(moved, memory, block->size - HEAD);
        sned_system_give(memory);
    }
    return moved;
}

/* More bytes at the array's end that it would have taken. */
static size_t missing(size_t needed)
{
    struct array_block *last = array.free;
    while (last && last->next)
        last = last->next;
    return last && (unsigned char *)behind(last) == array.end ? needed - last->size : needed;
}

sned_status sned_system_no_memory(sned_error *error, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || !block_size(bytes))
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory: %zu items of %zu bytes", count, size);
    return sned_fail(error, SNED_ERROR_MEMORY,
                     "out of memory: %zu bytes; sned_freestanding_use had %zu, %zu more are needed at least",
                     bytes, (size_t)(array.end - array.begin), missing(block_size(bytes)));
}
