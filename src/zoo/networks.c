/*
 * networks.c - the networks that are a chain of layers, or nearly so.
 */
#include "zoo/build.h"

#include <stdio.h>

/* LeCun et al. 1998; 784-300-100-classes, with Relu as everybody has it today. */
void make_lenet300(struct builder *builder, int classes)
{
    add_flatten(builder, "flatten");
    add_gemm(builder, "fc1", 300);
    add_relu(builder, "relu1");
    add_gemm(builder, "fc2", 100);
    add_relu(builder, "relu2");
    add_gemm(builder, "fc3", classes);
}

/* Caffe's LeNet: no activation after the convolutions, 430,500 weights. */
void make_lenet5(struct builder *builder, int classes)
{
    add_conv(builder, "conv1", 20, (struct square){5, 1, 0}, 1, true);
    add_max_pool(builder, "pool1", (struct square){2, 2, 0}, false);
    add_conv(builder, "conv2", 50, (struct square){5, 1, 0}, 1, true);
    add_max_pool(builder, "pool2", (struct square){2, 2, 0}, false);
    add_flatten(builder, "flatten");
    add_gemm(builder, "fc1", 500);
    add_relu(builder, "relu1");
    add_gemm(builder, "fc2", classes);
}

/* A small VGG for CIFAR-10's 32 x 32: three stages of two, batch normalization after each convolution. */
void make_vgg8_cifar(struct builder *builder, int classes)
{
    for (int i = 0; i < 6; i++) {
        char conv[16], norm[16], relu[16], pool[16];
        snprintf(conv, sizeof conv, "conv%d", i + 1);
        snprintf(norm, sizeof norm, "bn%d", i + 1);
        snprintf(relu, sizeof relu, "relu%d", i + 1);
        snprintf(pool, sizeof pool, "pool%d", i / 2 + 1);
        add_conv(builder, conv, 48 << i / 2, (struct square){3, 1, 1}, 1, false);
        add_batch_normalization(builder, norm);
        add_relu(builder, relu);
        if (i % 2 == 1)
            add_max_pool(builder, pool, (struct square){2, 2, 0}, false);
    }
    add_flatten(builder, "flatten");
    add_gemm(builder, "fc1", 512);
    add_relu(builder, "relu7");
    add_dropout(builder, "drop1", 0.5f);
    add_gemm(builder, "fc2", classes);
}

static void add_fc_relu_dropout(struct builder *builder, int number)
{
    char fc[16], relu[16], drop[16];
    snprintf(fc, sizeof fc, "fc%d", number);
    snprintf(relu, sizeof relu, "relu%d", number);
    snprintf(drop, sizeof drop, "drop%d", number);
    add_gemm(builder, fc, 4096);
    add_relu(builder, relu);
    add_dropout(builder, drop, 0.5f);
}

/* Krizhevsky et al. 2012 as in Caffe: conv2, 4 and 5 in two groups, LRN before pools; 60,954,656 weights. */
void make_alexnet(struct builder *builder, int classes)
{
    static const struct {
        int filters, groups;
        struct square window;
        bool normalized, pooled;
    } layers[] = {
        {96, 1, {11, 4, 0}, true, true},   {256, 2, {5, 1, 2}, true, true},
        {384, 1, {3, 1, 1}, false, false}, {384, 2, {3, 1, 1}, false, false},
        {256, 2, {3, 1, 1}, false, true},
    };
    for (int i = 0; i < 5; i++) {
        char conv[16], relu[16], norm[16], pool[16];
        snprintf(conv, sizeof conv, "conv%d", i + 1);
        snprintf(relu, sizeof relu, "relu%d", i + 1);
        snprintf(norm, sizeof norm, "norm%d", i + 1);
        snprintf(pool, sizeof pool, "pool%d", i + 1);
        add_conv(builder, conv, layers[i].filters, layers[i].window, layers[i].groups, true);
        add_relu(builder, relu);
        if (layers[i].normalized)
            add_lrn(builder, norm, 5, 1e-4f, 0.75f);
        if (layers[i].pooled)
            add_max_pool(builder, pool, (struct square){3, 2, 0}, true); /* Caffe's pools round up */
    }
    add_flatten(builder, "flatten");
    add_fc_relu_dropout(builder, 6);
    add_fc_relu_dropout(builder, 7);
    add_gemm(builder, "fc8", classes);
}

/* Simonyan and Zisserman 2014, configuration D. */
void make_vgg16(struct builder *builder, int classes)
{
    static const int depths[5] = {2, 2, 3, 3, 3}, filters[5] = {64, 128, 256, 512, 512};
    for (int stage = 0; stage < 5; stage++) {
        char pool[16];
        snprintf(pool, sizeof pool, "pool%d", stage + 1);
        for (int i = 0; i < depths[stage]; i++) {
            char conv[40], relu[40];
            snprintf(conv, sizeof conv, "conv%d_%d", stage + 1, i + 1);
            snprintf(relu, sizeof relu, "relu%d_%d", stage + 1, i + 1);
            add_conv(builder, conv, filters[stage], (struct square){3, 1, 1}, 1, true);
            add_relu(builder, relu);
        }
        add_max_pool(builder, pool, (struct square){2, 2, 0}, false);
    }
    add_flatten(builder, "flatten");
    add_fc_relu_dropout(builder, 6);
    add_fc_relu_dropout(builder, 7);
    add_gemm(builder, "fc8", classes);
}

/* A fire module: 1x1 squeeze, then 1x1 and 3x3 expansion side by side. */
static void add_fire(struct builder *builder, int number, int squeeze, int expand)
{
    char name[40];
    snprintf(name, sizeof name, "fire%d/conv1x1_1", number);
    add_conv(builder, name, squeeze, (struct square){1, 1, 0}, 1, true);
    snprintf(name, sizeof name, "fire%d/relu_conv1x1_1", number);
    add_relu(builder, name);
    int squeezed = builder->current;
    snprintf(name, sizeof name, "fire%d/conv1x1_2", number);
    add_conv(builder, name, expand, (struct square){1, 1, 0}, 1, true);
    snprintf(name, sizeof name, "fire%d/relu_conv1x1_2", number);
    add_relu(builder, name);
    int narrow = builder->current;
    builder_branch(builder, squeezed);
    snprintf(name, sizeof name, "fire%d/conv3x3_2", number);
    add_conv(builder, name, expand, (struct square){3, 1, 1}, 1, true);
    snprintf(name, sizeof name, "fire%d/relu_conv3x3_2", number);
    add_relu(builder, name);
    snprintf(name, sizeof name, "fire%d/concat", number);
    add_concat(builder, name, narrow);
}

/* Iandola et al. 2016, version 1.0; its last convolution pads a 1x1 kernel by 1, as the authors' does. */
void make_squeezenet(struct builder *builder, int classes)
{
    static const struct {
        int squeeze, expand;
    } fires[] = {{16, 64}, {16, 64}, {32, 128}, {32, 128}, {48, 192}, {48, 192}, {64, 256}, {64, 256}};
    const struct square pool = {3, 2, 0};
    add_conv(builder, "conv1", 96, (struct square){7, 2, 0}, 1, true);
    add_relu(builder, "relu_conv1");
    add_max_pool(builder, "pool1", pool, true);
    for (int i = 0; i < 8; i++) {
        add_fire(builder, i + 2, fires[i].squeeze, fires[i].expand);
        if (i == 2)
            add_max_pool(builder, "pool4", pool, true);
        if (i == 6)
            add_max_pool(builder, "pool8", pool, true);
    }
    add_dropout(builder, "drop9", 0.5f);
    add_conv(builder, "conv_final", classes, (struct square){1, 1, 1}, 1, true);
    add_relu(builder, "relu_conv_final");
    add_global_average_pool(builder, "pool_final");
    add_flatten(builder, "flatten");
}
