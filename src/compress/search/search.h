/*
 * search.h - method rate: a network trained to the size, or the accuracy, that was asked for.
 *
 *     start       batch norms folded, activations calibrated, weights rounded as the loss likes      start.c
 *     reference   what the accuracy of the network as given is worth on the held-out images    reference.c
 *     point       a training that aims at so many bytes, and what came of it: the file's real
 *                 bytes, the integer network's accuracy                                            point.c
 *     next        a size or an accuracy was asked for: which bytes to aim at now, for how long      next.c
 *
 *        drop |                                 each point is trained on from the best one so far,
 *             |   x                             which is what the checkpoint holds; the curve decides
 *     allowed |- - -.- x- - - - - - - -         where the next one lies
 *             |        .   x      x (start)
 *             +------------------------ bytes
 *
 * As in method paper every step is a record of the journal, and what is decided follows from records alone,
 * times included: after a kill the same points come in the same order.
 */
#ifndef SNED_COMPRESS_SEARCH_SEARCH_H
#define SNED_COMPRESS_SEARCH_SEARCH_H

#include "compress/aim/size.h"
#include "compress/compression.h"
#include "compress/rate/rate.h"

/* compress_paper's twin (compress.h): the same arguments, the same promises. Where a target is not met,
 * *integer is the nearest network and result->missed says what it lacks. */
sned_status compress_rate(struct graph **integer, struct graph *graph, struct dataset *dataset,
                          const struct compress_options *options, struct compress_result *result,
                          sned_error *error);

/* Whether the targets are within reach of `graph`, of whose rehearsal (compress.h) `integer` came:
 * SNED_ERROR_LIMIT where the file cannot be so small whatever its weights are, or where the network itself is
 * not so accurate on the held-out images. */
sned_status search_check_targets(const struct compress_options *options, struct graph *graph,
                                 const struct graph *integer, struct dataset *dataset, sned_error *error);

/* ---- below: for the files of this room ---- */

struct target {
    double bytes; /* of the file, at most; 0: any */
    double drop;  /* points below the reference, at most; INFINITY: any */
};

struct rate_search {
    struct compression compression;
    struct compress_options options; /* the caller's, with a recipe that has no open question */
    struct target target;
    char *inner_checkpoint; /* owned; the file of what is inside a training; NULL: none */
    double said_epochs;     /* the caller's recipe's; 0: none */
    int best;               /* of the result's points: what the network is now; -1: none yet */
    /* As of the last record: */
    double elapsed, measuring; /* seconds since the start; that a point takes besides its training */
    double lambda;             /* at the end of its training, where the next one begins */
    double bare;               /* bytes of a file without weights */
    struct size_aim sizes;     /* what trainings were asked for, and what their files had, beyond that */
};

/* target.c */
struct target target_find(const struct compress_options *options, const struct measure *reference);
/* Whether what is looked for is the fewest bytes of an accuracy, and not a size or what a price leads to. */
bool search_seeks_accuracy(const struct rate_search *search);
bool target_is_met(const struct rate_search *search, const struct curve_point *point);
bool target_prefers(const struct rate_search *search, const struct curve_point *point,
                    const struct curve_point *other);
/* What a network's file is when all its weights and biases are 0: nothing else can be trained away. */
sned_status target_bare_bytes(double *bytes, const struct graph *integer,
                              const struct compress_options *options, sned_error *error);
void target_tell_missed(const struct rate_search *search, char *line, size_t size);

/* start.c: where a size alone is asked for, one for which the network is far too wide, units leave it. */
sned_status search_narrow(struct rate_search *search, sned_error *error);
/* The network calibrated, its weights on the grids that training starts from; the price of a bit by which
 * they were chosen. */
sned_status search_start(struct rate_search *search, double *price, sned_error *error);
/* The best network rounded as coarsely as the accuracy that was asked for allows. */
sned_status search_round(struct rate_search *search, double *price, sned_error *error);

/* file.c: */
/* What the file of a graph takes that is rounded, or to be rounded, and calibrated. */
sned_status search_bytes(const struct rate_search *search, const struct graph *graph, double *bytes,
                         sned_error *error);
/* The network as it is now, as it goes into a file: dead parts removed, lowered. */
sned_status search_lower(const struct rate_search *search, struct graph **integer, sned_error *error);

/* reference.c */
sned_status search_reference(struct rate_search *search, sned_error *error);

/* point.c: one more of the curve. `aim` has epochs 0 for a network that is rounded and not trained: the
 * first, and the best one once more. */
struct aim {
    double bytes, epochs;
    double seconds; /* 0: as long as the epochs take */
};
sned_status search_point(struct rate_search *search, const struct aim *aim, sned_error *error);
/* Points that one may still lose. */
double search_slack(const struct rate_search *search, const struct curve_point *point);
/* Points below the reference, estimated: judge.c */
double search_drop(const struct rate_search *search, const struct curve_point *point);

/* next.c: false where the search has ended. */
bool search_next(const struct rate_search *search, struct aim *aim);

/* plan.c: what the recipe leaves open, filled in for a network on so many images, which goes to a size that
 * was said or wherever its accuracy bears. */
sned_status plan_training(struct recipe *recipe, const struct graph *graph, size_t images, bool to_size,
                          sned_error *error);
/* How long the next training shall be: a share of a whole one or, with a time budget, of the time that is
 * left; false: that is none worth it. */
bool plan_effort(const struct rate_search *search, double share, double of_time, struct aim *aim);
/* All that is the same of each training. */
struct rate_options plan_rate_options(const struct rate_search *search);

#endif
