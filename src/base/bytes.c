/*
 * bytes.c - little-endian readers and writers.
 */
#include "base/bytes.h"

#include <string.h>

void sned_reader_init(struct reader *reader, const void *data, size_t size)
{
    *reader = (struct reader){.data = data, .size = size};
}

size_t sned_reader_left(const struct reader *reader)
{
    return reader->size - reader->position;
}

const uint8_t *sned_read_bytes(struct reader *reader, size_t size)
{
    if (reader->failed || size > sned_reader_left(reader)) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->data + reader->position;
    reader->position += size;
    return bytes;
}

static uint64_t read_little_endian(struct reader *reader, size_t size)
{
    const uint8_t *bytes = sned_read_bytes(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

uint8_t sned_read_u8(struct reader *reader)
{
    return (uint8_t)read_little_endian(reader, 1);
}

uint16_t sned_read_u16(struct reader *reader)
{
    return (uint16_t)read_little_endian(reader, 2);
}

uint32_t sned_read_u32(struct reader *reader)
{
    return (uint32_t)read_little_endian(reader, 4);
}

uint64_t sned_read_u64(struct reader *reader)
{
    return read_little_endian(reader, 8);
}

float sned_read_f32(struct reader *reader)
{
    uint32_t bits = sned_read_u32(reader);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double sned_read_f64(struct reader *reader)
{
    uint64_t bits = sned_read_u64(reader);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t sned_read_varint(struct reader *reader)
{
    uint64_t value = 0;
    uint8_t byte = 0;
    int shift = 0;
    do {
        byte = sned_read_u8(reader);
        if (shift == 63 && byte > 1)
            reader->failed = true; /* more than 64 bits */
        if (!reader->failed)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (!reader->failed && (byte & 0x80));
    if (!reader->failed && shift > 7 && byte == 0)
        reader->failed = true; /* a longer form than needed: there is one encoding of a number */
    return reader->failed ? 0 : value;
}

void sned_write_bytes(struct writer *writer, const void *data, size_t size)
{
    if (writer->status == SNED_OK)
        writer->status = sned_buffer_append(&writer->buffer, data, size, NULL);
}

static void write_little_endian(struct writer *writer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    sned_write_bytes(writer, bytes, size);
}

void sned_write_u8(struct writer *writer, uint8_t value)
{
    write_little_endian(writer, value, 1);
}

void sned_write_u16(struct writer *writer, uint16_t value)
{
    write_little_endian(writer, value, 2);
}

void sned_write_u32(struct writer *writer, uint32_t value)
{
    write_little_endian(writer, value, 4);
}

void sned_write_u64(struct writer *writer, uint64_t value)
{
    write_little_endian(writer, value, 8);
}

void sned_write_f32(struct writer *writer, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    sned_write_u32(writer, bits);
}

void sned_write_f64(struct writer *writer, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    sned_write_u64(writer, bits);
}

void sned_write_varint(struct writer *writer, uint64_t value)
{
    while (value >= 0x80) {
        sned_write_u8(writer, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    sned_write_u8(writer, (uint8_t)value);
}

void sned_writer_free(struct writer *writer)
{
    sned_buffer_free(&writer->buffer);
}
