/*
 * wire.c - a first look at the bytes of an ONNX file, before the protobuf parser sees them.
 *
 * protobuf-c parses messages in messages by recursion and allocates for every one, so a small hostile file
 * could exhaust the stack or the memory. This walk, which follows the schema's descriptors and allocates
 * nothing, checks lengths, nesting and the number of fields, and can tell a truncated file from one that is
 * no ONNX file.
 */
#include "io/onnx/import/wire.h"

#include "onnx.pb-c.h"

#include <inttypes.h>
#include <stdbool.h>

struct scan {
    const uint8_t *start; /* of the file, for offsets in messages */
    size_t fields;
    sned_error *error;
};

/* Base-128 number at *at, which moves past it. False where it runs past `end` or is longer than 10 bytes. */
static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (*at == end)
            return false;
        uint8_t byte = *(*at)++;
        if (shift < 64)
            *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

static sned_status fail_at(struct scan *scan, sned_status status, const uint8_t *at, const char *what)
{
    return sned_fail(scan->error, status, "%s at byte %zu", what, (size_t)(at - scan->start));
}

/* Skips the payload of a field of `wire_type`; *length is that of a length-delimited one, which
 * starts at *at. */
static sned_status skip_payload(struct scan *scan, int wire_type, const uint8_t **at, const uint8_t *end,
                                const uint8_t **payload, size_t *length)
{
    uint64_t size = 0;
    switch (wire_type) {
    case 0:
        if (!read_varint(at, end, &size))
            return fail_at(scan, SNED_ERROR_TRUNCATED, *at, "truncated: a number ends early");
        size = 0;
        break;
    case 1:
        size = 8;
        break;
    case 2:
        if (!read_varint(at, end, &size))
            return fail_at(scan, SNED_ERROR_TRUNCATED, *at, "truncated: a length ends early");
        break;
    case 5:
        size = 4;
        break;
    default:
        return fail_at(scan, SNED_ERROR_FORMAT, *at, "not an ONNX file: impossible field");
    }
    if (size > (uint64_t)(end - *at))
        return fail_at(scan, SNED_ERROR_TRUNCATED, *at,
                       "truncated, or not an ONNX file: a field runs past its end");
    *payload = *at;
    *length = (size_t)size;
    *at += size;
    return SNED_OK;
}

/* Does the wire type fit the schema's type? Repeated numbers may be packed. */
static bool wire_type_fits(const ProtobufCFieldDescriptor *field, int wire_type)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return wire_type == 2;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return wire_type == 5 || (wire_type == 2 && field->label == PROTOBUF_C_LABEL_REPEATED);
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return wire_type == 1 || (wire_type == 2 && field->label == PROTOBUF_C_LABEL_REPEATED);
    default:
        return wire_type == 0 || (wire_type == 2 && field->label == PROTOBUF_C_LABEL_REPEATED);
    }
}

static sned_status scan_message(struct scan *scan, const ProtobufCMessageDescriptor *descriptor,
                                const uint8_t *at, const uint8_t *end, int depth)
{
    uint64_t seen = 0; /* the single sub-messages met: a second one would have to be merged */
    if (depth > ONNX_MAX_NESTING)
        return fail_at(scan, SNED_ERROR_FORMAT, at, "messages nested too deeply");
    while (at < end) {
        uint64_t key;
        const uint8_t *begin = at, *payload;
        size_t length;
        if (!read_varint(&at, end, &key))
            return fail_at(scan, SNED_ERROR_TRUNCATED, at, "truncated: a field ends early");
        if (key >> 3 == 0 || key >> 3 > 0x1fffffff)
            return fail_at(scan, SNED_ERROR_FORMAT, begin, "not an ONNX file: impossible field");
        int wire_type = (int)(key & 7);
        SNED_TRY(skip_payload(scan, wire_type, &at, end, &payload, &length));
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(key >> 3));
        if (field && !wire_type_fits(field, wire_type))
            return fail_at(scan, SNED_ERROR_FORMAT, begin, "not an ONNX file: a field of another type");
        if ((!field || wire_type == 2) && ++scan->fields > ONNX_MAX_FIELDS)
            return fail_at(scan, SNED_ERROR_FORMAT, begin, "more fields than a network has");
        if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        uint64_t bit = UINT64_C(1) << ((size_t)(field - descriptor->fields) & 63);
        if (field->label != PROTOBUF_C_LABEL_REPEATED && (seen & bit))
            return fail_at(scan, SNED_ERROR_FORMAT, begin, "a part that must be there once comes twice");
        seen |= bit;
        SNED_TRY(scan_message(scan, field->descriptor, payload, payload + length, depth + 1));
    }
    return SNED_OK;
}

sned_status onnx_scan(const uint8_t *data, size_t size, sned_error *error)
{
    struct scan scan = {data, 0, error};
    if (size == 0)
        return sned_fail(error, SNED_ERROR_TRUNCATED, "the file is empty");
    return scan_message(&scan, &onnx__model_proto__descriptor, data, data + size, 0);
}
