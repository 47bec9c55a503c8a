/*
 * packed.h - a layer's weights out of the file, some rows at a time.
 *
 * Who wants a layer in a form of its own need not have all of it as plain bytes first: it comes in blocks of
 * whole rows (a row is a filter), in any order and on any threads. rANS and the plain formats decode such
 * blocks by themselves, the latter from places that are found when a layer is opened, by reading all of it
 * once; what was MIXED lies in the graph, and is handed out by blocks.
 *
 *     weights [rows][columns]        filters that the file leaves out are zeros here
 *      block 0  first 0, count 28
 *      block 1  first 28, count 28
 *      ..
 */
#ifndef SNED_CODEC_PACKED_H
#define SNED_CODEC_PACKED_H

#include "codec/codec.h"
#include "codec/coder/rans.h"
#include "codec/weights.h"

struct weight_rows {
    size_t rows, columns, blocks;
    size_t most_rows;     /* of a block */
    size_t parts, joined; /* what is decoded at once; of how many a block is, the last about */
    const int8_t *dense;  /* all of them; NULL: by a decoder */
    int8_t *decoded;      /* owned */
    size_t part_rows;     /* that the file has */
    struct rans_decoder decoder;
    struct weight_stream stream; /* or, where `places` are: */
    struct weight_place *places; /* [parts]: where each begins; owned */
    const struct packed_weights *packed;
    size_t *first; /* [parts + 1]: rows where parts of a decoder begin; owned */
};
/* Of weights `index` of a node. */
sned_status sned_weight_rows_open(struct weight_rows *rows, const struct packed_file *packed,
                                  const struct node *node, int index, sned_error *error);
/* The same of weights that lie in memory. */
void sned_weight_rows_of(struct weight_rows *rows, const struct tensor *weights);
/* Before anything is read: blocks become so large that groups of `unit` rows can be made of each with no more
 * than a sixteenth of them missing in the last one; but no larger than two million weights. */
void sned_weight_rows_join(struct weight_rows *rows, size_t unit);
void sned_weight_rows_close(struct weight_rows *rows);

size_t sned_weight_rows_first(const struct weight_rows *rows, size_t block);
size_t sned_weight_rows_count(const struct weight_rows *rows, size_t block);
/* *weights: the rows of a block, in `room`, which is for most_rows rows, or where they always are. */
sned_status sned_weight_rows_read(const struct weight_rows *rows, size_t block, int8_t *room,
                                  const int8_t **weights, sned_error *error);

/* All of them into the graph, checked (sned_node_check_rows), on that many threads. Nothing is done with
 * weights that are there. */
sned_status sned_unpack_weights(const struct packed_file *packed, const struct node *node, int index,
                                int threads, sned_error *error);

#endif
