/*
 * picture.c - target: one JPEG or PNG picture, brought to a network's input.
 *
 * The first byte chooses the input, and whether the checksums of a PNG's chunks are made right first.
 */
#include "target.h"

#include "io/pictures/image.h"

#include <stdlib.h>
#include <string.h>

enum { IS_MENDED = 32, PNG_HEAD = 8, CHUNK_FRAME = 12 };

/* ISO 3309's CRC-32, as PNG uses it. */
static uint32_t crc32_of(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static uint32_t load_big(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A chunk: size 4 | type 4 | data | CRC 4, of type and data. */
static void mend_chunks(uint8_t *png, size_t size)
{
    for (size_t at = PNG_HEAD; at < size && size - at >= CHUNK_FRAME;) {
        size_t length = load_big(png + at);
        if (length > size - at - CHUNK_FRAME)
            return;
        uint32_t crc = crc32_of(png + at + 4, length + 4);
        for (int i = 0; i < 4; i++)
            png[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += length + CHUNK_FRAME;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sned_error error = {0};

    if (size == 0)
        return 0;
    struct input_form form = fuzz_form(data[0]);
    uint8_t *picture = malloc(size);
    uint8_t *pixels = malloc((size_t)form.input.channels * form.input.height * form.input.width);
    memcpy(picture, data + 1, size - 1);
    if (data[0] & IS_MENDED)
        mend_chunks(picture, size - 1);
    sned_status status = image_decode(picture, size - 1, &form, pixels, &error);
    fuzz_require_outcome(status, status == SNED_OK ? pixels : NULL, &error);
    free(picture);
    free(pixels);
    return 0;
}
