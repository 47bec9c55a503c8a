/*
 * memory.h - allocation with overflow checks, and a buffer that grows.
 */
#ifndef SNED_BASE_MEMORY_H
#define SNED_BASE_MEMORY_H

#include "base/error.h"

/* True, and *product set, where a * b fits size_t. */
int sned_size_multiply(size_t a, size_t b, size_t *product);

/* count * size zeroed bytes, where any type and any vector may begin, freed by sned_free. *out is NULL on
 * failure. count * size of 0 gives a valid pointer. */
sned_status sned_alloc(void *out, size_t count, size_t size, sned_error *error); /* out: T** */
/* The same, not zeroed, for who writes all of it. */
sned_status sned_alloc_unset(void *out, size_t count, size_t size, sned_error *error);
/* Resizes *inout (T**, from here or NULL; not from sned_alloc) to count * size bytes; stays on failure. */
sned_status sned_resize(void *inout, size_t count, size_t size, sned_error *error);
/* Of all of these; NULL is fine. Where there is a system it is free(), which code that needs one may use. */
void sned_free(void *memory);
sned_status sned_strdup(char **out, const char *text, sned_error *error);

/* Bytes that are appended to. Zero-initialise; sned_buffer_free takes it back there. */
struct buffer {
    uint8_t *data;
    size_t size, capacity;
};
/* Room for `capacity` bytes in all, no more: appending alone doubles, which half a gigabyte of weights need
 * not. */
sned_status sned_buffer_reserve(struct buffer *buffer, size_t capacity, sned_error *error);
sned_status sned_buffer_append(struct buffer *buffer, const void *data, size_t size, sned_error *error);
void sned_buffer_free(struct buffer *buffer);

#endif
