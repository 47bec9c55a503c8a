/*
 * mix.h - images laid over each other, of which a teacher says what they are.
 *
 * A network that knows its training images by heart has nothing to tell about them but their labels; what it
 * has learnt shows between them: x = a x1 + (1 - a) x2, a uniform in [0, 1) (mixup, Zhang et al. 2018), with
 * the teacher's scores of x as the target and no label (function matching, Beyer et al. 2022).
 */
#ifndef SNED_TRAIN_MIX_H
#define SNED_TRAIN_MIX_H

#include <stddef.h>
#include <stdint.h>

/* values [batch][size] to mixed, the last `count` images mixed with others of it; a by seed and step. */
void mix_images(const float *values, size_t batch, size_t size, size_t count, uint64_t seed, uint64_t step,
                float *mixed);

#endif
