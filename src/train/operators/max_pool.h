/*
 * max_pool.h - max pooling over images with channels last, [N][H][W][C].
 *
 * oneDNN's kernel for this layout takes blocks of 8 or 16 channels and is slow at what is left over: the two
 * pools of LeNet-5 (20 and 50 channels) took 7 of a training step's 15 ms on an AVX2 machine, and take 1
 * here. Blocked layouts stay with oneDNN.
 */
#ifndef SNED_TRAIN_OPERATORS_MAX_POOL_H
#define SNED_TRAIN_OPERATORS_MAX_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Sizes of one axis pair: index 0 is height, 1 width. Taps outside the image do not count; every window must
 * have one inside. */
struct max_pool {
    size_t batch, channels;
    int in[2], out[2], kernel[2], stride[2], pad[2]; /* pad: at the top and left */
};

/* in [N][H][W][C]; out [N][OH][OW][C]; winners, like out: the tap (row * kernel width + column) that each
 * maximum came from, the first of equals; NULL in inference. */
void max_pool_forward(const struct max_pool *pool, const float *in, float *out, int32_t *winners);
/* gradient [N][OH][OW][C] to in_gradient [N][H][W][C], which is overwritten. */
void max_pool_backward(const struct max_pool *pool, const float *gradient, const int32_t *winners,
                       float *in_gradient);

#endif
