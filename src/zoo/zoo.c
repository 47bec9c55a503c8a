/*
 * zoo.c - which networks there are, what pictures they want, and how one is made.
 */
#include "zoo/zoo.h"
#include "base/memory.h"
#include "zoo/build.h"

#include <stdio.h>
#include <string.h>

/* ---- what pictures they want ---- */

static const struct input_rule rule_mnist = {
    .is_image = true, .color = "gray", .mean = {0.0f}, .scale = {1.0f / 255.0f}};
/* Caffe's order and mean, divided by ImageNet's deviation: Caffe's own pixels of up to 150 go with its small
 * first weights; with He's, which these networks get, they make scores of hundreds, and training diverges. */
static const struct input_rule rule_caffe = {
    .is_image = true,
    .color = "BGR",
    .mean = {104.0f, 117.0f, 123.0f},
    .scale = {1.0f / (255.0f * 0.225f), 1.0f / (255.0f * 0.224f), 1.0f / (255.0f * 0.229f)}};
/* ImageNet's mean and deviation, as PyTorch's models use them, and usual for CIFAR-10 too. */
static const struct input_rule rule_torch = {
    .is_image = true,
    .color = "RGB",
    .mean = {255.0f * 0.485f, 255.0f * 0.456f, 255.0f * 0.406f},
    .scale = {1.0f / (255.0f * 0.229f), 1.0f / (255.0f * 0.224f), 1.0f / (255.0f * 0.225f)}};

/* ---- which there are ---- */

static const struct recipe_of_network {
    const char *name;
    void (*make)(struct builder *builder, int classes);
    int layers; /* Convs and Gemms */
    int channels, size, classes;
    const struct input_rule *rule;
} networks[] = {
    {"lenet300", make_lenet300, 3, 1, 28, 10, &rule_mnist},
    {"lenet5", make_lenet5, 4, 1, 28, 10, &rule_mnist},
    {"vgg8-cifar", make_vgg8_cifar, 8, 3, 32, 10, &rule_torch},
    {"resnet20", make_resnet20, 20, 3, 32, 10, &rule_torch},
    {"alexnet", make_alexnet, 8, 3, 227, 1000, &rule_caffe},
    {"vgg16", make_vgg16, 16, 3, 224, 1000, &rule_torch},
    {"resnet50", make_resnet50, 54, 3, 224, 1000, &rule_torch},
    {"squeezenet", make_squeezenet, 26, 3, 227, 1000, &rule_caffe},
};
enum { NETWORK_COUNT = sizeof networks / sizeof *networks, MAX_CLASSES = 100000 };

const char *const zoo_names[] = {"lenet300", "lenet5",   "vgg8-cifar", "resnet20", "alexnet",
                                 "vgg16",    "resnet50", "squeezenet", NULL};

/* ---- how one is made ---- */

static sned_status check_options(const struct recipe_of_network *network, const struct zoo_options *options,
                                 sned_error *error)
{
    if (options->classes < 0 || options->classes > MAX_CLASSES)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: %d classes; give a number from 1 to %d",
                         network->name, options->classes, MAX_CLASSES);
    if (options->block[0] < 0 || options->block[1] < 0)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: a block of %d x %d channels makes no sense",
                         network->name, options->block[0], options->block[1]);
    if (!options->densities)
        return SNED_OK;
    if (options->density_count != network->layers && options->density_count != 1)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "%s has %d layers with weights; give %d densities, or one for all, not %d",
                         network->name, network->layers, network->layers, options->density_count);
    for (int i = 0; i < options->density_count; i++)
        if (!(options->densities[i] > 0.0f && options->densities[i] <= 1.0f))
            return sned_fail(error, SNED_ERROR_ARGUMENT,
                             "%s: density %g of layer %d is not above 0 and at most 1", network->name,
                             options->densities[i], i + 1);
    return SNED_OK;
}

static sned_status find_network(const struct recipe_of_network **network, const char *name, sned_error *error)
{
    char known[160] = "";
    size_t written = 0;
    for (int i = 0; i < NETWORK_COUNT; i++) {
        if (strcmp(networks[i].name, name) == 0) {
            *network = &networks[i];
            return SNED_OK;
        }
        written += (size_t)snprintf(known + written, sizeof known - written, " %s", networks[i].name);
    }
    return sned_fail(error, SNED_ERROR_ARGUMENT, "no network is called '%.80s'; there are:%s", name, known);
}

static sned_status set_provenance(struct graph *graph, uint64_t seed, sned_error *error)
{
    char text[160];
    snprintf(text, sizeof text, "{\"made_by\": \"sned new\", \"network\": \"%s\", \"seed\": %llu}",
             graph->name, (unsigned long long)seed);
    return sned_strdup(&graph->provenance, text, error);
}

sned_status zoo_new(struct graph **graph, const char *name, const struct zoo_options *options,
                    sned_error *error)
{
    static const struct zoo_options defaults = {0};
    struct zoo_options chosen = options ? *options : defaults;
    const struct recipe_of_network *network = NULL;
    struct builder builder;
    *graph = NULL;
    SNED_TRY(find_network(&network, name, error));
    SNED_TRY(check_options(network, &chosen, error));
    if (!chosen.densities)
        chosen.density_count = 0;
    builder_start(&builder, network->name, network->channels, network->size, &chosen, error);
    network->make(&builder, chosen.classes > 0 ? chosen.classes : network->classes);
    if (builder.status == SNED_OK) {
        builder.graph->rule = *network->rule;
        builder.status = set_provenance(builder.graph, chosen.seed, error);
    }
    return builder_finish(&builder, graph);
}
