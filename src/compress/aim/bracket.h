/*
 * bracket.h - what is looked for lies between something that held and something that failed: the price of a
 * bit, or the bytes, at which a network is just good enough.
 *
 *     held |----------- ? -----------| failed         positive numbers, of which ratios count
 */
#ifndef SNED_COMPRESS_AIM_BRACKET_H
#define SNED_COMPRESS_AIM_BRACKET_H

#include <stdbool.h>

struct bracket {
    double held, failed; /* as far as was tried; 0: nothing yet */
};

/* What was tried within the bracket, or past its open end. */
void bracket_tried(struct bracket *bracket, double at, bool holds);
/* Whether both ends are there, and one is at most so many times the other. */
bool bracket_is_narrow(const struct bracket *bracket, double ratio);
/* So far on the way from what held to what failed, 0 to 1, on a scale of logarithms; both are there. */
double bracket_between(const struct bracket *bracket, double share);

#endif
