/*
 * program.h - a network as the accelerator runs it: an image of DDR with descriptors, tables and streams, and
 * where pictures go in and results come out.
 *
 * A program belongs to the configuration that it was compiled for. The image needs no relocation: its
 * addresses are offsets. Pictures and results lie elsewhere in DDR, those of one image behind those of the
 * other. Each result is a block; an image's blocks lie one behind the other:
 *
 *     pictures  | input.bytes | input.bytes | ..
 *     results   | outputs[0] | outputs[1] || outputs[0] | outputs[1] || ..     of image 0, of image 1, ..
 *               |<---- output_bytes ----->|
 */
#ifndef SNED_ACCEL_PROGRAM_PROGRAM_H
#define SNED_ACCEL_PROGRAM_PROGRAM_H

#include "accel/program/config.h"
#include "accel/program/descriptor.h"
#include "base/memory.h"
#include "graph/graph.h"

/* A tensor in a block of bytes: element (c, y, x) lies at ((c stride[0] + y mod stride[0]) stride[1] + x mod
 * stride[1]) plane + y / stride[0] pitch + x / stride[1]. Elements of 16 bits have their upper bytes `upper`
 * further on. Bytes that are no element are 0 in an input. */
struct layout {
    struct extent extent;
    int stride[2];
    int pitch, plane;
    bool is_signed, wide;
    int upper;
    int bytes; /* of the block, a multiple of DDR_WORD */
};

/* A result: an output of the network, or an activation that the host goes on from. */
struct program_output {
    int tensor; /* of the network that was compiled */
    struct layout layout;
    int64_t offset; /* bytes from the beginning of an image's results to this block */
};

/* What the activity of a descriptor's layer is reported under. */
struct program_layer {
    char *name; /* owned; of the node */
    enum op op;
    int64_t issued; /* entries that the lanes multiply for it, tile after tile */
};

struct accel_program {
    const struct accel_config *config;
    struct buffer image; /* data, then descriptors; a multiple of DDR_WORD bytes */
    int64_t list;        /* where the descriptors begin */
    int descriptor_count;
    int images; /* that the list works on */
    struct layout input;
    int output_count;
    struct program_output *outputs; /* [output_count]; owned: results.h says which */
    int64_t output_bytes;           /* of all results of an image */
    int layer_count;
    struct program_layer *layers; /* [layer_count]; owned */
    int host_first; /* nodes of the network from this one on are the host's, as are all endings */
    char *why;      /* owned; what the accelerator cannot do; NULL where it does all but the endings */
};

struct accel_request {
    int images;   /* of the list, at least 1; a list of several keeps all units at work */
    int parts;    /* of one image's Convs (parts.h): so many; 1: they stay whole; 0: as many as pay */
    bool to_host; /* what the accelerator cannot do, and all behind it, is left to the host */
};

/*
 * Compiles an integer graph (its endings are left to the host) into a list. SNED_ERROR_UNSUPPORTED names the
 * layer that cannot be placed, and why, where the host does not take it or nothing remains; *program is then
 * empty.
 */
sned_status accel_compile(struct accel_program *program, const struct graph *graph,
                          const struct accel_config *config, const struct accel_request *request,
                          sned_error *error);
/* Is there a way to compile an operator? Where not, why: a sentence for users. An ending is the host's. */
bool accel_compiles(enum op op);
const char *accel_reason(enum op op);
void accel_program_free(struct accel_program *program);

/* Elements of the tensor. A picture's integers [C][H][W] (int8 or uint8) into a block of layout->bytes, and a
 * block's elements out of it. */
size_t layout_element_count(const struct layout *layout);
void layout_pack(uint8_t *block, const struct layout *layout, const uint8_t *elements);
void layout_unpack(int16_t *elements, const struct layout *layout, const uint8_t *block);

#endif
