/*
 * onnx.h - ONNX files in and out.
 */
#ifndef SNED_IO_ONNX_ONNX_H
#define SNED_IO_ONNX_ONNX_H

#include "base/report.h"
#include "graph/graph.h"

/*
 * Reads opsets 7 to 28 into a checked float graph. Shape arithmetic on constants is folded away; MatMul + Add
 * become Gemm; Gemm's transposes, alpha and beta go into the weights; Constant nodes become constants. What
 * the graph cannot say is SNED_ERROR_UNSUPPORTED with operator, node name and opset. Preprocessing and labels
 * come from metadata_props, and are about the first output. Peak memory is under 2.2 times the file: weights
 * are moved out of the parsed message, never copied twice. Weights in other files (external data) are read
 * from the folder of `path` and below it, nowhere else, straight to where they stay. A picture is
 * [1][C][H][W] in the graph, whatever the file's shape (graph->given, docs/onnx.md).
 */
sned_status onnx_read(struct graph **graph, const char *path, sned_error *error);

/* What a caller knows of a model's input that its file does not say. */
struct onnx_options {
    struct extent picture; /* what it takes: for a list or [N][H][W], or open sizes. All 0: unknown */
    bool channels_last;    /* the elements of a list lie as [H][W][C], not [C][H][W] */
    const char *head; /* the output that comes first, before labels are matched; NULL, or none: the file's */
    /* Told of what is left out, or computed otherwise than the file says; may be NULL. */
    const struct reporter *reporter;
    const char *written[2]; /* files that will be written: refused where weights lie in them; may be NULL */
};
/* The same; SNED_ERROR_ARGUMENT where the input cannot be that picture. *bytes (may be NULL) is the size of
 * the file and of those beside it that its weights lie in. */
sned_status onnx_read_with(struct graph **graph, const char *path, const struct onnx_options *options,
                           uint64_t *bytes, sned_error *error);

/* Writes a float graph as opset 13, or the first that has its operators, metadata_props included, streamed:
 * weights are not copied. */
sned_status onnx_write(const struct graph *graph, const char *path, sned_error *error);

/* Is an operator of the graph read from ONNX's of the same name, and written as that? Where not, why: a
 * sentence for users. */
bool onnx_reads(enum op op);
const char *onnx_read_reason(enum op op);
bool onnx_writes(enum op op);
const char *onnx_write_reason(enum op op);

/* Whether onnx_write could, but for the disk; nothing is written, `path` is for messages. */
sned_status onnx_check_writable(const struct graph *graph, const char *path, sned_error *error);

#endif
