/*
 * emit.c - see emit.h.
 */
#include "accel/emit.h"

#include <stdlib.h>
#include <string.h>

void emitter_free(struct emitter *e)
{
    sned_buffer_free(&e->descriptors);
    sned_buffer_free(&e->data);
}

sned_status emit_data(struct emitter *e, int words, int64_t *address, uint8_t **bytes, sned_error *error)
{
    static const uint8_t nothing[DDR_WORD];
    *address = (int64_t)(e->data.size / DDR_WORD);
    for (int i = 0; i < words; i++)
        SNED_TRY(sned_buffer_append(&e->data, nothing, DDR_WORD, error));
    *bytes = e->data.data + *address * DDR_WORD;
    return SNED_OK;
}

static sned_status append(struct emitter *e, const struct descriptor *d, sned_error *error)
{
    uint8_t bytes[DESCRIPTOR_BYTES];
    const char *field = "";
    if (!descriptor_pack(bytes, d, &field))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "its %s is larger than a descriptor can say", field);
    SNED_TRY(sned_buffer_append(&e->descriptors, bytes, sizeof bytes, error));
    e->count++;
    return SNED_OK;
}

static uint8_t *bytes_of(struct emitter *e, int descriptor)
{
    return e->descriptors.data + (size_t)descriptor * DESCRIPTOR_BYTES;
}

/* Takes the tokens of Convs up to the first `convs`, but for one that a load can take itself: 1 where it
 * must. */
static sned_status await(struct emitter *e, int convs, int layer, unsigned *wait, sned_error *error)
{
    *wait = 0;
    while (e->awaited < convs) {
        e->awaited++;
        if (e->awaited == convs) {
            *wait = 1u << CODE_CONV;
        } else {
            const struct descriptor nothing = {.unit = CODE_LOAD, .wait = 1u << CODE_CONV, .layer = layer};
            SNED_TRY(append(e, &nothing, error));
        }
    }
    return SNED_OK;
}

sned_status emit_load(struct emitter *e, int layer, const struct load_work *load, int after, unsigned post,
                      sned_error *error)
{
    struct descriptor d = {.unit = CODE_LOAD, .post = post, .layer = layer, .u.load = *load};
    SNED_TRY(await(e, after, layer, &d.wait, error));
    if (load->kind == LOAD_TABLE && e->tables++ > 0) {
        d.wait |= 1u << CODE_VECTOR;
        e->awaited_tables++;
    }
    return append(e, &d, error);
}

sned_status emit_work(struct emitter *e, struct descriptor *d, sned_error *error)
{
    if (e->last >= 0) {
        uint8_t *before = bytes_of(e, e->last);
        if (before[0] != d->unit) {
            before[2] |= (uint8_t)(1u << d->unit);
            d->wait |= 1u << before[0];
        }
    }
    if (d->unit == CODE_CONV) {
        d->post |= 1u << CODE_LOAD;
        e->convs++;
    }
    e->last = e->count;
    return append(e, d, error);
}

/* Addresses of data count from its beginning so far: the descriptors come before it. */
static void move_addresses(struct emitter *e)
{
    const int64_t before = (int64_t)(e->descriptors.size / DDR_WORD);
    for (int i = 0; i < e->count; i++) {
        struct descriptor d;
        const char *field;
        descriptor_unpack(&d, bytes_of(e, i));
        if (d.unit == CODE_LOAD && !d.u.load.moves)
            d.u.load.address += before;
        if (d.unit == CODE_FC) {
            d.u.fc.port0 += before;
            d.u.fc.port1 += before;
            d.u.fc.port2 += before;
            d.u.fc.port3 += before;
        }
        descriptor_pack(bytes_of(e, i), &d, &field);
    }
}

sned_status emit_end(struct emitter *e, sned_error *error)
{
    while (e->awaited < e->convs) {
        const struct descriptor nothing = {.unit = CODE_LOAD, .wait = 1u << CODE_CONV};
        e->awaited++;
        SNED_TRY(append(e, &nothing, error));
    }
    while (e->awaited_tables < e->tables) {
        const struct descriptor nothing = {.unit = CODE_LOAD, .wait = 1u << CODE_VECTOR};
        e->awaited_tables++;
        SNED_TRY(append(e, &nothing, error));
    }
    SNED_TRY(append(e, &(struct descriptor){.unit = CODE_END}, error));
    move_addresses(e);
    e->program->descriptor_count = e->count;
    SNED_TRY(sned_buffer_append(&e->program->image, e->descriptors.data, e->descriptors.size, error));
    return e->data.size ? sned_buffer_append(&e->program->image, e->data.data, e->data.size, error) : SNED_OK;
}
