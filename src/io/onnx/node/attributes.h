/*
 * attributes.h - the attributes of the node in hand, with their defaults and types.
 */
#ifndef SNED_IO_ONNX_NODE_ATTRIBUTES_H
#define SNED_IO_ONNX_NODE_ATTRIBUTES_H

#include "io/onnx/node/importer.h"

const Onnx__AttributeProto *onnx_attribute(const struct importer *importer, const char *name); /* or NULL */
sned_status onnx_attribute_int(struct importer *importer, const char *name, int64_t fallback, int64_t *value);
sned_status onnx_attribute_float(struct importer *importer, const char *name, float fallback, float *value);
/* *values is the file's own array, NULL and 0 where the attribute is absent. */
sned_status onnx_attribute_ints(struct importer *importer, const char *name, const int64_t **values,
                                int *count);
/* The same, of any length. */
sned_status onnx_attribute_sizes(struct importer *importer, const char *name, const int64_t **values,
                                 int *count);
/* *text is the attribute's string in `buffer`, or `fallback`. */
sned_status onnx_attribute_string(struct importer *importer, const char *name, const char *fallback,
                                  char buffer[32]);

#endif
