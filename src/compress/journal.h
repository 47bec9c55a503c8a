/*
 * journal.h - what a compression has done: a record for each of its steps, in their order.
 *
 *     steps that the phases ask for     baseline   retrain   scan   cut   cut   cut   cut ..
 *     records                           [ measure ][ .. ]   [ .. ][ .. ][ .. ]
 *                                                     ^ position: those before it are answered in this run
 *
 * A step that is done appends what came of it. After a kill the same phases run again from the start, and
 * each step takes its answer from its record until the journal ends; from there on steps are done. In a
 * checkpoint a journal is bytes, written field by field, little-endian, with a version in front.
 */
#ifndef SNED_COMPRESS_JOURNAL_H
#define SNED_COMPRESS_JOURNAL_H

#include "base/bytes.h"
#include <stdbool.h>

/* On the held-out images. */
struct measure {
    double accuracy, loss; /* percent, mean cross-entropy */
};

enum cut_outcome { CUT_TAKEN_BACK, CUT_KEPT, CUT_ON_TRIAL };

/* The network as it was given. */
struct baseline_record {
    struct measure measure;
};

/* How far one layer may be cut at first. */
struct scan_record {
    double first; /* density */
};

/* A cut, with the retraining after it. */
struct cut_record {
    struct measure pruned, retrained;
    enum cut_outcome outcome;
    int rollbacks; /* of the retraining: each has quartered the rate */
};

/* A retraining without a cut. */
struct retraining_record {
    struct measure before, after;
    bool kept;
    int rollbacks;
};

/* A point of the curve of bytes against accuracy; times in seconds. */
struct point_record {
    struct measure measure; /* of the integer network */
    double bytes, bare;     /* of the file; of one in which all weights are 0 */
    double asked;           /* of the training: bytes of weights and biases; 0: it was not one */
    double lambda, epochs;  /* of the training */
    double elapsed;         /* since the start, in all runs */
    double measuring;       /* of making the file and measuring, without the training */
    double epoch_seconds;
};

/* The numbers stand in checkpoints. */
enum record_kind {
    RECORD_BASELINE = 1,
    RECORD_SCAN = 2,
    RECORD_CUT = 3,
    RECORD_RETRAINING = 4,
    RECORD_POINT = 5
};

struct record {
    enum record_kind kind;
    union {
        struct baseline_record baseline;
        struct scan_record scan;
        struct cut_record cut;
        struct retraining_record retraining;
        struct point_record point;
    } u;
    uint64_t
        *kept; /* [layer_count]: weights of each layer after the step; owned where the journal holds it */
};

struct journal {
    int layer_count;
    struct record *records; /* owned; [count] */
    size_t count, position;
    double seconds; /* of work that the records took, in all runs together */
};

/* Whether this run has come to no further than the journal's end. */
bool journal_is_at_end(const struct journal *journal);
/* The record of the step that is asked for now, of this kind, and on to the next one; *record NULL at the
 * end. SNED_ERROR_DATA where the record is of another kind, so that it cannot be of this run. */
sned_status journal_replay(struct journal *journal, enum record_kind kind, const struct record **record,
                           sned_error *error);
/* Appends a copy of `record`; the journal is then at its end. */
sned_status journal_append(struct journal *journal, const struct record *record, sned_error *error);

void journal_write(const struct journal *journal, struct writer *writer);
/* Into an empty journal of `layer_count` layers. SNED_ERROR_VERSION: written by another version of sned. */
sned_status journal_read(struct journal *journal, const void *data, size_t size, sned_error *error);
void journal_free(struct journal *journal);

#endif
