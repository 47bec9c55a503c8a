/*
 * residual.c - the networks of He et al. 2015, "Deep residual learning for image recognition".
 */
#include "zoo/build.h"

#include <stdio.h>

static void add_conv_norm(struct builder *builder, const char *block, const char *number, int filters,
                          struct square window)
{
    char name[80];
    snprintf(name, sizeof name, "%s.conv%s", block, number);
    add_conv(builder, name, filters, window, 1, false);
    snprintf(name, sizeof name, "%s.bn%s", block, number);
    add_batch_normalization(builder, name);
}

static void add_relu_of(struct builder *builder, const char *block, const char *number)
{
    char name[80];
    snprintf(name, sizeof name, "%s.relu%s", block, number);
    add_relu(builder, name);
}

static void add_sum_of(struct builder *builder, const char *block, int shortcut)
{
    char name[80];
    snprintf(name, sizeof name, "%s.add", block);
    add_sum(builder, name, shortcut);
}

static void add_head(struct builder *builder, int classes)
{
    add_global_average_pool(builder, "pool");
    add_flatten(builder, "flatten");
    add_gemm(builder, "fc", classes);
}

/* Option A: every second row and column, and channels of zeros around. No weights. */
static void add_plain_shortcut(struct builder *builder, const char *block, int filters)
{
    char name[80];
    int missing = filters - (int)builder->shape.dim[1];
    snprintf(name, sizeof name, "%s.rows", block);
    add_every_second(builder, name, 2);
    snprintf(name, sizeof name, "%s.columns", block);
    add_every_second(builder, name, 3);
    snprintf(name, sizeof name, "%s.pad", block);
    add_channel_pad(builder, name, missing / 2, missing - missing / 2);
}

static void add_basic_block(struct builder *builder, const char *block, int filters, int stride)
{
    int input = builder->current;
    add_conv_norm(builder, block, "1", filters, (struct square){3, stride, 1});
    add_relu_of(builder, block, "1");
    add_conv_norm(builder, block, "2", filters, (struct square){3, 1, 1});
    int result = builder->current, shortcut = input;
    if (stride != 1) {
        builder_branch(builder, input);
        add_plain_shortcut(builder, block, filters);
        shortcut = builder->current;
        builder_branch(builder, result);
    }
    add_sum_of(builder, block, shortcut);
    add_relu_of(builder, block, "2");
}

/* Section 4.2, n = 3, for CIFAR-10. */
void make_resnet20(struct builder *builder, int classes)
{
    add_conv_norm(builder, "stem", "", 16, (struct square){3, 1, 1});
    add_relu_of(builder, "stem", "");
    for (int stage = 0; stage < 3; stage++)
        for (int i = 0; i < 3; i++) {
            char block[40];
            snprintf(block, sizeof block, "stage%d.block%d", stage + 1, i + 1);
            add_basic_block(builder, block, 16 << stage, stage > 0 && i == 0 ? 2 : 1);
        }
    add_head(builder, classes);
}

/* 1x1 down, 3x3, 1x1 up to four times the channels; where the shape changes, the shortcut is a 1x1
 * convolution. */
static void add_bottleneck(struct builder *builder, const char *block, int filters, int stride, bool project)
{
    int input = builder->current;
    add_conv_norm(builder, block, "1", filters, (struct square){1, stride, 0});
    add_relu_of(builder, block, "1");
    add_conv_norm(builder, block, "2", filters, (struct square){3, 1, 1});
    add_relu_of(builder, block, "2");
    add_conv_norm(builder, block, "3", filters * 4, (struct square){1, 1, 0});
    int result = builder->current, shortcut = input;
    if (project) {
        builder_branch(builder, input);
        add_conv_norm(builder, block, "_shortcut", filters * 4, (struct square){1, stride, 0});
        shortcut = builder->current;
        builder_branch(builder, result);
    }
    add_sum_of(builder, block, shortcut);
    add_relu_of(builder, block, "3");
}

/* Table 1, 50 layers; the stride is in the first 1x1 convolution, as in the paper. */
void make_resnet50(struct builder *builder, int classes)
{
    static const int depths[4] = {3, 4, 6, 3};
    add_conv_norm(builder, "stem", "", 64, (struct square){7, 2, 3});
    add_relu_of(builder, "stem", "");
    add_max_pool(builder, "stem.pool", (struct square){3, 2, 1}, false);
    for (int stage = 0; stage < 4; stage++)
        for (int i = 0; i < depths[stage]; i++) {
            char block[40];
            snprintf(block, sizeof block, "stage%d.block%d", stage + 1, i + 1);
            add_bottleneck(builder, block, 64 << stage, stage > 0 && i == 0 ? 2 : 1, i == 0);
        }
    add_head(builder, classes);
}
