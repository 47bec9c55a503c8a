/*
 * outcome.h - the end of compress and pack: the integer network into its file, and the table of what it cost.
 */
#ifndef SNED_CLI_COMMON_OUTCOME_H
#define SNED_CLI_COMMON_OUTCOME_H

#include "cli/common/layers.h"
#include "cli/common/model.h"

struct outcome {
    uint64_t weights, kept;         /* before (0: as many as the integer network has), and not 0 after */
    uint64_t bytes_before;          /* of the float network's parameters, 4 bytes each */
    uint64_t bytes;                 /* of the whole .sned file */
    double top1_before, top1_after; /* percent; negative: not measured */
    const char *accuracy_on;        /* which images: "test", ...; NULL: none */
    bool is_agreement;              /* with the network before, in place of accuracy */
    struct layer_storage *storage;  /* owned */
    int storage_count;
};
/* What can be known to be wrong before the work: --output (check_output), --report, --format. */
sned_status outcome_check(const struct options *options, sned_error *error);
/* Packs `integer` into options->output (weights in --format's format, if given) and fills the sizes. */
sned_status outcome_write(struct outcome *outcome, const struct graph *integer, const struct options *options,
                          sned_error *error);
/* Weights of all Conv and Gemm. */
uint64_t outcome_weights(const struct graph *graph);
/* Bytes of the file that `integer` would be written as; nothing is written. */
sned_status outcome_rehearse(uint64_t *bytes, const struct graph *integer, const struct options *options,
                             sned_error *error);
/* The table, or the JSON object with `extra`'s keys (stolen; may be NULL) added. */
sned_status outcome_print(const struct outcome *outcome, const struct graph *integer,
                          const struct options *options, json_t *extra, sned_error *error);
void outcome_free(struct outcome *outcome);

/* {"tool": "sned 0.1.0", "command": ...}: how the file came to be, into the graph. */
sned_status set_provenance(struct graph *graph, const char *command, const char *source,
                           const struct options *options, sned_error *error);

#endif
