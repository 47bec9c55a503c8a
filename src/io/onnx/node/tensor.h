/*
 * tensor.h - constants of the file: a TensorProto's numbers, wherever they lie.
 */
#ifndef SNED_IO_ONNX_NODE_TENSOR_H
#define SNED_IO_ONNX_NODE_TENSOR_H

#include "io/onnx/node/importer.h"

/* Dims and data to shape, kind and data of `value`, moved out of `tensor` where the bytes allow it. */
sned_status onnx_tensor_value(struct importer *importer, Onnx__TensorProto *tensor, struct onnx_value *value);
/* Elements of a shape whose dims are 0 or more; false where they do not fit size_t / 8. */
bool onnx_elements(const struct shape *shape, size_t *count);

/* ---- in files beside the model (external.c) ---- */

/* The `size` bytes of a tensor whose data lies in another file, as its raw data. */
sned_status onnx_external_read(struct importer *importer, Onnx__TensorProto *tensor, size_t size);
uint64_t onnx_external_bytes(const struct importer *importer); /* of all such files that were read */
void onnx_external_close(struct importer *importer);

#endif
