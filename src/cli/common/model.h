/*
 * model.h - a model of either kind (.onnx float, .sned integer) as the commands see it, and data in its
 * shape.
 */
#ifndef SNED_CLI_COMMON_MODEL_H
#define SNED_CLI_COMMON_MODEL_H

#include "base/report.h"
#include "cli/options/options.h"
#include "codec/codec.h"
#include "graph/graph.h"
#include "io/data/dataset.h"
#include "train/train.h"

/* Told apart by content, not by name. */
struct model {
    const char *path;
    struct graph *graph;           /* owned; graph->integer where it came from a .sned file */
    struct layer_storage *storage; /* owned; of a .sned file's Conv and Gemm, else NULL */
    int storage_count;
    uint64_t bytes;   /* of the file */
    bool told_labels; /* which output they are for has been said */
};
/* The output that --head names comes first. Overrides of the preprocessing (--mean ...) are put into the
 * graph's input rule, the names of --labels in place of its own. */
sned_status model_load(struct model *model, const char *path, const struct options *options,
                       const struct reporter *reporter, sned_error *error);
void model_free(struct model *model);

/* Pictures are coming: a float network that they fit and that names no preprocessing gets pixels as they are
 * (mean 0, scale 1), and a message says so. */
void model_assume_pictures(struct model *model, const struct reporter *reporter);

/* Gives a graph without names for its classes those of the data set. */
sned_status model_name_classes(struct graph *graph, const struct dataset *dataset,
                               const struct reporter *reporter, sned_error *error);

int graph_class_count(const struct graph *graph);
const char *graph_label(const struct graph *graph, int index); /* or NULL */

/* The data set `spec` in the graph's input shape, and all its indices (owned, free()). Pictures come as for
 * model_assume_pictures; values are the network's input as they are. */
struct images {
    struct dataset *dataset;
    uint32_t *indices;
    size_t count;
};
sned_status images_open(struct images *images, const char *spec, enum split split, struct model *model,
                        const struct options *options, const struct reporter *reporter, sned_error *error);
/* To look at its pictures or values alone: they need no labels (dataset_has_labels). */
sned_status images_open_pictures(struct images *images, const char *spec, enum split split,
                                 struct model *model, const struct options *options,
                                 const struct reporter *reporter, sned_error *error);
void images_free(struct images *images);

/* Accuracy of a graph of either kind; answers: struct evaluate_options. */
sned_status model_evaluate(struct graph *graph, struct images *images, const struct options *options,
                           const struct reporter *reporter, int32_t *answers, struct evaluation *evaluation,
                           sned_error *error);

/* --threads, or all processors. */
int option_threads(const struct options *options);

#endif
