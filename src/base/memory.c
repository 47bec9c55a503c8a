/*
 * memory.c - allocation with overflow checks, and the growing buffer.
 */
#include "base/memory.h"
#include "base/system.h"

#include <string.h>

int sned_size_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

sned_status sned_alloc_unset(void *out, size_t count, size_t size, sned_error *error)
{
    void *memory = NULL;
    size_t bytes;
    memset(out, 0, sizeof memory);
    if (sned_size_multiply(count, size, &bytes))
        memory = sned_system_take(bytes ? bytes : 1);
    if (!memory)
        return sned_system_no_memory(error, count, size);
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
    void *memory, *moved = NULL;
    size_t bytes;
    memcpy(&memory, inout, sizeof memory);
    if (sned_size_multiply(count, size, &bytes))
        moved = sned_system_resize(memory, bytes ? bytes : 1);
    if (!moved)
        return sned_system_no_memory(error, count, size);
    memcpy(inout, &moved, sizeof moved);
    return SNED_OK;
}

void sned_free(void *memory)
{
    sned_system_give(memory);
}

sned_status sned_strdup(char **out, const char *text, sned_error *error)
{
    const size_t size = strlen(text) + 1;
    *out = NULL;
    SNED_TRY(sned_resize(out, size, 1, error));
    memcpy(*out, text, size);
    return SNED_OK;
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
            return sned_system_no_memory(error, size, 1);
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
    sned_free(buffer->data);
    *buffer = (struct buffer){0};
}
