/*
 * memory.c - allocation with overflow checks, and the growing buffer.
 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, LARGE_PAGE = 1 << 21, LARGE = 2 * LARGE_PAGE };

int sned_size_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

static sned_status no_memory(sned_error *error, size_t count, size_t size)
{
    return sned_fail(error, SNED_ERROR_MEMORY, "out of memory: %zu items of %zu bytes", count, size);
}

/* Large memory on large pages: a page fault for each 4 KB costs more than decoding the weights there. */
static void *allocate(size_t bytes)
{
    void *memory;
    if (posix_memalign(&memory, bytes >= LARGE ? LARGE_PAGE : ALIGNMENT, bytes) != 0)
        return NULL;
    if (bytes >= LARGE)
        madvise(memory, bytes, MADV_HUGEPAGE); /* a hint: without it all works as well */
    return memory;
}

sned_status sned_alloc_unset(void *out, size_t count, size_t size, sned_error *error)
{
    void *memory = NULL;
    size_t bytes;
    memset(out, 0, sizeof memory);
    if (!sned_size_multiply(count, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT)
        return no_memory(error, count, size);
    memory = allocate(bytes ? (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT);
    if (!memory)
        return no_memory(error, count, size);
    memcpy(out, &memory, sizeof memory);
    return SNED_OK;
}

sned_status sned_alloc(void *out, size_t count, size_t size, sned_error *error)
{
    void *memory;
    SNED_TRY(sned_alloc_unset(out, count, size, error));
    memcpy(&memory, out, sizeof memory);
    memset(memory, 0, count * size);
    return SNED_OK;
}

sned_status sned_resize(void *inout, size_t count, size_t size, sned_error *error)
{
    void *memory;
    size_t bytes;
    memcpy(&memory, inout, sizeof memory);
    if (!sned_size_multiply(count, size, &bytes))
        return no_memory(error, count, size);
    void *moved = realloc(memory, bytes ? bytes : 1);
    if (!moved)
        return no_memory(error, count, size);
    memcpy(inout, &moved, sizeof moved);
    return SNED_OK;
}

sned_status sned_strdup(char **out, const char *text, sned_error *error)
{
    *out = strdup(text);
    return *out ? SNED_OK : no_memory(error, strlen(text) + 1, 1);
}

sned_status sned_buffer_reserve(struct buffer *buffer, size_t capacity, sned_error *error)
{
    if (capacity <= buffer->capacity)
        return SNED_OK;
    SNED_TRY(sned_resize(&buffer->data, capacity, 1, error));
    buffer->capacity = capacity;
    return SNED_OK;
}

sned_status sned_buffer_append(struct buffer *buffer, const void *data, size_t size, sned_error *error)
{
    if (size > buffer->capacity - buffer->size) {
        size_t needed;
        if (__builtin_add_overflow(buffer->size, size, &needed))
            return no_memory(error, size, 1);
        size_t doubled = buffer->capacity > SIZE_MAX / 2 ? needed : buffer->capacity * 2;
        size_t capacity = doubled > needed ? doubled : needed;
        if (capacity < 256)
            capacity = 256;
        SNED_TRY(sned_buffer_reserve(buffer, capacity, error));
    }
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return SNED_OK;
}

void sned_buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
