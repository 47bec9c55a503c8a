/*
 * emit.h - puts a program together: descriptors in order with their tokens, and the data that loads point to.
 *
 * Computations follow one another: where two neighbours belong to different units, a token goes from the
 * first to the second. Loads of tables run ahead: a load waits until so many Convs are done that nothing
 * still reads what it overwrites, and a Conv until its tables are there.
 */
#ifndef SNED_ACCEL_EMIT_H
#define SNED_ACCEL_EMIT_H

#include "accel/program.h"

struct emitter {
    struct accel_program *program;
    struct buffer descriptors, data;
    int last;    /* index of the last computation's descriptor; -1: none */
    int count;   /* of descriptors */
    int convs;   /* so far */
    int awaited; /* Convs of whose ends loads have taken the token */
    int tables;  /* LRNs so far, */
    int awaited_tables;
};

void emitter_free(struct emitter *emitter);

/* Room for `words` of 16 bytes of data; *address is a load's `address`, *bytes valid until the next call. */
sned_status emit_data(struct emitter *emitter, int words, int64_t *address, uint8_t **bytes,
                      sned_error *error);

/* A load that begins when the first `after` Convs of the program are done. `post`: units that get a token. */
sned_status emit_load(struct emitter *emitter, int layer, const struct load_work *load, int after,
                      unsigned post, sned_error *error);
/* A Conv, Vector or Store behind all computations before it; `wait`, `post`: besides. */
sned_status emit_work(struct emitter *emitter, struct descriptor *descriptor, sned_error *error);
/* Takes what tokens are left, and ends the list. The program gets its image. */
sned_status emit_end(struct emitter *emitter, sned_error *error);

#endif
