/*
 * descriptor.c - see descriptor.h.
 */
#include "accel/program/descriptor.h"

#include <string.h>

/* A field of a body: its place in the struct of that body and in the bits. */
struct field {
    const char *name;
    size_t offset; /* of an int64_t */
    int bits;
    bool is_signed;
};

#define LOAD_FIELD(name, bits, is_signed)   {#name, offsetof(struct load_work, name), bits, is_signed},
#define STORE_FIELD(name, bits, is_signed)  {#name, offsetof(struct store_work, name), bits, is_signed},
#define CONV_FIELD(name, bits, is_signed)   {#name, offsetof(struct conv_work, name), bits, is_signed},
#define VECTOR_FIELD(name, bits, is_signed) {#name, offsetof(struct vector_work, name), bits, is_signed},
#define FC_FIELD(name, bits, is_signed)     {#name, offsetof(struct fc_work, name), bits, is_signed},

static const struct field load_fields[] = {LOAD_FIELDS(LOAD_FIELD){0}};
static const struct field store_fields[] = {STORE_FIELDS(STORE_FIELD){0}};
static const struct field conv_fields[] = {CONV_FIELDS(CONV_FIELD){0}};
static const struct field vector_fields[] = {VECTOR_FIELDS(VECTOR_FIELD){0}};
static const struct field fc_fields[] = {FC_FIELDS(FC_FIELD){0}};
static const struct field no_fields[] = {{0}};

#define ADD_BITS(name, bits, is_signed) +(bits)
_Static_assert(0 LOAD_FIELDS(ADD_BITS) <= DESCRIPTOR_BODY_BITS, "a load's body");
_Static_assert(0 CONV_FIELDS(ADD_BITS) <= DESCRIPTOR_BODY_BITS, "a conv's body");
_Static_assert(0 VECTOR_FIELDS(ADD_BITS) <= DESCRIPTOR_BODY_BITS, "a vector's body");
_Static_assert(0 FC_FIELDS(ADD_BITS) <= DESCRIPTOR_BODY_BITS, "a Gemm's body");

static const struct field *fields_of(enum accel_unit_code unit)
{
    switch (unit) {
    case CODE_LOAD:
        return load_fields;
    case CODE_CONV:
        return conv_fields;
    case CODE_VECTOR:
        return vector_fields;
    case CODE_FC:
        return fc_fields;
    case CODE_STORE:
        return store_fields;
    case CODE_END:
        return no_fields;
    default:
        return NULL;
    }
}

static void put(uint8_t *bytes, int at, int bits, uint64_t value)
{
    for (int i = 0; i < bits; i++)
        bytes[(at + i) / 8] |= (uint8_t)((value >> i & 1) << (at + i) % 8);
}

static uint64_t get(const uint8_t *bytes, int at, int bits)
{
    uint64_t value = 0;
    for (int i = 0; i < bits; i++)
        value |= (uint64_t)(bytes[(at + i) / 8] >> (at + i) % 8 & 1) << i;
    return value;
}

static bool fits(int64_t value, const struct field *field)
{
    const int64_t range = (int64_t)1 << (field->bits - field->is_signed);
    return value >= (field->is_signed ? -range : 0) && value < range;
}

bool descriptor_pack(uint8_t bytes[DESCRIPTOR_BYTES], const struct descriptor *d, const char **field)
{
    int at = 64;
    memset(bytes, 0, DESCRIPTOR_BYTES);
    put(bytes, 0, 8, d->unit);
    put(bytes, 8, 8, d->wait);
    put(bytes, 16, 8, d->post);
    put(bytes, 24, 16, (uint64_t)d->layer);
    for (const struct field *f = fields_of(d->unit); f->name; f++) {
        int64_t value;
        memcpy(&value, (const char *)&d->u + f->offset, sizeof value);
        *field = f->name;
        if (!fits(value, f))
            return false;
        put(bytes, at, f->bits, (uint64_t)value);
        at += f->bits;
    }
    return true;
}

bool descriptor_unpack(struct descriptor *d, const uint8_t bytes[DESCRIPTOR_BYTES])
{
    int at = 64;
    *d = (struct descriptor){.unit = get(bytes, 0, 8),
                             .wait = (unsigned)get(bytes, 8, 8),
                             .post = (unsigned)get(bytes, 16, 8),
                             .layer = (int)get(bytes, 24, 16)};
    const struct field *fields = fields_of(d->unit);
    for (const struct field *f = fields; f && f->name; f++) {
        int64_t value = (int64_t)get(bytes, at, f->bits);
        if (f->is_signed && value >> (f->bits - 1))
            value -= (int64_t)1 << f->bits;
        memcpy((char *)&d->u + f->offset, &value, sizeof value);
        at += f->bits;
    }
    return fields != NULL;
}
