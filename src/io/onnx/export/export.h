/*
 * export.h - the parts of an ONNX model, which write.c puts together: nodes, and what the file says of
 * itself.
 */
#ifndef SNED_IO_ONNX_EXPORT_EXPORT_H
#define SNED_IO_ONNX_EXPORT_EXPORT_H

#include "io/onnx/export/blocks.h"

/* Every node of the graph, with the constants that it reads (nodes.c). */
void export_nodes(struct exporter *exporter);
/* Rule, labels, provenance (metadata.c). */
void export_metadata(struct exporter *exporter);

#endif
