/*
 * raw.h - run --raw: what the network gave for each input, as it is, in a file of NumPy's.
 */
#ifndef SNED_CLI_COMMON_RAW_H
#define SNED_CLI_COMMON_RAW_H

#include "base/file.h"
#include "base/memory.h"
#include "graph/graph.h"
#include "io/files/folder.h"

/* One of the network's outputs, of all inputs so far. */
struct raw_output {
    char *name; /* owned */
    struct shape shape;
    struct buffer values; /* [count] + the shape without its batch */
};

struct raw {
    struct output output;
    bool is_npz;
    int count;
    struct raw_output *outputs; /* [count], owned */
    struct name_list files;     /* [inputs] */
};
/* The file's name ends in .npz or, where there is one output, in .npy. Checked, and its place too, before
 * anything runs. `graph` is as it was read: the passes that prepare it take names away. */
sned_status raw_open(struct raw *raw, const char *path, const struct graph *graph, sned_error *error);
sned_status raw_add(struct raw *raw, const char *file, float *const *outputs, sned_error *error);
/* A .npz has each output under its name in the network, and "files": which input each row is of. A .npy has
 * the output alone. */
sned_status raw_write(struct raw *raw, sned_error *error);
void raw_free(struct raw *raw); /* what was not written is not there */

#endif
