/*
 * wire.h - a first look at the bytes of an ONNX file, before the protobuf parser sees them.
 */
#ifndef SNED_IO_ONNX_IMPORT_WIRE_H
#define SNED_IO_ONNX_IMPORT_WIRE_H

#include "base/error.h"

enum {
    ONNX_MAX_NESTING = 32,    /* messages in messages; real files have about 8 */
    ONNX_MAX_FIELDS = 1 << 20 /* messages, strings, unknown fields: bounds what parsing allocates */
};

/* Checks that `data` is a well-formed message of the schema, not nested and not fragmented beyond the limits
 * above, so that the recursive parser may run on it. */
sned_status onnx_scan(const uint8_t *data, size_t size, sned_error *error);

#endif
