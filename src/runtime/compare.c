/*
 * compare.c - whether a context with threads shares its images out among them, or is faster without.
 *
 * With a processor for each thread it seldom is. But where other programs run the system takes processors
 * away, in the middle of a task, and who waits for that thread waits for milliseconds; or it wakes threads
 * late, or gives a program with two threads no more of the machine than one with one. And two processors may
 * be so far apart that what one made comes too slowly to the other. Nothing of this can be asked, and on a
 * virtual machine all of it changes from one minute to the next. So a context compares:
 *
 *     by all threads   ======== ==================   ====================================
 *     by one alone             =                  ...                                    ..
 *                              trial         slower than that: trial             later: trial
 *
 * An image's time, on average of the last tenth of a second, is kept for both ways. The one that is faster is
 * taken; the other one is tried for a few images after a while, and at once where that of all threads has
 * become slower than the other one was. A trial of all threads is long enough for the system to give each of
 * them its turn a few times; the pause until the next trial is 16 times that, later 128 times. No result
 * depends on it.
 */
#include "runtime/context.h"

static const double REMEMBERS = 100e6, TRIALS[IMAGE_WAYS] = {25e6, 5e6}; /* nanoseconds */
enum { TRIAL_IMAGES = 2, FIRST_PAUSE = 16, LONGEST_PAUSE = 128 /* times the longer trial's length */ };
/* An image is a part of the average, the first ones but for that: in so many at most, and at least. */
enum { LARGEST_PART = 4, SMALLEST_PART = 1000 };

static void add_image(struct way_time *time, double nanoseconds)
{
    double part = nanoseconds * LARGEST_PART < REMEMBERS ? nanoseconds / REMEMBERS : 1.0 / LARGEST_PART;
    if (time->images < SMALLEST_PART)
        time->images++;
    if (part * time->images < 1)
        part = 1.0 / time->images;
    time->nanoseconds += part * (nanoseconds - time->nanoseconds);
}

static bool is_trial_over(const struct comparison *comparison)
{
    return comparison->spent >= TRIALS[comparison->way] &&
           comparison->times[comparison->way].images >= TRIAL_IMAGES;
}

static bool is_time_for_trial(const struct comparison *comparison)
{
    const struct way_time *times = comparison->times;
    return comparison->spent >= comparison->pause || (comparison->way == BY_ALL && times[BY_ONE].images > 0 &&
                                                      times[BY_ALL].nanoseconds > times[BY_ONE].nanoseconds);
}

static void begin_trial(struct comparison *comparison, enum image_way way)
{
    comparison->is_trial = true;
    comparison->way = way;
    comparison->times[way].images = 0;
    comparison->spent = 0;
}

static void end_trial(struct comparison *comparison, enum image_way other)
{
    const struct way_time *times = comparison->times;
    comparison->is_trial = false;
    comparison->pause =
        comparison->patience * (comparison->spent > TRIALS[BY_ALL] ? comparison->spent : TRIALS[BY_ALL]);
    comparison->patience = comparison->patience < LONGEST_PAUSE ? 2 * comparison->patience : LONGEST_PAUSE;
    comparison->spent = 0;
    if (times[other].nanoseconds <= times[comparison->way].nanoseconds)
        comparison->way = other;
}

void sned_compare(struct comparison *comparison, double nanoseconds)
{
    const enum image_way other = comparison->way == BY_ALL ? BY_ONE : BY_ALL;
    if (!comparison->patience) { /* the first image, which finds all caches cold */
        comparison->patience = FIRST_PAUSE;
        comparison->pause = TRIALS[BY_ALL];
        return;
    }
    add_image(&comparison->times[comparison->way], nanoseconds);
    comparison->spent += nanoseconds;
    if (comparison->is_trial) {
        if (is_trial_over(comparison))
            end_trial(comparison, other);
    } else if (is_time_for_trial(comparison))
        begin_trial(comparison, other);
}
