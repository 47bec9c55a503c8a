/*
 * next.c - where on the curve the next point shall lie, from those that are there.
 *
 * A size was asked for: all the time goes into one training that aims there, because nothing makes a small
 * network as good as epochs do; shorter ones correct what it is over by, or use what time is left.
 *
 * An accuracy was asked for: bytes are halved until a point loses too much, and then the interval between the
 * smallest point that holds and the largest that does not is narrowed. On a logarithmic scale of bytes the
 * drop grows about as an exponential, so the line between the two points' logarithms says where it is what is
 * allowed; the interval shrinks by a quarter at least.
 */
#include "compress/search/search.h"

#include <math.h>

/* An interval of bytes that is as narrow as this is not narrowed further. */
static const double narrow = 1.05;
/* Of the epochs of a first training, what a correction takes, and more the further the way is; and what a
 * step of the search takes. */
static const double correction_share = 0.15, step_share = 0.5;
/* Of the time left, what the first training for a size takes, and what each one does that looks for an
 * accuracy. */
static const double main_share = 0.9, point_share = 1.0 / 3;
/* A promise to the byte is aimed at from below. */
static const double margin = 0.985;
enum { MOST_POINTS = 12 };

static const struct curve_point *points(const struct rate_search *search, int *count)
{
    *count = search->compression.result->point_count;
    return search->compression.result->points;
}

static bool aim_at_bytes(const struct rate_search *search, struct aim *aim)
{
    int count;
    const struct curve_point *all = points(search, &count), *best = &all[search->best];
    const double wanted = search->target.bytes, over = log(fmax(1, best->bytes / wanted));
    aim->bytes = wanted * margin;
    if (count == 1)
        return plan_effort(search, 1, main_share, aim);
    if (count > MOST_POINTS || (best->bytes <= wanted && search->options.time_budget == 0))
        return false;
    return plan_effort(search, fmin(1, correction_share + over), 1, aim);
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
    for (int i = 1; i < count; i++) /* the first has not been trained */
        if (!target_is_met(search, &all[i]) && (!*held || all[i].bytes < (*held)->bytes) &&
            (!*failed || all[i].bytes > (*failed)->bytes))
            *failed = &all[i];
}

/* Where between the two the drop is what is allowed: 0 at the one that failed, 1 at the one that held. */
static double crossing(const struct rate_search *search, const struct curve_point *held,
                       const struct curve_point *failed)
{
    const double least = 0.02;
    const double low = log(fmax(search_drop(search, held), least));
    const double high = log(fmax(search_drop(search, failed), least));
    const double allowed = log(fmax(search->target.drop, least));
    const double at = high > low ? (high - allowed) / (high - low) : 0.5;
    return fmin(fmax(at, 0.25), 0.75);
}

static bool aim_at_accuracy(const struct rate_search *search, struct aim *aim)
{
    int count;
    const struct curve_point *all = points(search, &count), *held, *failed;
    find_interval(search, &held, &failed);
    if (count > MOST_POINTS || (held && failed && held->bytes < narrow * failed->bytes))
        return false;
    const double top = held ? held->bytes : all[0].bytes;
    if (!failed) /* and further down where the last one did not get to where it aimed */
        aim->bytes = count == 1 ? top / 4 : fmin(top, all[count - 1].wanted) / 2;
    else if (held)
        aim->bytes = failed->bytes * pow(held->bytes / failed->bytes, crossing(search, held, failed));
    else
        aim->bytes = sqrt(top * failed->bytes);
    if (aim->bytes < narrow * search->bare || (!held && failed && aim->bytes < narrow * failed->bytes))
        return false;
    return plan_effort(search, count == 1 ? 1 : step_share, point_share, aim);
}

bool search_next(const struct rate_search *search, struct aim *aim)
{
    if (search->options.recipe.train.lambda > 0 && search->compression.result->point_count > 1)
        return false;
    return search->target.bytes > 0 ? aim_at_bytes(search, aim) : aim_at_accuracy(search, aim);
}
