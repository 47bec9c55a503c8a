/*
 * start.c - what training starts from: see search.h.
 *
 * A network that is far wider than the size leaves room for is narrowed first (graph/passes/narrow.c): few
 * weights train better where they have few places. On held-out images of MNIST, six epochs: LeNet-5 to 3.1
 * KB 1.44 % of errors as it is, 0.88 from 100,000, 0.88 from 50,000, 0.90 from 24,000 weights;
 * LeNet-300-100 to 4.5 KB 1.58 as it is, 1.60 from 100,000, 1.82 from 50,000, 2.52 from 30,000. So the
 * bound is far from where narrowing costs.
 *
 * Weights are rounded by second order rather than to the nearest, since a network of many layers does not
 * come back from plain rounding within the epochs that there are.
 *
 * Where a size is asked for, and a teacher trains the network, which is a deep one, it is rounded nearly to
 * that size at once. ResNet-20 rounded to 56.5 KB has a loss of .038 on held-out images (.008 as given),
 * and trained from 122 KB to 59.0 in 31 epochs .063, from 82 KB to 51.8 in 4 .185.
 *
 * Where an accuracy is looked for, and the first training came to nothing, as on few images in little time,
 * the network is rounded once more, as coarsely as the accuracy allows: a smaller file without any
 * training, and where training then goes on. It is not where the first one begins: in a few epochs
 * LeNet-300-100 came from there to 12.6 KB and half a point lost, and from the finer start to 9.4 KB and a
 * fifth.
 */
#include "compress/aim/bracket.h"
#include "compress/rate/fractions.h"
#include "compress/search/search.h"
#include "compress/second/second_order.h"
#include "graph/passes/compact.h"

#include <math.h>

static const double weights_for_byte = 25;

/* Units that another output reads are not the judged one's to take; and what has been trained, which those
 * who ask for an accuracy have done to find the reference, is not there to choose from when a run goes on. */
static bool may_narrow(const struct rate_search *search)
{
    const struct compress_options *options = &search->options;
    return options->max_bytes > 0 && options->max_drop < 0 && !(options->min_accuracy > 0) &&
           search->compression.graph->output_count == 1;
}

static void count_layers(struct compression *compression)
{
    for (int i = 0; i < compression->layer_count; i++) {
        struct layer *layer = &compression->layers[i];
        const struct tensor *weights = &compression->graph->tensors[layer->tensor];
        layer->count = sned_shape_elements(&weights->shape);
        layer->kept = sned_tensor_kept(weights);
    }
}

sned_status search_narrow(struct rate_search *search, sned_error *error)
{
    struct compression *compression = &search->compression;
    const double most = weights_for_byte * search->options.max_bytes;
    double weights = 0, left = 0;
    for (int i = 0; i < compression->layer_count; i++)
        weights += (double)compression->layers[i].count;
    if (!may_narrow(search) || weights <= most)
        return SNED_OK;
    const bool begins = journal_is_at_end(&compression->journal);
    if (begins)
        SNED_TRY(compression_catch_up(compression, error));
    SNED_TRY(sned_graph_narrow(compression->graph, (uint64_t)most, NULL, error));
    count_layers(compression);
    for (int i = 0; i < compression->layer_count; i++)
        left += (double)compression->layers[i].count;
    if (!begins) /* the saved state is that of a narrowed network */
        return SNED_OK;
    sned_report(search->options.reporter, "narrowed from %.0f weights to %.0f, enough for %.0f bytes",
                weights, left, search->options.max_bytes);
    return compression_accept(compression, error);
}

/* ---- weights on grids ---- */

/* A start is good whose loss, on some of the held-out images, is at most so many times the network's own and
 * a little; else the price of a bit is cut, a few times. */
static const double most_loss = 1.1, little_loss = 0.005, cut = 0.1;
/* To round once more it is raised for as long as the accuracy is kept, and then halfway prices are tried, for
 * so much of the time at most. */
static const double raise = 4, near = 1.5, most_time = 0.9;
enum { JUDGED_IMAGES = 2000, MOST_CUTS = 5, MOST_RAISES = 12 };

/* A layer whose step would be finer than int8 has been left with a scale a filter: one step for all of it. */
static void give_fine_steps(const struct compression *compression, struct graph *graph)
{
    for (int i = 0; i < compression->layer_count; i++) {
        struct tensor *weights = &graph->tensors[compression->layers[i].tensor];
        const float *values = weights->data;
        float largest = 0;
        for (size_t k = 0; k < compression->layers[i].count; k++)
            largest = fmaxf(largest, fabsf(values[k]));
        if (compression->layers[i].judged && weights->quantization.scale == 0 && largest > 0)
            weights->quantization = (struct quantization){largest / 127, 8, true};
    }
}

static sned_status round_at(const struct compression *compression, const struct second_order *second,
                            struct graph *graph, double price, sned_error *error)
{
    SNED_TRY(second_order_apply(second, graph, price, error));
    give_fine_steps(compression, graph);
    return SNED_OK;
}

/* What the graph's rounding at a price is worth, of a copy, on some of the held-out images. */
static sned_status measure_at(const struct compression *compression, const struct second_order *second,
                              double price, struct measure *measure, sned_error *error)
{
    struct graph *copy = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&copy, compression->graph, error));
    SNED_TRY_DONE(round_at(compression, second, copy, price, error));
    status = compression_measure(compression, copy, JUDGED_IMAGES, true, measure, error);
done:
    sned_graph_free(copy);
    return status;
}

/* The highest price that the loss bears. */
static sned_status find_price(const struct compression *compression, const struct second_order *second,
                              double *price, sned_error *error)
{
    struct measure given, rounded;
    SNED_TRY(compression_measure(compression, compression->graph, JUDGED_IMAGES, false, &given, error));
    for (int tries = 0; tries < MOST_CUTS; tries++, *price *= cut) {
        SNED_TRY(measure_at(compression, second, *price, &rounded, error));
        if (rounded.loss <= most_loss * given.loss + little_loss)
            break;
    }
    return SNED_OK;
}

/* For a size a network that a teacher will train, which is a deep one, is rounded nearly to it: its weights
 * move slowly, and what rounding by second order does at once costs them less than many epochs do. A little
 * above the size, since training that presses no more lets the network grow; and not where that would lose
 * more than so many points. */
static const double begin_above = 1.04, begin_drop = 3, size_near = 0.01;
enum { MOST_STEPS_BACK = 4, HALVINGS = 40, MOST_FILES = 4 };

/* The price at which weights have so much entropy; above `least`. */
static sned_status price_of_entropy(const struct rate_search *search, const struct second_order *second,
                                    double least, double wanted, double *price, sned_error *error)
{
    double low = least, high = 1, entropy;
    for (int i = 0; i < HALVINGS; i++) {
        *price = sqrt(low * high);
        SNED_TRY(second_order_entropy(second, search->compression.graph, *price, &entropy, error));
        *(entropy > wanted ? &low : &high) = *price;
    }
    return SNED_OK;
}

static sned_status bytes_at(const struct rate_search *search, const struct second_order *second, double price,
                            double *bytes, sned_error *error)
{
    struct graph *copy = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_graph_copy(&copy, search->compression.graph, error));
    SNED_TRY_DONE(round_at(&search->compression, second, copy, price, error));
    status = search_bytes(search, copy, bytes, error);
done:
    sned_graph_free(copy);
    return status;
}

/* The price at which the file has about so many bytes, from one at which it has more: each file that is made
 * says better what entropy goes with it. */
static sned_status price_of_size(const struct rate_search *search, const struct second_order *second,
                                 double wanted, double *price, sned_error *error)
{
    const double least = *price;
    struct size_aim sizes = {0};
    double bytes, entropy;
    SNED_TRY(second_order_entropy(second, search->compression.graph, least, &entropy, error));
    SNED_TRY(bytes_at(search, second, least, &bytes, error));
    for (int files = 1; files < MOST_FILES && fabs(log(bytes / wanted)) > size_near; files++) {
        if (bytes < wanted && *price == least)
            break;
        size_aim_tried(&sizes, entropy, bytes);
        entropy = size_aim_ask(&sizes, wanted);
        SNED_TRY(price_of_entropy(search, second, least, entropy, price, error));
        SNED_TRY(bytes_at(search, second, *price, &bytes, error));
    }
    return SNED_OK;
}

static sned_status approach_size(const struct rate_search *search, const struct second_order *second,
                                 double *price, sned_error *error)
{
    const struct compression *compression = &search->compression;
    const double least = *price;
    struct measure given, rounded;
    if (search->target.bytes == 0 || !compression->teacher)
        return SNED_OK;
    SNED_TRY(compression_measure(compression, compression->graph, JUDGED_IMAGES, false, &given, error));
    SNED_TRY(price_of_size(search, second, begin_above * search->target.bytes, price, error));
    for (int back = 0; *price > least; back++) {
        SNED_TRY(measure_at(compression, second, *price, &rounded, error));
        if (given.accuracy - rounded.accuracy <= begin_drop)
            break;
        *price = back < MOST_STEPS_BACK ? sqrt(*price * least) : least;
    }
    return SNED_OK;
}

/* Whether the best network, rounded, is as accurate as was asked for: by how it changes on some of the
 * images, and by what it is on all of them. */
static bool stays_good(const struct rate_search *search, const struct measure *given,
                       const struct measure *rounded)
{
    struct curve_point point = search->compression.result->points[search->best];
    point.accuracy += rounded->accuracy - given->accuracy;
    point.loss *= rounded->loss / fmax(given->loss, 1e-9);
    return search_slack(search, &point) >= 0;
}

/* The highest price at which it does, from the start's. */
static sned_status raise_price(const struct rate_search *search, const struct second_order *second,
                               double *price, sned_error *error)
{
    const struct compression *compression = &search->compression;
    const double budget = search->options.time_budget;
    struct bracket prices = {.held = *price};
    struct measure given, rounded;
    SNED_TRY(compression_measure(compression, compression->graph, JUDGED_IMAGES, true, &given, error));
    for (int tries = 0; tries < MOST_RAISES && !bracket_is_narrow(&prices, near); tries++) {
        const double next = prices.failed > 0 ? bracket_between(&prices, 0.5) : prices.held * raise;
        if (budget > 0 && compression_elapsed(compression) > most_time * budget)
            break;
        SNED_TRY(measure_at(compression, second, next, &rounded, error));
        bracket_tried(&prices, next, stays_good(search, &given, &rounded));
    }
    *price = prices.held;
    return SNED_OK;
}

static void remember_fractions(const struct compression *compression, const struct graph *given)
{
    for (int i = 0; i < compression->layer_count; i++) {
        const int tensor = compression->layers[i].tensor;
        fractions_give_back(&compression->graph->tensors[tensor], given->tensors[tensor].data);
    }
}

static sned_status round_graph(struct rate_search *search, double *price, bool once_more, sned_error *error)
{
    struct compression *compression = &search->compression;
    const struct recipe *recipe = &search->options.recipe;
    const struct calibration_options how = {.images = (size_t)recipe->quantize.images,
                                            .batch = recipe->train.batch,
                                            .threads = search->options.threads,
                                            .reporter = search->options.reporter};
    const struct calibration_images images = {
        .dataset = compression->dataset, .indices = compression->indices, .count = compression->train_count};
    const struct second_order_options options = {.seed = search->options.seed};
    struct second_order *second = NULL;
    struct graph *given = NULL;
    sned_status status;
    *price = once_more ? compression->result->points[0].lambda : recipe->train.start;
    SNED_TRY_DONE(quantize_calibrate(compression->graph, &images, &how, error));
    SNED_TRY_DONE(second_order_open(&second, compression->graph, &images, &how, &options, error));
    SNED_TRY_DONE(once_more ? raise_price(search, second, price, error)
                            : find_price(compression, second, price, error));
    if (!once_more)
        SNED_TRY_DONE(approach_size(search, second, price, error));
    SNED_TRY_DONE(sned_graph_copy(&given, compression->graph, error));
    SNED_TRY_DONE(round_at(compression, second, compression->graph, *price, error));
    if (compression->teacher) /* shallow networks' rates are high enough to find fractions again */
        remember_fractions(compression, given);
done:
    sned_graph_free(given);
    second_order_free(second);
    return status;
}

sned_status search_start(struct rate_search *search, double *price, sned_error *error)
{
    return round_graph(search, price, false, error);
}

sned_status search_round(struct rate_search *search, double *price, sned_error *error)
{
    return round_graph(search, price, true, error);
}
