/*
 * bytes.h - little-endian numbers in and out of byte strings, with the remaining bytes counted.
 *
 * A reader fails once and stays failed: a decoder may read a whole record and look at `failed` after it, as
 * long as it checks counts before it allocates or loops over them.
 */
#ifndef SNED_BASE_BYTES_H
#define SNED_BASE_BYTES_H

#include "base/memory.h"
#include <stdbool.h>

struct reader {
    const uint8_t *data;
    size_t size, position;
    bool failed; /* something ran past the end; every value read since is 0 */
};
void sned_reader_init(struct reader *reader, const void *data, size_t size);
size_t sned_reader_left(const struct reader *reader);
const uint8_t *sned_read_bytes(struct reader *reader, size_t size); /* NULL past the end; points into data */
uint8_t sned_read_u8(struct reader *reader);
uint16_t sned_read_u16(struct reader *reader);
uint32_t sned_read_u32(struct reader *reader);
uint64_t sned_read_u64(struct reader *reader);
float sned_read_f32(struct reader *reader);
double sned_read_f64(struct reader *reader);
uint64_t sned_read_varint(struct reader *reader); /* LEB128, at most 10 bytes, shortest form only */

/* Writers append to a buffer; the first failure to grow is kept in `status` and the rest does nothing. */
struct writer {
    struct buffer buffer;
    sned_status status;
};
void sned_write_bytes(struct writer *writer, const void *data, size_t size);
void sned_write_u8(struct writer *writer, uint8_t value);
void sned_write_u16(struct writer *writer, uint16_t value);
void sned_write_u32(struct writer *writer, uint32_t value);
void sned_write_u64(struct writer *writer, uint64_t value);
void sned_write_f32(struct writer *writer, float value);
void sned_write_f64(struct writer *writer, double value);
void sned_write_varint(struct writer *writer, uint64_t value);
void sned_writer_free(struct writer *writer);

#endif
