/*
 * sections.h - the inside of a .sned file: the container, and its GRAPH and WEIGHTS sections
 * (docs/format.md).
 *
 * Each section is written and read by functions that stand side by side in one file.
 */
#ifndef SNED_CODEC_SECTIONS_H
#define SNED_CODEC_SECTIONS_H

#include "codec/codec.h"
#include "codec/fields.h"

/* ---- the container (container.c) ---- */

enum section_kind {
    SECTION_GRAPH = 1,
    SECTION_WEIGHTS = 2,
    SECTION_OPTIONAL = 128, /* from here on a reader may skip what it does not know */
    SECTION_LABELS = 128,
    SECTION_PROVENANCE = 129,
    SECTION_RESIZE = 130 /* since 1.1 */
};
enum { CONTAINER_MAJOR = 1, CONTAINER_MAX_SECTIONS = 32 };

struct section {
    uint8_t kind;
    const uint8_t *data; /* borrowed; NULL where it is absent */
    size_t size;
};

/* Appends a file of `count` sections, given in ascending kind, to `out`. */
sned_status sned_container_write(const struct section *sections, int count, uint8_t minor, struct buffer *out,
                                 sned_error *error);
/* The minor version that introduced an operator: 0 for those of the first. */
uint8_t sned_operator_minor(enum op op);

/* A file's known sections, every checksum verified; they point into the file's bytes. */
struct container {
    struct section graph, weights, labels, provenance, resize;
};
sned_status sned_container_read(struct container *container, const void *data, size_t size,
                                sned_error *error);

/* ---- an operator's attributes (attributes.c) ---- */

/* The code that stands for `op` in a file, 0 where it has none: it does not occur in an integer network. */
uint8_t sned_operator_code(enum op op);
bool sned_operator_from_code(uint8_t code, enum op *op);

/* What follows the inputs of a node. rank: the first input's; weights: the shape of a Conv's or Gemm's. */
void sned_write_attributes(struct writer *writer, const struct node *node, int rank,
                           const struct shape *weights);
/* Sets node->u, of a node that has its operator and its number of outputs, and for Conv and Gemm *weights,
 * from untrusted bytes: out of range marks the reader failed. What node->u owns is the caller's always. */
sned_status sned_read_attributes(struct reader *reader, struct node *node, struct shape *weights,
                                 sned_error *error);

/* ---- a node (node_record.c) ---- */

/* activation[t] is the number that stands for tensor t in the file. */
void sned_write_node(struct writer *writer, const struct graph *graph, int index, const char *name,
                     const int *activation);
/* activation[i] is the tensor of activation i, for i up to `index`; the node's result is added as the next.
 */
sned_status sned_read_node(struct reader *reader, struct graph *graph, int index, int *activation,
                           sned_error *error);

/* ---- the sections ---- */

/* graph_section.c. Reading makes a graph whose constants have a shape, but no data until WEIGHTS is read. */
sned_status sned_write_graph_section(struct writer *writer, const struct graph *graph, sned_error *error);
sned_status sned_read_graph_section(struct reader *reader, struct graph **graph, sned_error *error);

/* limits.c: what a graph without its weights will cost, against `limits`, which may be NULL. */
sned_status sned_check_limits(struct graph *graph, const sned_limits *limits, sned_error *error);

/* weights_section.c. storage: room for one entry for each Conv and Gemm, or NULL. */
sned_status sned_write_weights_section(struct writer *writer, const struct graph *graph, const int *force,
                                       struct layer_storage *storage, sned_error *error);
sned_status sned_read_weights_section(struct reader *reader, struct graph *graph,
                                      struct layer_storage *storage, sned_error *error);

#endif
