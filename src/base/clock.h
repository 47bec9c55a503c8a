/*
 * clock.h - the one clock: how long something took, and until when to wait.
 */
#ifndef SNED_BASE_CLOCK_H
#define SNED_BASE_CLOCK_H

/* Seconds since some moment that stays the same while the process lives; never goes back, whatever becomes of
 * the time of day. */
double sned_clock(void);

/* Seconds that work(argument) takes, the least of several times: so many at most, and after the third no
 * more than go into `seconds`. Whatever else a machine does makes a time longer, never shorter. */
static inline double sned_clock_least(void (*work)(void *argument), void *argument, int times, double seconds)
{
    enum { FEWEST = 3 };
    const double end = sned_clock() + seconds;
    double least = 0;
    for (int i = 0; i < times; i++) {
        const double begin = sned_clock();
        if (i >= FEWEST && begin > end)
            break;
        work(argument);
        const double took = sned_clock() - begin;
        least = i == 0 || took < least ? took : least;
    }
    return least;
}

#endif
