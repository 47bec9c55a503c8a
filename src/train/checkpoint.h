/*
 * checkpoint.h - the state of long work in one file that is always whole.
 *
 * A checkpoint is a list of named byte blobs behind a key; the key holds everything that the result depends
 * on (options, seed, data set size, a hash of the first parameters), so that a file of another run is never
 * resumed from. Written aside, synced, renamed, with a checksum.
 */
#ifndef SNED_TRAIN_CHECKPOINT_H
#define SNED_TRAIN_CHECKPOINT_H

#include "base/memory.h"
#include "base/report.h"
#include "graph/graph.h"

struct checkpoint_blob {
    char name[32];
    const void *data; /* borrowed when writing; into the checkpoint's own memory when read */
    size_t size;
};
struct checkpoint {
    struct buffer memory;
    int count;
    struct checkpoint_blob blobs[16];
};
sned_status checkpoint_write(const char *path, uint64_t key, const struct checkpoint_blob *blobs, int count,
                             sned_error *error);
/* *found false, and no error, where there is no file, it is damaged, or its key is another's. */
sned_status checkpoint_read(struct checkpoint *checkpoint, const char *path, uint64_t key, bool *found,
                            sned_error *error);
/* Whether the file begins as a checkpoint of any run does. */
bool checkpoint_is_one(const char *path);
/* Says, where a checkpoint is there that no key opened, that this run will write over it. */
void checkpoint_report_other(const char *path, const struct reporter *reporter);
const struct checkpoint_blob *checkpoint_find(const struct checkpoint *checkpoint, const char *name);
void checkpoint_free(struct checkpoint *checkpoint);

/* All float constants and masks of a graph as one blob, and back into a graph of the same structure. */
sned_status graph_state_save(const struct graph *graph, struct buffer *buffer, sned_error *error);
sned_status graph_state_restore(struct graph *graph, const void *data, size_t size, sned_error *error);
uint64_t graph_state_hash(const struct graph *graph);

#endif
