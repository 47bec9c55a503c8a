/*
 * rate.c - see rate.h: the course of rate-aware training, as the guide of train_network.
 *
 *     share of the way    0 ............. 30 % ..... 50 % .. 60 % ........ 85 % ....... 100 %
 *     learning rate       constant ................. half a cosine to 0 ...................
 *     lambda, said        rises linearly  stays ..........................................
 *     lambda, controlled  towards bytes that fall geometrically  near the target       to the target
 *     zeros               come and go ......................................... stay zeros
 *
 * Costs are made anew from the integers every so many steps, and lambda with every second look at them. At
 * the start of each epoch, and before the zeros are frozen, activations are calibrated anew: as weights go,
 * ranges change much.
 * Layers that are to be balanced (graph.h) are, from 30 % on, at the start of each epoch, by zeros that
 * may come back, and for good when zeros are frozen.
 */
#include "compress/rate/rate.h"
#include "base/hash.h"
#include "base/memory.h"
#include "compress/quantize/quantize.h"
#include "compress/rate/fractions.h"
#include "compress/rate/shrink.h"
#include "compress/rate/trim.h"

#include <math.h>
#include <stdlib.h>

static const double RISE_END = 0.3, BALANCE_FROM = 0.3, COSINE_BEGIN = 0.5, TARGET_AT = 0.6, FREEZE_AT = 0.85,
                    MEASURE_EVERY = 0.04;
/* What is lost from when zeros are frozen to the end: of the weights that jump over the edge of 0 those go
 * that are 0 just then, and none comes; the longer, the more, up to so much of a logarithm. Trainings of
 * LeNet-300-100, LeNet-5 and a network of five classes lost 7, 9, 8, 13 and 15 to 17 % in 322, 387, 525, 1290
 * and 2130 steps at a rate of 1e-3; ResNet-20 5 % in 970 at 2e-4, AlexNet nothing in 96 at 5e-4. Weights of
 * a network that grows, or stays, are on no such edge: all of that is lost by one that shrinks by as much as
 * FROZEN_SHRINKS, of a logarithm. */
static const double FROZEN_LOSS = 0.165, FROZEN_STEPS = 800, FROZEN_RATE = 1e-3, FROZEN_SHRINKS = 0.25;
static const double CONTROL_POWER = 0.5, CONTROL_TREND = 4,
                    CONTROL_LIMIT = 0.2;                      /* of one change of log lambda */
static const double LEAST_LAMBDA = 1e-10, MOST_LAMBDA = 1e-4; /* the least is none to a large network too */
enum { LOOK_STEPS = 50, LOOKS = 200, CALIBRATION_IMAGES = 500 };

/* What a checkpoint keeps of the course; its numbers without padding. */
struct rate_state {
    double at;      /* share of the way done */
    double seconds; /* that training has taken in all processes; only looked at with a time budget */
    double lambda;
    double begun_bytes; /* of the network as given */
    double last_excess; /* log of bytes over what was wanted, when lambda was last set */
    double measured_at; /* the share of the way at which bytes were last measured */
    double real_share;  /* bytes that they were, for one estimated */
    uint64_t frozen;
    uint8_t kept[]; /* units of the network as given that are left */
};

struct course {
    struct graph *graph; /* owned: a copy of the caller's, which shrinks where it can */
    bool can_shrink;
    struct dataset *dataset;
    const uint32_t *indices;
    size_t count;
    const struct rate_options *options;
    struct rate_layers layers;
    struct rate_state *state; /* owned, with all that it keeps: state_size bytes */
    size_t state_size;
    struct units_left left;
    double seconds_before; /* state->seconds when this process began */
    size_t first_step;     /* of this process; SIZE_MAX: none yet */
    double length;         /* steps of the whole way, as far as is known */
};

struct rate_options rate_defaults(void)
{
    return (struct rate_options){.epochs = 30,
                                 .batch = 128,
                                 .rate = 1e-3f,
                                 .optimizer = OPTIMIZER_ADAM,
                                 .step_rate = 1,
                                 .lambda = 1e-6,
                                 .temperature = 3,
                                 .seed = 1};
}

/* Of deep networks, where what biases are off by adds up. */
static const double FINE_BITS = 256;

/* The graph's layers, or those of the graph with other shapes. */
static sned_status find_layers(struct course *course, sned_error *error)
{
    rate_layers_free(&course->layers);
    SNED_TRY(rate_layers_find(&course->layers, course->graph, error));
    if (course->options->teacher)
        course->layers.fine_bits = FINE_BITS;
    return SNED_OK;
}

/* ---- activations ---- */

/* The graph's activations, calibrated with the weights that it has; steps of biases follow. */
static sned_status calibrate(struct course *course, sned_error *error)
{
    const struct calibration_options how = {.images = CALIBRATION_IMAGES,
                                            .threads = course->options->threads};
    const struct calibration_images images = {
        .dataset = course->dataset, .indices = course->indices, .count = course->count};
    SNED_TRY(quantize_calibrate(course->graph, &images, &how, error));
    rate_layers_give_bias_steps(&course->layers, course->graph);
    return SNED_OK;
}

/* The same in the middle of training: with the weights as they are rounded now. */
static sned_status calibrate_rounded(struct course *course, struct executor *executor, sned_error *error)
{
    SNED_TRY(executor_store(executor, error));
    rate_layers_round(&course->layers, course->graph);
    SNED_TRY(calibrate(course, error));
    SNED_TRY(executor_store(executor, error));
    return executor_load(executor, error);
}

/* ---- the course ---- */

static double learning_rate(double at)
{
    return at < COSINE_BEGIN ? 1 : (1 + cos(M_PI * (at - COSINE_BEGIN) / (1 - COSINE_BEGIN))) / 2;
}

/* Steps between two looks at the integers: less in short runs. */
static size_t look_steps(const struct course *course)
{
    const size_t steps = (size_t)(course->length / LOOKS);
    return steps < 1 ? 1 : steps < LOOK_STEPS ? steps : LOOK_STEPS;
}

/* Bytes before zeros are frozen, for one that is wanted at the end. */
static double before_freezing(const struct course *course)
{
    const double steps = (1 - FREEZE_AT) * course->length;
    const double shrinks = log(course->state->begun_bytes / course->options->target_bytes) / FROZEN_SHRINKS;
    const double jumps = sqrt(fmin(course->options->rate / FROZEN_RATE, 1));
    return exp(FROZEN_LOSS * jumps * (1 - exp(-steps / FROZEN_STEPS)) * fmin(fmax(shrinks, 0), 1));
}

static void control(struct course *course)
{
    struct rate_state *state = course->state;
    const double bytes = rate_layers_bytes(&course->layers) * state->real_share;
    const double target = course->options->target_bytes * (state->frozen ? 1 : before_freezing(course));
    const double way = fmin(1, state->at / TARGET_AT);
    const double wanted = state->begun_bytes * pow(target / state->begun_bytes, way);
    const double excess = log(bytes / wanted), trend = excess - state->last_excess;
    const double change = CONTROL_POWER * excess + CONTROL_TREND * trend;
    state->last_excess = excess;
    state->lambda *= exp(fmin(fmax(change, -CONTROL_LIMIT), CONTROL_LIMIT));
    state->lambda = fmin(fmax(state->lambda, LEAST_LAMBDA), MOST_LAMBDA);
}

/* What an estimated byte really is, for a network like this. */
static sned_status measure_bytes(struct course *course, struct executor *executor, sned_error *error)
{
    const struct rate_options *options = course->options;
    struct rate_state *state = course->state;
    double bytes;
    SNED_TRY(executor_store(executor, error));
    rate_layers_round(&course->layers, course->graph);
    rate_layers_round_biases(&course->layers, course->graph);
    SNED_TRY(options->measure_bytes(options->measure_context, course->graph, &bytes, error));
    state->real_share = bytes / rate_layers_bytes(&course->layers);
    state->measured_at = state->at;
    return executor_store(executor, error);
}

static sned_status look(struct course *course, const struct train_moment *moment, sned_error *error)
{
    const size_t every = look_steps(course);
    if (moment->step % every != 0)
        return SNED_OK;
    SNED_TRY(rate_layers_look(&course->layers, moment->executor, error));
    if (course->options->target_bytes == 0)
        return SNED_OK;
    if (course->options->measure_bytes && course->state->at >= course->state->measured_at + MEASURE_EVERY)
        SNED_TRY(measure_bytes(course, moment->executor, error));
    if (moment->step % (2 * every) == 0 && moment->step > 0)
        control(course);
    return SNED_OK;
}

/* Of layers that are to be balanced: zeros that may come back elsewhere, so that few go when zeros freeze. */
static sned_status balance(struct course *course, struct executor *executor, sned_error *error)
{
    SNED_TRY(executor_store(executor, error));
    SNED_TRY(rate_layers_balance(&course->layers, course->graph, error));
    return executor_load(executor, error);
}

static sned_status freeze(struct course *course, struct executor *executor, sned_error *error)
{
    SNED_TRY(balance(course, executor, error));
    SNED_TRY(calibrate_rounded(course, executor, error));
    SNED_TRY(rate_layers_mask(&course->layers, course->graph, error));
    SNED_TRY(executor_load(executor, error));
    course->state->frozen = 1;
    return rate_layers_look(&course->layers, executor, error);
}

/* Moves on by one step, of those that are left or, where that is less, of those that time is left for. */
static void move_on(struct course *course, struct train_moment *moment)
{
    struct rate_state *state = course->state;
    const double budget = course->options->time_budget;
    double left = (double)(moment->total - moment->step);
    if (course->first_step == SIZE_MAX)
        course->first_step = moment->step;
    if (!(budget > 0)) {
        course->length = (double)moment->total;
        state->at = (double)moment->step / (double)moment->total;
        return;
    }
    state->seconds = course->seconds_before + moment->seconds;
    const double done = (double)(moment->step - course->first_step);
    if (done > 0)
        left = fmax(fmin(left, (budget - state->seconds) / (moment->seconds / done)), 0);
    course->length = (double)moment->step + left;
    moment->stop = left < 1;
    if (moment->step > 0)
        state->at = fmin(state->at + (1 - state->at) / (left + 1), 1);
}

static sned_status before_step(void *context, struct train_moment *moment, struct update *update,
                               sned_error *error)
{
    struct course *course = context;
    struct rate_state *state = course->state;
    const bool controlled = course->options->target_bytes > 0;
    move_on(course, moment);
    if (moment->stop)
        return SNED_OK;
    if (!state->frozen && state->at >= FREEZE_AT)
        SNED_TRY(freeze(course, moment->executor, error));
    SNED_TRY(look(course, moment, error));
    update->rate = (float)(course->options->rate * learning_rate(state->at));
    update->lambda = (float)(controlled ? state->lambda : state->lambda * fmin(1, state->at / RISE_END));
    update->step_rate = course->options->step_rate;
    return SNED_OK;
}

static sned_status before_epoch(void *context, const struct train_moment *moment, sned_error *error)
{
    struct course *course = context;
    if (course->first_step == SIZE_MAX)
        course->seconds_before = course->state->seconds;
    if (course->state->at >= BALANCE_FROM && !course->state->frozen)
        SNED_TRY(balance(course, moment->executor, error));
    SNED_TRY(rate_layers_look(&course->layers, moment->executor, error));
    SNED_TRY(calibrate_rounded(course, moment->executor, error));
    SNED_TRY(rate_layers_look(&course->layers, moment->executor, error));
    if (moment->step > 0)
        return SNED_OK;
    if (course->options->target_bytes > 0 && course->options->measure_bytes)
        SNED_TRY(measure_bytes(course, moment->executor, error));
    course->state->begun_bytes = rate_layers_bytes(&course->layers) * course->state->real_share;
    return SNED_OK;
}

/* ---- units that do nothing ---- */

static sned_status reshape(void *context, const struct executor *executor, const float *remembered,
                           float **kept, size_t *count, sned_error *error)
{
    struct course *course = context;
    if (!course->can_shrink)
        return SNED_OK;
    SNED_TRY(shrink(course->graph, executor, remembered, &course->left, kept, count, error));
    return *kept ? find_layers(course, error) : SNED_OK;
}

static sned_status reshape_again(void *context, sned_error *error)
{
    struct course *course = context;
    if (!course->can_shrink)
        return SNED_OK;
    SNED_TRY(shrink_again(course->graph, &course->left, error));
    return find_layers(course, error);
}

/* ---- the whole ---- */

static sned_status check_options(const struct rate_options *options, sned_error *error)
{
    if (!(options->target_bytes >= 0) || !(options->lambda >= 0) || !(options->time_budget >= 0) ||
        !(options->step_rate >= 0))
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "a size, a price of bits, a time and a rate of steps are 0 or more");
    if (options->target_bytes > 0 && !(options->lambda > 0))
        return sned_fail(error, SNED_ERROR_ARGUMENT, "a size as target needs a first guess of lambda");
    return SNED_OK;
}

static sned_status check_graph(const struct graph *graph, sned_error *error)
{
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].op == OP_BATCH_NORMALIZATION)
            return sned_fail(error, SNED_ERROR_ARGUMENT,
                             "node '%.80s': batch norms are folded before rate-aware training",
                             graph->nodes[n].name);
    return SNED_OK;
}

static sned_status course_open(struct course *course, const struct graph *graph, sned_error *error)
{
    SNED_TRY(sned_graph_copy(&course->graph, graph, error));
    course->can_shrink = can_shrink(course->graph);
    SNED_TRY(find_layers(course, error));
    course->state_size = sizeof *course->state + units_given(&course->layers, course->graph);
    SNED_TRY(sned_alloc(&course->state, course->state_size, 1, error));
    course->state->lambda = course->options->lambda;
    course->state->real_share = 1;
    return units_left_open(&course->left, &course->layers, course->graph, course->state->kept, error);
}

static uint64_t course_key(const struct course *course)
{
    const struct rate_options *options = course->options;
    const double numbers[] = {options->rate,       options->step_rate, options->target_bytes,
                              options->most_bytes, options->lambda,    options->time_budget};
    uint64_t key = sned_hash(numbers, sizeof numbers);
    for (int i = 0; i < course->layers.count; i++) {
        const struct structure *structure =
            &course->graph->tensors[course->layers.layers[i].tensor].structure;
        const uint64_t words[] = {key, structure->kind, (uint64_t)structure->filters,
                                  (uint64_t)structure->channels};
        if (structure->kind > STRUCTURE_UNSTRUCTURED)
            key = sned_hash(words, sizeof words);
    }
    return key;
}

static sned_status run(struct course *course, struct train_result *trained, sned_error *error)
{
    const struct rate_options *o = course->options;
    const struct train_guide guide = {.reshape = reshape,
                                      .reshape_again = reshape_again,
                                      .before_epoch = before_epoch,
                                      .before_step = before_step,
                                      .context = course,
                                      .state = course->state,
                                      .state_size = course->state_size,
                                      .key = course_key(course)};
    struct train_options options = train_defaults();
    options.epochs = o->epochs;
    options.batch = o->batch;
    options.rate = o->rate;
    options.optimizer = o->optimizer;
    options.decay = 0;
    options.augmentation = o->augmentation;
    options.quantize_weights = true;
    options.learn_steps = true;
    options.guide = &guide;
    options.teacher = o->teacher;
    options.teacher_weight = o->teacher_weight;
    options.temperature = o->temperature;
    options.mix = o->mix;
    options.seed = o->seed;
    options.threads = o->threads;
    options.checkpoint = o->checkpoint;
    options.reporter = o->reporter;
    return train_network(course->graph, course->dataset, course->indices, course->count, &options, trained,
                         error);
}

/* Weights and biases on their grids, without units that do nothing. What dead filters make is as the integers
 * have it: activations are calibrated before that, and again for what is left. */
static sned_status finish(struct course *course, sned_error *error)
{
    rate_layers_round(&course->layers, course->graph);
    SNED_TRY(rate_layers_count(&course->layers, course->graph, error));
    SNED_TRY(calibrate(course, error));
    rate_layers_round_biases(&course->layers, course->graph);
    if (course->can_shrink)
        SNED_TRY(shrink_for_good(course->graph, &course->left, error));
    SNED_TRY(find_layers(course, error));
    SNED_TRY(rate_layers_count(&course->layers, course->graph, error));
    SNED_TRY(calibrate(course, error));
    rate_layers_round_biases(&course->layers, course->graph);
    return rate_layers_count(&course->layers, course->graph, error);
}

/* Into the network as given. */
static sned_status give_result(struct course *course, struct graph *graph, sned_error *error)
{
    struct graph *unrounded = NULL;
    sned_status status;
    if (course->options->most_bytes > 0 && course->options->measure_bytes)
        SNED_TRY_DONE(rate_trim(&course->layers, course->graph, course->options, error));
    if (course->options->keep_fractions) {
        SNED_TRY_DONE(sned_graph_copy(&unrounded, graph, error));
        grow_back(unrounded, course->graph, &course->left);
    }
    SNED_TRY_DONE(finish(course, error));
    grow_back(graph, course->graph, &course->left);
    SNED_TRY_DONE(rate_layers_mask(&course->layers, graph, error));
    for (int i = 0; unrounded && i < course->layers.count; i++) {
        const int tensor = course->layers.layers[i].tensor;
        fractions_give_back(&graph->tensors[tensor], unrounded->tensors[tensor].data);
    }
done:
    sned_graph_free(unrounded);
    return status;
}

sned_status rate_train(struct graph *graph, struct dataset *dataset, const uint32_t *indices, size_t count,
                       const struct rate_options *options, struct rate_result *result, sned_error *error)
{
    struct course course = {
        .dataset = dataset, .indices = indices, .count = count, .options = options, .first_step = SIZE_MAX};
    struct train_result trained = {0};
    sned_status status;
    *result = (struct rate_result){0};
    SNED_TRY_DONE(check_options(options, error));
    SNED_TRY_DONE(check_graph(graph, error));
    SNED_TRY_DONE(course_open(&course, graph, error));
    rate_layers_give_steps(&course.layers, course.graph);
    rate_layers_give_bias_steps(&course.layers, course.graph);
    SNED_TRY_DONE(run(&course, &trained, error));
    SNED_TRY_DONE(give_result(&course, graph, error));
    *result = (struct rate_result){.bytes = rate_layers_bytes(&course.layers) * course.state->real_share,
                                   .lambda = course.state->lambda,
                                   .loss = trained.loss,
                                   .accuracy = trained.accuracy,
                                   .seconds = trained.seconds};
    if (trained.images_per_second > 0)
        result->epoch_seconds = (double)count / trained.images_per_second;
done:
    rate_layers_free(&course.layers);
    units_left_close(&course.left);
    sned_graph_free(course.graph);
    free(course.state);
    return status;
}
