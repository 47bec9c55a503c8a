/*
 * fields.h - what the sections of a .sned file are made of: numbers in range, strings, scalings
 * (docs/format.md, "Notation" and "scalings").
 *
 * Readers mark the reader as failed where a value is out of range, as base/bytes.h does at the end of the
 * bytes: a record is read as a whole and judged after it.
 */
#ifndef SNED_CODEC_FIELDS_H
#define SNED_CODEC_FIELDS_H

#include "base/bytes.h"
#include "graph/graph.h"

#define SNED_MAX_WEIGHTS ((size_t)1 << 31)
enum { SNED_MAX_STRING = 65535, SNED_MIN_SHIFT = 1, SNED_MAX_SHIFT = 62 };

void sned_write_zigzag(struct writer *writer, int64_t value);
int64_t sned_read_zigzag(struct reader *reader, int64_t low, int64_t high);
int64_t sned_read_integer(struct reader *reader, int64_t low, int64_t high); /* a varint */
float sned_read_finite(struct reader *reader);

/* What a record is refused with when its reader has failed. */
sned_status sned_fail_damaged(const char *record, sned_error *error);

/* The code of an activation's quantization, and the scale behind it, which is there unless it is 0. */
enum { QUANTIZED_NOT, QUANTIZED_U8, QUANTIZED_S8, QUANTIZED_S16 };
int sned_quantization_code(const struct quantization *quantization);
struct quantization sned_read_quantization(struct reader *reader, int code);

/* Text is UTF-8 without a zero byte. Writers make it so: a byte that is neither becomes '?'. */
bool sned_text_is_valid(const void *text, size_t size);
void sned_text_repair(void *text, size_t size);
void sned_write_text(struct writer *writer, const char *text);   /* the bytes alone */
void sned_write_string(struct writer *writer, const char *text); /* length and bytes; NULL is "" */
/* *text is a copy, owned by the caller, NULL on failure; longer than `limit` is SNED_ERROR_FORMAT. */
sned_status sned_read_string(struct reader *reader, size_t limit, char **text, sned_error *error);

/* `count` scalings, packed to bits; *scalings is owned by the caller, NULL on failure and for none. */
void sned_write_scalings(struct writer *writer, const struct scaling *scalings, size_t count);
sned_status sned_read_scalings(struct reader *reader, struct scaling **scalings, size_t count,
                               sned_error *error);

#endif
