/*
 * operators.h - how the operators of ONNX become nodes of the graph: the table, and the rules that it is of.
 *
 * A rule is called with the node in hand, some of whose inputs are activations, and makes its output (emit.h,
 * view.h); another may evaluate it where all its inputs are constants (fold.h).
 */
#ifndef SNED_IO_ONNX_OPERATORS_OPERATORS_H
#define SNED_IO_ONNX_OPERATORS_OPERATORS_H

#include "io/onnx/node/importer.h"

typedef sned_status onnx_rule(struct importer *importer);

struct operator_rule {
    const char *name;
    size_t most_inputs;
    /* Those that are understood, between spaces; NULL: those that the graph's table lists. Any other is
     * refused. */
    const char *attributes;
    onnx_rule *convert; /* with an activation among the inputs; NULL: only on constants */
    onnx_rule *fold;    /* all inputs constant; NULL: convert, which then refuses */
};
/* Why there is no `convert`. */
#define ONNX_ON_CONSTANTS "this operator is handled on constants only"
const struct operator_rule *onnx_operator(const char *name); /* or NULL */

/* window.c */
onnx_rule onnx_convert_conv, onnx_convert_max_pool, onnx_convert_average_pool;
/* linear.c */
onnx_rule onnx_convert_gemm, onnx_convert_matmul, onnx_convert_batch_normalization;
/* binary.c */
onnx_rule onnx_convert_add, onnx_convert_sub, onnx_convert_sum, onnx_convert_mul, onnx_convert_div;
/* lrn.c */
onnx_rule onnx_convert_pow;
/* reduce.c */
onnx_rule onnx_convert_global_average_pool, onnx_convert_global_max_pool, onnx_convert_reduce_mean,
    onnx_convert_reduce_sum, onnx_convert_reduce_max;
/* layout.c */
onnx_rule onnx_convert_concat, onnx_convert_slice, onnx_convert_pad;
/* shapes.c */
onnx_rule onnx_convert_flatten, onnx_convert_reshape, onnx_convert_squeeze, onnx_convert_unsqueeze,
    onnx_convert_transpose;
/* select.c */
onnx_rule onnx_convert_split, onnx_convert_gather;
/* prelu.c, cast.c */
onnx_rule onnx_convert_prelu, onnx_convert_cast;

/* ---- operators whose attributes the graph's table lists (listed.c) ---- */

enum op onnx_op(const char *name); /* the graph's operator of this name; OP_COUNT: it has none */
bool onnx_is_listed(enum op op, const char *attribute);
/* One node of the graph's operator of the same name; on number by number, also of what is viewed. */
onnx_rule onnx_convert_listed;

/* ---- what one rule needs of another ---- */

/* Input `index`, any shape that broadcasts to [1][count], as [count] times beta; -1 where it
 * is absent (linear.c). */
sned_status onnx_linear_bias(struct importer *importer, int index, float beta, int64_t count, int *tensor);
/* x / power, where the whole is an LRN written as arithmetic (lrn.c). */
sned_status onnx_convert_division_by_power(struct importer *importer, const struct onnx_value *x,
                                           const struct onnx_value *power);

#endif
