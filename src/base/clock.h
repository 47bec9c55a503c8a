/*
 * clock.h - the one clock: how long something took, and until when to wait.
 */
#ifndef SNED_BASE_CLOCK_H
#define SNED_BASE_CLOCK_H

/* Seconds since some moment that stays the same while the process lives; never goes back, whatever becomes of
 * the time of day. */
double sned_clock(void);

#endif
