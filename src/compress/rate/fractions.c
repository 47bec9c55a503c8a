/*
 * fractions.c - see fractions.h.
 */
#include "compress/rate/fractions.h"

#include <math.h>

/* Of what rounding moved a weight by, and of a step at most. */
static const float share = 0.8f, most = 0.4f;

void fractions_give_back(struct tensor *weights, const float *before)
{
    const float limit = most * weights->quantization.scale;
    float *values = weights->data;
    for (size_t k = 0, count = sned_shape_elements(&weights->shape); k < count; k++)
        if (!weights->mask || weights->mask[k])
            values[k] += fminf(fmaxf(share * (before[k] - values[k]), -limit), limit);
}
