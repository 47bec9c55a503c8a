/*
 * build.h - a network written down layer by layer.
 *
 * A builder carries the tensor that the next layer reads and the first error: after one, the calls do
 * nothing, so that a network reads as its list of layers. builder_finish tells what went wrong.
 */
#ifndef SNED_ZOO_BUILD_H
#define SNED_ZOO_BUILD_H

#include "zoo/zoo.h"

struct builder {
    struct graph *graph;
    const struct zoo_options *options;
    int current; /* the tensor that the next layer reads, and its shape */
    struct shape shape;
    int layers; /* Convs and Gemms so far */
    sned_status status;
    sned_error *error;
};

/* A square window. */
struct square {
    int kernel, stride, pad;
};

/* Starts a network on an image of [channels][size][size]. */
void builder_start(struct builder *builder, const char *name, int channels, int size,
                   const struct zoo_options *options, sned_error *error);
/* Checks and hands over the graph, or frees it. */
sned_status builder_finish(struct builder *builder, struct graph **graph);

/* Each adds a node that reads the current tensor, and makes its output the current one. */
void add_conv(struct builder *builder, const char *name, int filters, struct square window, int groups,
              bool bias);
void add_gemm(struct builder *builder, const char *name, int outputs);
void add_batch_normalization(struct builder *builder, const char *name);
void add_relu(struct builder *builder, const char *name);
void add_max_pool(struct builder *builder, const char *name, struct square window, bool ceil_mode);
void add_global_average_pool(struct builder *builder, const char *name);
void add_lrn(struct builder *builder, const char *name, int size, float alpha, float beta);
void add_flatten(struct builder *builder, const char *name);
void add_dropout(struct builder *builder, const char *name, float ratio);
void add_every_second(struct builder *builder, const char *name, int axis); /* Slice with step 2 */
void add_channel_pad(struct builder *builder, const char *name, int before, int after);
/* These join the current tensor with tensor `other`. */
void add_sum(struct builder *builder, const char *name, int other);
void add_concat(struct builder *builder, const char *name, int other);
/* Goes on from an earlier tensor: a branch. */
void builder_branch(struct builder *builder, int tensor);

/* networks.c, residual.c: the layers of one network each, for `classes` classes. */
void make_lenet300(struct builder *builder, int classes);
void make_lenet5(struct builder *builder, int classes);
void make_vgg8_cifar(struct builder *builder, int classes);
void make_alexnet(struct builder *builder, int classes);
void make_vgg16(struct builder *builder, int classes);
void make_squeezenet(struct builder *builder, int classes);
void make_resnet20(struct builder *builder, int classes);
void make_resnet50(struct builder *builder, int classes);

/* fill.c: random weights for [K][C][R][S] (a Gemm's R = S = 1), and the share of them that is kept. */
sned_status fill_he(float *weights, size_t count, size_t fan_in, uint64_t seed, int layer, sned_error *error);
/* Sets *mask (owned by the caller) and zeroes what it prunes. The number of kept blocks of block[0] x
 * block[1] channels is density * blocks, rounded; which, is uniformly random. */
sned_status prune_randomly(uint8_t **mask, float *weights, const struct shape *shape, float density,
                           const int block[2], uint64_t seed, int layer, sned_error *error);

#endif
