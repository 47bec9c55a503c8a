/*
 * next.c - where on the curve the next point shall lie, from those that are there.
 *
 * A size was asked for: all the time goes into one training that aims there, because nothing makes a small
 * network as good as epochs do; shorter ones correct what it is off by, or use what time is left.
 *
 * An accuracy was asked for: a whole training towards a quarter of the bytes. Where that loses too much, or
 * does not get there, the network is rounded more coarsely instead (start.c). From then on it is trained to
 * fewer and fewer bytes, each time from the best so far and for longer than the time before, until a training
 * loses too much; then the interval between the smallest point that holds and the largest that does not is
 * narrowed.
 *
 * On a logarithmic scale of bytes the drop grows about as an exponential, so the line between the two points'
 * logarithms says where it is what is allowed; the interval shrinks by a quarter at least.
 */
#include "compress/aim/bracket.h"
#include "compress/search/search.h"

#include <math.h>

/* An interval of bytes that is as narrow as this is not narrowed further. */
static const double narrow = 1.05;
/* Of the epochs of a first training, what a correction takes, and more the further the way is. */
static const double correction_share = 0.15;
/* Of the time left, what the first training for a size takes. */
static const double main_share = 0.9;
/* Trainings that look for an accuracy, in epochs of a first one for a size; further ones are like the last.
 * Of a time budget they have shares like these, and the last one all that is left. */
static const double lengths[] = {1, 0.5, 0.75, 1};
enum { LENGTHS = sizeof lengths / sizeof *lengths, MOST_TRAININGS = 6, MOST_IN_TIME = 12 };
/* A promise to the byte is aimed at from below. */
static const double margin = 0.985;
/* Bytes that are left may become accuracy by another training, where they are more than this share. */
static const double unused = 0.02;
enum { MOST_CORRECTIONS = 11, MOST_REFINEMENTS = 1 };

static const struct curve_point *points(const struct rate_search *search, int *count)
{
    *count = search->compression.result->point_count;
    return search->compression.result->points;
}

/* A training more, where the file is too large, or so much smaller that accuracy was given away, or where
 * there is time. */
static bool is_worth_correcting(const struct rate_search *search, double bytes, int corrections)
{
    const double wanted = search->target.bytes;
    if (bytes > wanted || search->options.time_budget > 0)
        return corrections < MOST_CORRECTIONS;
    return bytes < (1 - unused) * wanted && corrections < MOST_REFINEMENTS;
}

static bool aim_at_bytes(const struct rate_search *search, struct aim *aim)
{
    int count;
    const struct curve_point *all = points(search, &count), *best = &all[search->best];
    const double wanted = search->target.bytes, off = fabs(log(best->bytes / wanted));
    aim->bytes = wanted * margin;
    if (count == 1)
        return plan_effort(search, 1, main_share, aim);
    return is_worth_correcting(search, best->bytes, count - 2) &&
           plan_effort(search, fmin(1, correction_share + off), 1, aim);
}

/* ---- an accuracy ---- */

/* How long training number `done`, of those that look for an accuracy, shall be. */
static bool plan_length(const struct rate_search *search, int done, struct aim *aim)
{
    const int at = done < LENGTHS ? done : LENGTHS - 1;
    double left = 0;
    for (int i = at; i < LENGTHS; i++)
        left += lengths[i];
    return plan_effort(search, lengths[at], lengths[at] / left, aim);
}

/* The smallest point that holds and the largest below it that does not; NULL: none. */
static void find_interval(const struct rate_search *search, const struct curve_point **held,
                          const struct curve_point **failed)
{
    int count;
    const struct curve_point *all = points(search, &count);
    *held = *failed = NULL;
    for (int i = 0; i < count; i++)
        if (target_is_met(search, &all[i]) && (!*held || all[i].bytes < (*held)->bytes))
            *held = &all[i];
    for (int i = 0; i < count; i++) /* what has not been trained may become better */
        if (all[i].wanted > 0 && !target_is_met(search, &all[i]) &&
            (!*held || all[i].bytes < (*held)->bytes) && (!*failed || all[i].bytes > (*failed)->bytes))
            *failed = &all[i];
}

/* Where between the two the drop is what is allowed: 0 at the one that held, 1 at the one that failed. */
static double crossing(const struct rate_search *search, const struct curve_point *held,
                       const struct curve_point *failed)
{
    const double least = 0.02;
    const double low = log(fmax(search_drop(search, held), least));
    const double high = log(fmax(search_drop(search, failed), least));
    const double allowed = log(fmax(search->target.drop, least));
    const double at = high > low ? (allowed - low) / (high - low) : 0.5;
    return fmin(fmax(at, 0.25), 0.75);
}

/* Of the bytes of a point that holds, what to aim at below it: of the start a quarter, and then the root of
 * the share that is lost of what may be. */
static double descent(const struct rate_search *search, const struct curve_point *held)
{
    const double untrained = 0.25, boldest = 0.35, shyest = 0.8;
    if (held->epochs == 0)
        return untrained;
    const double lost = fmax(search_drop(search, held), 0) / fmax(search->target.drop, 1e-9);
    return fmin(fmax(sqrt(lost), boldest), shyest);
}

/* Where none holds: the size of the one given, which training makes better, and above all that failed. */
static double ascent(const struct curve_point *start, const struct curve_point *failed)
{
    const double step = 1.4;
    if (!failed)
        return start->bytes;
    return fmax(sqrt(start->bytes * failed->bytes), step * failed->bytes);
}

static double bytes_to_aim_at(const struct rate_search *search, const struct curve_point *held,
                              const struct curve_point *failed)
{
    int count;
    const struct curve_point *all = points(search, &count), *last = &all[count - 1];
    if (!held)
        return ascent(&all[0], failed);
    if (failed)
        return bracket_between(&(struct bracket){held->bytes, failed->bytes}, crossing(search, held, failed));
    if (last->bytes > narrow * last->wanted && last->wanted > 0) /* it did not get there: once more */
        return last->wanted;
    return search->bare + (held->bytes - search->bare) * descent(search, held);
}

/* Once, where the first training came to nothing: it lost too much, or ended far above where it aimed; and
 * where there is time for as long as the start took. */
static bool is_to_be_rounded(const struct rate_search *search)
{
    const double far = 1.5, budget = search->options.time_budget;
    int count;
    const struct curve_point *all = points(search, &count);
    return count == 2 && search_slack(search, &all[search->best]) > 0 &&
           (budget <= 0 || search->elapsed + all[0].seconds < budget) &&
           (!target_is_met(search, &all[1]) || all[1].bytes > far * all[1].wanted);
}

static int trainings(const struct rate_search *search)
{
    int count, trained = 0;
    const struct curve_point *all = points(search, &count);
    for (int i = 0; i < count; i++)
        trained += all[i].wanted > 0;
    return trained;
}

static bool aim_at_accuracy(const struct rate_search *search, struct aim *aim)
{
    const int done = trainings(search);
    const bool has_clock = search->options.time_budget > 0;
    const struct curve_point *held, *failed;
    find_interval(search, &held, &failed);
    if (is_to_be_rounded(search)) {
        *aim = (struct aim){0};
        return true;
    }
    aim->bytes = bytes_to_aim_at(search, held, failed);
    if (done >= (has_clock ? MOST_IN_TIME : MOST_TRAININGS) || aim->bytes < narrow * search->bare)
        return false;
    if (!held || !failed || held->bytes > narrow * failed->bytes)
        return plan_length(search, done, aim);
    aim->bytes = failed->bytes; /* what one training could not keep a longer one may */
    return has_clock && plan_length(search, LENGTHS - 1, aim);
}

bool search_next(const struct rate_search *search, struct aim *aim)
{
    if (search->options.recipe.train.lambda > 0 && search->compression.result->point_count > 1)
        return false;
    return search->target.bytes > 0 ? aim_at_bytes(search, aim) : aim_at_accuracy(search, aim);
}
