/*
 * sections.h - the inside of a .sned file: the container, and its sections (docs/format.md).
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
    SECTION_STATES = 3,     /* since 1.2 */
    SECTION_OUTPUTS = 4,    /* since 1.2 */
    SECTION_MIXED = 5,      /* since 1.3; then there is none of the others but WEIGHTS */
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
    struct section graph, weights, states, outputs, mixed, labels, provenance, resize;
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

/* ---- activations (activations.c) ---- */

/* Those that there are so far, by the numbers that stand for them in the file. */
struct activations {
    int *tensors; /* [count]; owned */
    int count, capacity;
    int *numbers; /* where all were listed, the other way round: [tensor_count]; owned */
};
sned_status sned_activations_add(struct activations *activations, int tensor, sned_error *error);
/* All that a graph has, for who writes it. */
sned_status sned_activations_list(struct activations *activations, const struct graph *graph,
                                  sned_error *error);
void sned_activations_free(struct activations *activations);

/* How far back from number `newest` a tensor's is; reading, from the newest that there is: the tensor,
 * whose number is `first` or above, else the reader fails. */
void sned_write_back(struct writer *writer, const struct activations *activations, int newest, int tensor);
int sned_read_back(struct reader *reader, const struct activations *activations, int first);

/* One that no node makes: name, shape, quantization. Reading appends it to the graph and to `activations`.
 * */
void sned_write_activation(struct writer *writer, const struct tensor *tensor);
sned_status sned_read_activation(struct reader *reader, struct graph *graph, struct activations *activations,
                                 int *tensor, sned_error *error);

/* ---- a node (node_record.c) ---- */

/* `newest`: the number of the last activation that was made before it. */
void sned_write_node(struct writer *writer, const struct graph *graph, int index, const char *name,
                     const struct activations *activations, int newest);
/* Appends the node to the graph, and what it makes to `activations`. */
sned_status sned_read_node(struct reader *reader, struct graph *graph, struct activations *activations,
                           sned_error *error);

/* ---- the sections ---- */

/* graph_section.c. Reading makes a graph of GRAPH, and of STATES and OUTPUTS where the file has them, whose
 * constants have a shape, but no data until WEIGHTS is read. */
sned_status sned_write_graph_section(struct writer *writer, const struct graph *graph,
                                     const struct activations *activations, sned_error *error);
sned_status sned_read_graph(const struct container *container, struct graph **graph, sned_error *error);

/* ends_section.c. States are read before the nodes, since they are numbered before; what they become is
 * known behind the nodes: until sned_join_states, graph->states[k].next is a distance. */
void sned_write_states_section(struct writer *writer, const struct graph *graph,
                               const struct activations *activations);
sned_status sned_read_states_section(struct reader *reader, struct graph *graph,
                                     struct activations *activations, sned_error *error);
sned_status sned_join_states(struct graph *graph, const struct activations *activations, sned_error *error);
sned_status sned_write_outputs_section(struct writer *writer, const struct graph *graph,
                                       const struct activations *activations, sned_error *error);
sned_status sned_read_outputs_section(struct reader *reader, struct graph *graph,
                                      const struct activations *activations, sned_error *error);

/* limits.c: what a graph without its weights will cost, against `limits`, which may be NULL. */
sned_status sned_check_limits(struct graph *graph, const sned_limits *limits, sned_error *error);

/* weights_section.c. storage: an entry for each Conv and Gemm, its node set; writing, its format, too. */
sned_status sned_write_weights_section(struct writer *writer, const struct graph *graph,
                                       struct layer_storage *storage, sned_error *error);
/* packed [tensor_count]: where each layer's weights lie. */
sned_status sned_read_weights_section(struct reader *reader, struct graph *graph,
                                      struct packed_weights *packed, struct layer_storage *storage,
                                      sned_error *error);
/* What a file with `bytes` of weights may claim, before any of them is allocated. */
sned_status sned_check_weights(const struct graph *graph, size_t bytes, sned_error *error);
/* [K][C][R][S]; a Gemm's R and S are 1. */
void sned_layer_shape(const struct tensor *weights, int shape[4]);
/* The constant that an operator with a table has last, or -1. */
int sned_node_table(const struct node *node);
/* A layer's weights alone; in storage->format, or found to be. Reading finds them and decodes nothing. */
sned_status sned_write_layer_stream(struct writer *writer, const struct tensor *weights,
                                    struct layer_storage *storage, sned_error *error);
sned_status sned_find_layer_stream(struct reader *reader, const struct tensor *weights,
                                   struct packed_weights *packed, struct layer_storage *storage,
                                   sned_error *error);

/* choose.c: the formats of layers that options do not force. First of all of them, before anything is coded;
 * then, when coding has filled `layers`, those again that take too long or are no smaller for being mixed:
 * *changed, and the file is to be coded anew. */
void sned_choose_formats(struct layer_storage *layers, int count, const struct graph *graph,
                         const struct pack_options *options);
sned_status sned_choose_again(bool *changed, struct layer_storage *layers, int count,
                              const struct graph *graph, const struct pack_options *options,
                              sned_error *error);

/* mixed_section.c. Writing: `small` has the sections that become part of it, storage each layer's format,
 * and is filled; streams of formats other than `mixed` go to `weights`. Reading: first the small sections,
 * which lie in *mixed then (the caller's to free, also on failure), and behind the graph that is made of
 * them its layers. */
struct mixed;
sned_status sned_write_mixed_section(struct writer *writer, struct writer *weights, struct container *small,
                                     const struct graph *graph, struct layer_storage *storage,
                                     sned_error *error);
sned_status sned_read_mixed_small(struct mixed **mixed, struct container *container, sned_error *error);
sned_status sned_read_mixed_layers(struct mixed *mixed, struct reader *weights, struct graph *graph,
                                   struct packed_weights *packed, struct layer_storage *storage,
                                   sned_error *error);
void sned_mixed_free(struct mixed *mixed);

#endif
