/*
 * size.c - see size.h.
 */
#include "compress/aim/size.h"

#include <math.h>

/* Slopes are near 1; of two tries that are much alike, chance would have any other. */
static const double flattest = 0.5, steepest = 2;

void size_aim_tried(struct size_aim *aim, double asked, double got)
{
    const double run = aim->got > 0 ? log(got / aim->got) : 0;
    aim->slope = run != 0 ? fmin(fmax(log(asked / aim->asked) / run, flattest), steepest) : 0;
    aim->asked = asked;
    aim->got = got;
}

double size_aim_ask(const struct size_aim *aim, double wanted)
{
    if (aim->got == 0)
        return wanted;
    return aim->asked * pow(wanted / aim->got, aim->slope > 0 ? aim->slope : 1);
}
