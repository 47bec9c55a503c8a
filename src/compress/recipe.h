/*
 * recipe.h - every choice of the compressor in one structure, and the YAML file that sets it
 * (docs/recipe.md).
 *
 * recipe_defaults gives a recipe that works without a file; recipe_read reads a file over those defaults, and
 * refuses keys of the other method.
 * A layer's own rules override those of its kind, which override the recipe's.
 */
#ifndef SNED_COMPRESS_RECIPE_H
#define SNED_COMPRESS_RECIPE_H

#include "base/bytes.h"
#include "base/error.h"
#include "compress/prune/structure.h"
#include "graph/graph.h"
#include "train/train.h"

/* How a network is made small (docs/method.md): trained with the bytes of its file in the loss, or, as in the
 * paper, cut layer by layer and retrained. Each has keys of its own. */
enum method { METHOD_RATE, METHOD_PAPER };

/* Which layer is cut first (docs/method.md). */
enum order { ORDER_REVERSED, ORDER_FORWARD, ORDER_JOINT };

enum { RECIPE_NAME_SIZE = 128, RECIPE_MAX_RULES = 4096 };

/* Method rate: how a network is trained to a size. What is 0 (and a shift of -1) is chosen by the network and
 * the number of images (docs/recipe.md). */
enum flip { FLIP_AUTO, FLIP_NO, FLIP_YES };
struct recipe_train {
    double epochs; /* of one training from start to end */
    int batch;
    enum optimizer optimizer;
    float rate, step_rate; /* of weights; of the logarithms of steps, in rates */
    double start;          /* lambda of the rounding that it starts from */
    double lambda;         /* loss that a bit costs; 0: found for the bytes that are wanted */
    int shift;
    enum flip flip;
};

/* How the network is trained again after a cut. */
struct recipe_retrain {
    double epochs; /* after each cut; may be a fraction */
    int batch;
    float rate, momentum, decay;
    enum schedule schedule;
    int step_epochs;   /* schedule: step */
    float step_factor; /* schedule: step */
    struct augmentation augmentation;
};

/* How the largest sparsity of a layer is looked for. */
struct recipe_search {
    double step;   /* a cut keeps this share of what the layer still has */
    double finest; /* where a cut fails, smaller ones are tried until they keep more than this share */
    double first;  /* the first cut may raise the loss, before retraining, by this share */
    double saving; /* a cut must save this share of all weights left, or is not tried */
    int rounds;    /* of peak-pruning over all layers, at most */
};

/* Retraining before the first cut, so that the held-out images are forgotten (settle.c). */
struct recipe_settle {
    double epochs; /* of a pass */
    int passes;    /* at most */
};

/* The unpruned network as a teacher of every retraining (teach.c). */
struct recipe_distill {
    double weight; /* of the teacher in the loss, 0: none, 1: alone, without labels */
    double temperature;
    double mix; /* share of images that are mixtures of two (train/mix.h); -1: to be found */
};

/* The last retraining in float, and the quantization after it. */
struct recipe_finish {
    double epochs; /* 0: none */
    float rate;
};
struct recipe_quantize {
    int images;    /* for calibration */
    double epochs; /* quantization-aware retraining; 0: none */
    float rate;
};

/* What is different for one layer, or for all layers of a kind. */
struct recipe_rule {
    char layer[RECIPE_NAME_SIZE]; /* a node's name; "" where `kind` is meant */
    char kind[8];                 /* "conv" or "fc" */
    double density;               /* cut to exactly this; 0: not said, searched for */
    double min_density;           /* never below this; 0: not said, as sparse as it can become */
    int skip;                     /* 1: never cut; 0: cut; -1: not said */
    int bits;                     /* of a weight: 8; 0: not said */
    struct structure structure;
};

struct recipe {
    enum method method;
    double max_drop;    /* points of accuracy on the held-out images */
    double holdout;     /* share of the training images that steers and never trains */
    int holdout_images; /* and at most so many */
    enum order order;
    bool peak;                  /* peak-pruning after the first phase */
    double target_kept;         /* share of all weights to keep, in place of a search; 0: search */
    int target_cuts;            /* with target_kept: retrainings for each layer */
    char saliency[32];          /* saliency.h */
    double regrow;              /* share of a layer's weights that others take the place of, after a cut */
    struct structure structure; /* of layers of which no rule says it */
    bool conv_pairs;            /* --target zcu104: where that is unstructured, Convs are cut in pairs */
    struct recipe_train train;
    struct recipe_settle settle;
    struct recipe_retrain retrain;
    struct recipe_distill distill;
    struct recipe_search search;
    struct recipe_finish finish;
    struct recipe_quantize quantize;
    struct recipe_rule *rules; /* owned */
    int rule_count;
    char *path; /* owned; the file it came from, for messages; NULL: none */
    /* The key that made a file without `method` one of method paper, as a recipe of the first version is; ""
     * where none did. */
    char implied_by[RECIPE_NAME_SIZE];
};

void recipe_defaults(struct recipe *recipe, enum method method);
/* On failure *recipe holds nothing that must be freed. One line names file and key. */
sned_status recipe_read(struct recipe *recipe, const char *path, sned_error *error);
void recipe_free(struct recipe *recipe); /* NULL is fine */

/* What the rules say of one Conv or Gemm: its own rule's fields over its kind's. */
struct recipe_rule recipe_rule_for(const struct recipe *recipe, const struct node *node);
/* Every rule must match a layer of the graph that can be pruned; else SNED_ERROR_ARGUMENT names file and
 * layer. */
sned_status recipe_check(const struct recipe *recipe, const struct graph *graph, sned_error *error);

/* Every field that changes the result, for a checkpoint's key. */
void recipe_write(const struct recipe *recipe, struct writer *writer);

const char *recipe_order_name(enum order order); /* "reversed", "forward", "joint" */

#endif
