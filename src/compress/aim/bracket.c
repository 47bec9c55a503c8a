/*
 * bracket.c - see bracket.h.
 */
#include "compress/aim/bracket.h"

#include <math.h>

void bracket_tried(struct bracket *bracket, double at, bool holds)
{
    *(holds ? &bracket->held : &bracket->failed) = at;
}

bool bracket_is_narrow(const struct bracket *bracket, double ratio)
{
    return bracket->held > 0 && bracket->failed > 0 &&
           fabs(log(bracket->failed / bracket->held)) <= log(ratio);
}

double bracket_between(const struct bracket *bracket, double share)
{
    return bracket->held * pow(bracket->failed / bracket->held, share);
}
