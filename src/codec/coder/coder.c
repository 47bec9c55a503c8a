/*
 * coder.c - beginning and end of a stream, and bytes that go out.
 */
#include "codec/coder/coder.h"

#include <string.h>

static void start(struct coder *coder, bool decoding)
{
    memset(coder, 0, sizeof *coder);
    coder->decoding = decoding;
    coder->range = UINT32_MAX;
    sned_logistic_make(&coder->logistic);
}

void sned_coder_encode(struct coder *coder)
{
    start(coder, false);
}

void sned_coder_decode(struct coder *coder, const void *data, size_t size)
{
    start(coder, true);
    coder->data = data;
    coder->size = size;
    for (int i = 0; i < 4; i++)
        coder_shift_in(coder);
}

/* The top byte of `low` moves out. Bytes of 255 wait, since a carry would run through them. */
void sned_coder_shift_out(struct coder *coder)
{
    if ((uint32_t)coder->low < 0xff000000u || coder->low >> 32) {
        const uint8_t carry = (uint8_t)(coder->low >> 32);
        if (coder->begun)
            sned_write_u8(&coder->writer, (uint8_t)(coder->held + carry));
        for (; coder->held_ones > 0; coder->held_ones--)
            sned_write_u8(&coder->writer, (uint8_t)(0xff + carry));
        coder->held = (uint8_t)(coder->low >> 24);
        coder->begun = true;
    } else {
        coder->held_ones++;
    }
    coder->low = (coder->low & 0xffffff) << 8;
}

/* One byte is enough: a piece of 2^24 or more has a number in it whose last 3 bytes are 0, the first of
 * which is taken. They are not stored. */
sned_status sned_coder_finish(struct coder *coder, sned_error *error)
{
    if (coder->decoding) {
        if (coder->failed || coder->position > coder->size + 3)
            return sned_fail(error, SNED_ERROR_FORMAT, "the stream ends too early");
        if (coder->position < coder->size + 3 || coder->code >= 1u << 24)
            return sned_fail(error, SNED_ERROR_FORMAT, "the stream does not end where it should");
        return SNED_OK;
    }
    coder->low = (coder->low + 0xffffff) & ~(uint64_t)0xffffff;
    sned_coder_shift_out(coder);
    sned_coder_shift_out(coder);
    return coder->writer.status == SNED_OK
               ? SNED_OK
               : sned_fail(error, coder->writer.status, "out of memory for a coded stream");
}

void sned_coder_free(struct coder *coder)
{
    sned_writer_free(&coder->writer);
}
