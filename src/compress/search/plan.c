/*
 * plan.c - how a network is trained that nobody has said it of, and how long; see docs/recipe.md.
 *
 * Rate of Adam: 1e-3 up to four layers, below that in proportion to them: 2e-4 for the 22 of ResNet-20, whose
 * weights would jump over the edges of their steps at more. SGD: as training would go on (settings.c).
 *
 * Rate of steps' logarithms: 1e-3 whatever the depth. At a fifth of that ResNet-20 got to 98 KB in 3 epochs
 * that were to get to 55, and at 1.4e-3 to 60. Where training begins near its size steps have no way to go,
 * and at that rate they run ahead of their weights: the rate of weights then.
 *
 * Teacher: a network of more than four layers is taught by what it was, since it has learnt its images by
 * heart and their labels tell it nothing new; 0.9 of the loss at temperature 3, as ResNet-20 was in the
 * prototype (docs/method.md). Shallow ones, which lose more than the teacher can tell, learn from the labels.
 *
 * Epochs of one training: two million images seen, or 3e13 multiply-accumulates of forward passes, which is
 * twenty minutes of two cores; 3 to 100 epochs. A time budget takes the place of all that.
 */
#include "compress/search/search.h"
#include "train/settings.h"

#include <math.h>

static const double IMAGES_SEEN = 2e6, FORWARD_MACS = 3e13, MOST_EPOCHS = 100, LEAST_EPOCHS = 3,
                    MOST_EPOCHS_IN_TIME = 10000;
static const double ADAM_RATE = 1e-3, TEACHER_WEIGHT = 0.9, TEACHER_TEMPERATURE = 3, MIXED = 0.5;
enum { SHALLOW = 4, BATCH = 128, LEAST_BATCH = 16, LEAST_STEPS = 32 };

static double layers_of(const struct graph *graph, double *macs)
{
    double layers = 0;
    *macs = 1;
    for (int n = 0; n < graph->node_count; n++) {
        layers += sned_node_has_weights(&graph->nodes[n]);
        *macs += (double)sned_node_macs(graph, &graph->nodes[n]);
    }
    return layers;
}

static void plan_augmentation(struct recipe_train *train, const struct augmentation *usual)
{
    if (train->shift < 0)
        train->shift = usual->shift;
    if (train->flip == FLIP_AUTO)
        train->flip = usual->flip ? FLIP_YES : FLIP_NO;
}

static void plan_teacher(struct recipe_distill *distill, double layers)
{
    if (distill->weight < 0) {
        distill->weight = layers > SHALLOW || distill->mix > 0 ? TEACHER_WEIGHT : 0;
        distill->temperature = TEACHER_TEMPERATURE;
    }
    if (distill->mix < 0)
        distill->mix = distill->weight > 0 ? MIXED : 0;
}

struct rate_options plan_rate_options(const struct rate_search *search)
{
    const struct compression *compression = &search->compression;
    const struct recipe *recipe = &search->options.recipe;
    const struct recipe_train *train = &recipe->train;
    return (struct rate_options){.epochs = train->epochs,
                                 .batch = train->batch,
                                 .rate = train->rate,
                                 .optimizer = train->optimizer,
                                 .augmentation = {.flip = train->flip == FLIP_YES, .shift = train->shift},
                                 .step_rate = train->step_rate,
                                 .lambda = search->lambda,
                                 .keep_fractions = compression->teacher != NULL,
                                 .teacher = compression->teacher,
                                 .teacher_weight = recipe->distill.weight,
                                 .temperature = recipe->distill.temperature,
                                 .mix = recipe->distill.mix,
                                 .seed = search->options.seed * 1000003 + compression->journal.position,
                                 .threads = search->options.threads};
}

sned_status plan_training(struct recipe *recipe, const struct graph *graph, size_t images, bool to_size,
                          sned_error *error)
{
    struct recipe_train *train = &recipe->train;
    struct train_options usual;
    double macs;
    const double layers = layers_of(graph, &macs);
    SNED_TRY(train_settings(&usual, graph, images, true, error));
    plan_augmentation(train, &usual.augmentation);
    plan_teacher(&recipe->distill, layers);
    if (train->batch == 0)
        for (train->batch = BATCH; train->batch > LEAST_BATCH && (size_t)train->batch * LEAST_STEPS > images;)
            train->batch /= 2;
    if (train->rate == 0)
        train->rate =
            train->optimizer == OPTIMIZER_SGD ? usual.rate : (float)(ADAM_RATE * fmin(1, SHALLOW / layers));
    if (train->step_rate < 0) {
        const bool is_near = to_size && recipe->distill.weight > 0; /* start.c */
        train->step_rate =
            train->optimizer == OPTIMIZER_SGD || is_near ? 1 : (float)fmax(1, layers / SHALLOW);
    }
    if (train->epochs == 0)
        train->epochs = fmax(
            LEAST_EPOCHS, fmin(MOST_EPOCHS, floor(fmin(IMAGES_SEEN, FORWARD_MACS / macs) / (double)images)));
    /* Retraining without pressure, for the reference. */
    recipe->retrain = (struct recipe_retrain){.batch = usual.batch,
                                              .rate = usual.rate,
                                              .momentum = usual.momentum,
                                              .decay = usual.decay,
                                              .schedule = usual.schedule,
                                              .augmentation = usual.augmentation};
    return SNED_OK;
}

/* ---- time ---- */

/* Of a time budget, what is kept for what cannot be foreseen, and the least that is worth a training. */
static const double reserve = 0.02, least_share = 0.03;

bool plan_effort(const struct rate_search *search, double share, double of_time, struct aim *aim)
{
    const double budget = search->options.time_budget, epochs = search->options.recipe.train.epochs * share;
    *aim = (struct aim){.bytes = aim->bytes, .epochs = epochs};
    if (budget <= 0)
        return true;
    const double left = budget * (1 - reserve) - search->elapsed - 2 * search->measuring;
    aim->seconds = left * of_time;
    if (search->said_epochs == 0)
        aim->epochs = MOST_EPOCHS_IN_TIME;
    return aim->seconds >= least_share * budget;
}
