/*
 * fold.h - nodes on constants, evaluated while the file is read.
 */
#ifndef SNED_IO_ONNX_OPERATORS_FOLD_H
#define SNED_IO_ONNX_OPERATORS_FOLD_H

#include "io/onnx/operators/operators.h"

/* fold.c */
onnx_rule onnx_fold_constant, onnx_fold_constant_of_shape, onnx_fold_shape, onnx_fold_identity,
    onnx_fold_reshape, onnx_fold_squeeze, onnx_fold_unsqueeze;
/* fold_arrays.c */
onnx_rule onnx_fold_arithmetic, onnx_fold_gather, onnx_fold_concat, onnx_fold_slice, onnx_fold_transpose;
/* cast.c */
onnx_rule onnx_fold_cast;

/* Memory for a folded constant of `shape`, taken from the budget (fold.c). */
sned_status onnx_fold_alloc(struct importer *importer, enum value_kind kind, const struct shape *shape,
                            void **data, size_t *count);

#endif
