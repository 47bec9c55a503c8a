/*
 * hard_swish.c - HardSwish: x where it is 3 or more, 0 where it is -3 or less, and between them x times a
 * straight line. Howard et al. 2019, "Searching for MobileNetV3"; ONNX: x * max(0, min(1, x / 6 + 1 / 2)).
 */
#include "graph/operators/functions.h"

#include <math.h>

float sned_hard_swish(const struct node *node, float x)
{
    return x * fmaxf(0, fminf(1, x / 6 + 0.5f));
}

float sned_hard_swish_slope(const struct node *node, float x)
{
    return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5f;
}
