/*
 * bytes_model.c - the contexts of bytes_model.h: the last 0, 1, 2, 3 and 5 bytes, and the longest of what
 * is being repeated (as in PPM and PAQ).
 *
 * A byte is 8 decisions, the highest bit first; the bits before it are a node of a tree, from 1 to 255.
 */
#include "codec/coder/bytes_model.h"
#include "base/memory.h"
#include "codec/coder/mixer.h"
#include "codec/coder/primer.h"

#include <string.h>

enum {
    ORDERS = 5,
    INPUTS = ORDERS + 1,
    SLOT_BITS = 16,
    MATCH_BITS = 14,
    MATCH_BYTES = 4,   /* that a repetition is found by */
    MATCH_LENGTHS = 16 /* its length, up to which it counts */
};
static const int orders[ORDERS] = {0, 1, 2, 3, 5};
enum { FIRST_WEIGHT = 20000 };

struct bytes_model {
    uint32_t *slots[ORDERS];            /* [1 << SLOT_BITS]; owned */
    uint32_t matches[MATCH_LENGTHS][2]; /* by length, and the bit that is expected */
    int32_t mixers[3][INPUTS + 1];      /* no repetition, a short one, a long one */
    uint32_t
        seen[1 << MATCH_BITS]; /* where a hash of MATCH_BYTES was last, the place behind it; 0: nowhere */
    struct buffer history;     /* the primer, and all that was coded */
    size_t match, length;      /* the byte that is expected next, and of how many it is right so far */
};

/* Of the last `count` bytes. */
static uint32_t hash_of(const struct bytes_model *model, int count)
{
    const uint8_t *data = model->history.data;
    const size_t size = model->history.size;
    uint32_t hash = (uint32_t)count;
    for (size_t i = 1; i <= (size_t)count; i++)
        hash = (hash + (i <= size ? data[size - i] : 0) + 1) * 0x2F0B4C47u;
    return hash ^ hash >> 15;
}

/* After a byte has become part of history. */
static void find_match(struct bytes_model *model)
{
    const uint8_t *data = model->history.data;
    const size_t size = model->history.size;
    if (model->length > 0 && data[model->match] == data[size - 1]) {
        model->match++;
        model->length++;
    } else {
        model->length = 0;
    }
    if (size < MATCH_BYTES)
        return;
    uint32_t *seen = &model->seen[hash_of(model, MATCH_BYTES) >> (32 - MATCH_BITS)];
    if (model->length == 0 && *seen > 0) {
        model->match = *seen;
        while (model->length < model->match && model->length < MATCH_LENGTHS &&
               data[model->match - 1 - model->length] == data[size - 1 - model->length])
            model->length++;
    }
    *seen = (uint32_t)size;
}

static int code_byte(struct bytes_model *model, struct coder *coder, int byte)
{
    const uint8_t *data = model->history.data;
    const size_t length = model->length < MATCH_LENGTHS - 1 ? model->length : MATCH_LENGTHS - 1;
    uint32_t hashes[ORDERS];
    int node = 1;
    for (int i = 0; i < ORDERS; i++)
        hashes[i] = hash_of(model, orders[i]);
    for (int bit = 7; bit >= 0; bit--) {
        uint32_t *counters[INPUTS];
        const int expected = length > 0 ? data[model->match] | 256 : 0;
        const bool holds = length > 0 && expected >> (bit + 1) == node;
        const size_t known = holds ? length : 0;
        for (int i = 0; i < ORDERS; i++)
            counters[i] =
                &model
                     ->slots[i][(hashes[i] + (uint32_t)node * 0x9E3779B1u) * 0x85EBCA6Bu >> (32 - SLOT_BITS)];
        counters[ORDERS] = &model->matches[known][holds ? expected >> bit & 1 : 0];
        node = 2 * node + mixer_code(coder, byte >> bit & 1, counters, INPUTS,
                                     model->mixers[known == 0  ? 0
                                                   : known < 8 ? 1
                                                               : 2]);
    }
    return node & 255;
}

sned_status sned_bytes_model_code(struct bytes_model *model, struct coder *coder, const uint8_t *data,
                                  size_t size, sned_error *error)
{
    coder->spent_on = SPENT_OTHER;
    for (size_t i = 0; i < size; i++) {
        const uint8_t byte = (uint8_t)code_byte(model, coder, data ? data[i] : 0);
        if (coder->failed)
            return sned_fail(error, SNED_ERROR_FORMAT, "the stream ends too early");
        SNED_TRY(sned_buffer_append(&model->history, &byte, 1, error));
        find_match(model);
    }
    return SNED_OK;
}

const struct buffer *sned_bytes_model_history(const struct bytes_model *model)
{
    return &model->history;
}

/* What is encoded to nowhere is learned all the same. */
static sned_status read_primer(struct bytes_model *model, sned_error *error)
{
    struct coder *nowhere;
    size_t size;
    const uint8_t *primer = sned_primer(&size);
    SNED_TRY(sned_alloc(&nowhere, 1, sizeof *nowhere, error));
    sned_coder_encode(nowhere);
    sned_status status = sned_bytes_model_code(model, nowhere, primer, size, error);
    if (status == SNED_OK)
        status = sned_coder_finish(nowhere, error);
    sned_coder_free(nowhere);
    sned_free(nowhere);
    return status;
}

sned_status sned_bytes_model_new(struct bytes_model **out, sned_error *error)
{
    struct bytes_model *model;
    sned_status status;
    *out = NULL;
    SNED_TRY(sned_alloc(&model, 1, sizeof *model, error));
    for (int i = 0; i < ORDERS; i++) {
        SNED_TRY_DONE(sned_alloc(&model->slots[i], (size_t)1 << SLOT_BITS, sizeof(uint32_t), error));
        counters_reset(model->slots[i], (size_t)1 << SLOT_BITS);
    }
    counters_reset(&model->matches[0][0], sizeof model->matches / sizeof(uint32_t));
    for (int m = 0; m < 3; m++)
        for (int i = 0; i < INPUTS; i++)
            model->mixers[m][i] = FIRST_WEIGHT;
    SNED_TRY_DONE(read_primer(model, error));
    *out = model;
    model = NULL;
done:
    sned_bytes_model_free(model);
    return status;
}

void sned_bytes_model_free(struct bytes_model *model)
{
    if (!model)
        return;
    for (int i = 0; i < ORDERS; i++)
        sned_free(model->slots[i]);
    sned_buffer_free(&model->history);
    sned_free(model);
}
