/*
 * sha1.h - SHA-1 (FIPS 180-4), which ONNX names as the checksum of a file of weights. It guards against
 * damage; against malice nobody should trust it.
 */
#ifndef SNED_IO_FILES_SHA1_H
#define SNED_IO_FILES_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_BLOCK = 64, SHA1_HEX = 40 };

/* Zero bytes so far after sha1_start. */
struct sha1 {
    uint32_t state[5];
    uint64_t size;             /* bytes so far */
    uint8_t block[SHA1_BLOCK]; /* the last size % SHA1_BLOCK of them */
};
void sha1_start(struct sha1 *sha1);
void sha1_add(struct sha1 *sha1, const void *data, size_t size);
/* The digest in lower-case hexadecimal digits; `sha1` is used up. */
void sha1_finish(struct sha1 *sha1, char hex[SHA1_HEX + 1]);

#endif
