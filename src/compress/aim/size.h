/*
 * size.h - a size is wanted, and what can be asked for is something else that goes with it: the entropy of
 * weights for the bytes of their file, the bytes that a training works towards for those that it ends with.
 * Each try says better what to ask for.
 *
 *     asked |        / wanted       two tries are a line on logarithmic scales; one alone, a proportion
 *           |      o
 *           |   o
 *           +------------ got
 */
#ifndef SNED_COMPRESS_AIM_SIZE_H
#define SNED_COMPRESS_AIM_SIZE_H

#include <stdbool.h>

struct size_aim {
    double asked, got; /* of the last try; 0: none yet */
    double slope;      /* of the line through the last two; 0: there are none */
};

void size_aim_tried(struct size_aim *aim, double asked, double got);
/* What to ask for, for so much. */
double size_aim_ask(const struct size_aim *aim, double wanted);

#endif
