/*
 * facts.h - what a run of compress or pack did, as plain data: what the page of --report is made from.
 *
 * Nothing here knows of HTML, nothing that makes the page knows of graphs. What is not known is NAN, 0 or
 * NULL, and the page then does not speak of it.
 */
#ifndef SNED_CLI_REPORT_FACTS_H
#define SNED_CLI_REPORT_FACTS_H

#include "cli/contents/histogram.h"
#include "codec/codec.h"
#include "compress/compress.h"
#include <stdbool.h>

struct report_layer {
    char *name; /* owned */
    const char *op, *format;
    int shape_before[4], shape[4]; /* [out][in / groups][kernel h][kernel w] */
    uint64_t weights_before;       /* of the float network */
    uint64_t weights, kept;        /* of the packed one; 0, 0: the layer was removed */
    uint64_t bytes;
    double parts[PART_COUNT];   /* as in struct layer_storage */
    double divergence, changed; /* sensitivity.h; NAN: not measured */
    /* By value, on one scale: of the float network, batch norms folded; of the packed one without zeros. */
    struct weight_histogram before, after;
};

struct report_facts {
    const char *command; /* "compress", "pack" */
    char *command_line;  /* owned, as all texts that are not const */
    char *network, *model, *data, *output;
    const char *accuracy_on; /* which images: "test"; NULL: accuracy was not measured */
    bool is_agreement;       /* with the network as given, in place of accuracy */
    double began;            /* on the clock */
    long seed;
    int threads;
    bool repeats; /* the same command gives the same bytes: no time was set */
    double seconds;
    double measuring_seconds;     /* that the layers' divergences may take; 0: any */
    uint64_t bytes_before, bytes; /* every parameter as float32; the whole file */
    uint64_t kept;
    double top1_before, top1; /* percent, on images that steered nothing */
    double steered_before;    /* percent: the float network on the images that steered; NAN: not measured */
    double wanted_bytes, wanted_accuracy; /* NAN: nobody asked */
    struct report_layer *layers;          /* owned */
    int layer_count;
    int measured_on;            /* images that the layers' divergences are of */
    struct curve_point *points; /* owned, in the order in which they were made */
    int point_count;
    bool points_are_weights; /* that were kept, in place of bytes: of networks that were never packed */
    char **decisions;        /* owned; what was done and why, a sentence each */
    int decision_count;
    struct reporter listened; /* the one that report_listen stands before */
    sned_status heard;        /* of keeping its lines */
};
/* One more sentence. */
sned_status report_tell(struct report_facts *facts, sned_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* By its name; NULL where there is none. */
struct report_layer *report_layer_find(const struct report_facts *facts, const char *name);
void report_facts_free(struct report_facts *facts);

#endif
