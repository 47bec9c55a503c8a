/*
 * emit.c - see emit.h.
 */
#include "accel/compiler/emit.h"

#include <stdlib.h>

sned_status emit(struct emitter *e, const struct descriptor *descriptor, const int *after, int after_count,
                 int *index, sned_error *error)
{
    if (e->count == e->capacity) {
        const int wanted = e->capacity ? 2 * e->capacity : 256;
        SNED_TRY(sned_resize(&e->list, (size_t)wanted, sizeof *e->list, error));
        e->capacity = wanted;
    }
    *index = e->count++;
    struct descriptor *d = &e->list[*index];
    *d = *descriptor;
    int last[CODE_COUNT] = {0}; /* of each unit: 1 + the latest that it must wait for */
    for (int i = 0; i < after_count; i++)
        if (after[i] >= 0 && e->list[after[i]].unit != d->unit && after[i] + 1 > last[e->list[after[i]].unit])
            last[e->list[after[i]].unit] = after[i] + 1;
    for (int unit = 0; unit < CODE_COUNT && after_count; unit++) /* an end waits for nobody */
        if (last[unit] > e->done[d->unit][unit]) {
            e->done[d->unit][unit] = last[unit];
            e->list[last[unit] - 1].post |= 1u << d->unit;
            d->wait |= 1u << unit;
        }
    return SNED_OK;
}

sned_status emit_end(struct emitter *e, struct buffer *image, sned_error *error)
{
    int index;
    SNED_TRY(emit(e, &(struct descriptor){.unit = CODE_END}, NULL, 0, &index, error));
    for (int i = 0; i < e->count; i++) {
        uint8_t bytes[DESCRIPTOR_BYTES];
        const char *field = "";
        if (!descriptor_pack(bytes, &e->list[i], &field))
            return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                             "layer %d: its %s is larger than a descriptor can say", e->list[i].layer, field);
        SNED_TRY(sned_buffer_append(image, bytes, sizeof bytes, error));
    }
    return SNED_OK;
}

void emitter_free(struct emitter *e)
{
    free(e->list);
    *e = (struct emitter){0};
}
