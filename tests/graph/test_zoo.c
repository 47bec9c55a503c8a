/*
 * test_zoo.c - the networks of `sned new`: their sizes as published, their weights as seeded, their masks as
 * asked.
 */
#include "tests/graph/graph_fixture.h"
#include "zoo/zoo.h"

#include <math.h>
#include <stdlib.h>

static struct graph *make(const char *name, const struct zoo_options *options)
{
    sned_error error;
    struct graph *graph;
    succeeds(zoo_new(&graph, name, options, &error), &error);
    return graph;
}

static struct graph *structure_of(const char *name)
{
    struct zoo_options options = {.structure_only = true};
    return make(name, &options);
}

static const struct node *node_named(const struct graph *graph, const char *name)
{
    for (int i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i].name, name) == 0)
            return &graph->nodes[i];
    fail_msg("no node is called %s", name);
    return NULL;
}

/* The node's output is [1][channels][size][size]. */
static void output_is(const struct graph *graph, const char *name, int channels, int size)
{
    const struct shape *shape = &graph->tensors[node_named(graph, name)->outputs[0]].shape;
    struct extent extent = sned_shape_extent(shape);
    if (extent.channels != channels || extent.height != size || extent.width != size)
        fail_msg("%s is %d x %d x %d instead of %d x %d x %d", name, extent.channels, extent.height,
                 extent.width, channels, size, size);
}

static uint64_t weights_in(const struct graph *graph)
{
    uint64_t weights = 0;
    for (int i = 0; i < graph->node_count; i++)
        weights += sned_node_weights(graph, &graph->nodes[i]);
    return weights;
}

static uint64_t macs_in(const struct graph *graph)
{
    uint64_t macs = 0;
    for (int i = 0; i < graph->node_count; i++)
        macs += sned_node_macs(graph, &graph->nodes[i]);
    return macs;
}

/* ---- sizes ---- */

static void every_network_has_its_published_number_of_weights(void **state)
{
    static const struct {
        const char *name;
        uint64_t weights;
    } published[] = {
        {"lenet300", 266200},  {"lenet5", 430500},   {"vgg8-cifar", 2222096}, {"resnet20", 268336},
        {"alexnet", 60954656}, {"vgg16", 138344128}, {"resnet50", 25502912},  {"squeezenet", 1244448},
    };
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        struct graph *graph = structure_of(published[i].name);
        assert_string_equal(zoo_names[i], published[i].name);
        assert_int_equal(weights_in(graph), published[i].weights);
        check(graph);
        sned_graph_free(graph);
    }
    assert_null(zoo_names[sizeof published / sizeof *published]);
}

static void every_small_network_can_be_prepared(void **state)
{
    static const char *const names[] = {"lenet300", "lenet5",     "vgg8-cifar",
                                        "resnet20", "squeezenet", "resnet50"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sned_error error;
        struct graph *graph = structure_of(names[i]);
        succeeds(sned_graph_prepare(graph, &error), &error);
        check(graph);
        for (int n = 0; n < graph->node_count; n++)
            assert_true(graph->nodes[n].op != OP_BATCH_NORMALIZATION && graph->nodes[n].op != OP_DROPOUT &&
                        graph->nodes[n].op != OP_RELU);
        sned_graph_free(graph);
    }
}

static void squeezenet_has_the_sizes_of_its_authors(void **state)
{
    struct graph *graph = structure_of("squeezenet");
    output_is(graph, "conv1", 96, 111);
    output_is(graph, "pool1", 96, 55);
    output_is(graph, "fire4/concat", 256, 55);
    output_is(graph, "pool4", 256, 27);
    output_is(graph, "pool8", 512, 13);
    output_is(graph, "fire9/concat", 512, 13);
    output_is(graph, "conv_final", 1000, 15);
    output_is(graph, "flatten", 1000, 1);
    assert_int_equal(macs_in(graph) / 1000000, 861);
    sned_graph_free(graph);
}

static void alexnet_normalizes_before_it_pools(void **state)
{
    struct graph *graph = structure_of("alexnet");
    output_is(graph, "conv1", 96, 55);
    output_is(graph, "pool1", 96, 27);
    output_is(graph, "pool2", 256, 13);
    output_is(graph, "pool5", 256, 6);
    output_is(graph, "fc8", 1000, 1);
    assert_int_equal(node_named(graph, "norm1")->inputs[0], node_named(graph, "relu1")->outputs[0]);
    assert_int_equal(node_named(graph, "pool1")->inputs[0], node_named(graph, "norm1")->outputs[0]);
    assert_int_equal(node_named(graph, "conv2")->u.conv.groups, 2);
    assert_int_equal(node_named(graph, "conv3")->u.conv.groups, 1);
    sned_graph_free(graph);
}

static void resnet20_has_shortcuts_without_weights(void **state)
{
    int slices = 0, pads = 0;
    struct graph *graph = structure_of("resnet20");
    for (int i = 0; i < graph->node_count; i++) {
        slices += graph->nodes[i].op == OP_SLICE;
        pads += graph->nodes[i].op == OP_PAD;
    }
    assert_int_equal(slices, 4);
    assert_int_equal(pads, 2);
    assert_int_equal(macs_in(graph) / 100000, 405); /* 40.6 M, of which the last layer is 640 */
    output_is(graph, "stage3.block3.add", 64, 8);
    sned_graph_free(graph);
}

static void resnet50_halves_its_images_five_times(void **state)
{
    struct graph *graph = structure_of("resnet50");
    output_is(graph, "stem.pool", 64, 56);
    output_is(graph, "stage1.block3.add", 256, 56);
    output_is(graph, "stage4.block3.add", 2048, 7);
    sned_graph_free(graph);
}

static void networks_carry_how_to_make_their_input(void **state)
{
    struct graph *mnist = structure_of("lenet5"), *cifar = structure_of("resnet20");
    struct graph *caffe = structure_of("squeezenet");
    assert_string_equal(mnist->rule.color, "gray");
    assert_float_equal(mnist->rule.scale[0], 1.0 / 255, 1e-9);
    assert_string_equal(cifar->rule.color, "RGB");
    assert_float_equal(cifar->rule.mean[1], 255 * 0.456, 1e-4);
    assert_float_equal(cifar->rule.scale[2], 1 / (255 * 0.225), 1e-7);
    assert_string_equal(caffe->rule.color, "BGR");
    assert_float_equal(caffe->rule.mean[2], 123, 0);
    assert_true(mnist->rule.is_image && cifar->rule.is_image && caffe->rule.is_image);
    sned_graph_free(mnist);
    sned_graph_free(cifar);
    sned_graph_free(caffe);
}

static void the_number_of_classes_can_be_chosen(void **state)
{
    struct zoo_options options = {.classes = 62, .structure_only = true};
    static const char *const names[] = {"lenet300", "lenet5", "vgg8-cifar", "resnet20", "squeezenet"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct graph *graph = make(names[i], &options);
        struct shape wanted = SHAPE(1, 62);
        assert_true(sned_shape_equal(&graph->tensors[graph->outputs[0]].shape, &wanted));
        sned_graph_free(graph);
    }
}

/* ---- weights ---- */

static const float *weights_of(const struct graph *graph, const char *name)
{
    return graph->tensors[node_named(graph, name)->inputs[1]].data;
}

static void a_seed_gives_the_same_weights_each_time(void **state)
{
    struct zoo_options options = {.seed = 7}, others = {.seed = 8};
    struct graph *a = make("lenet300", &options), *b = make("lenet300", &options),
                 *c = make("lenet300", &others);
    size_t bytes = 784 * 300 * sizeof(float);
    assert_memory_equal(weights_of(a, "fc1"), weights_of(b, "fc1"), bytes);
    assert_true(memcmp(weights_of(a, "fc1"), weights_of(c, "fc1"), bytes) != 0);
    sned_graph_free(a);
    sned_graph_free(b);
    sned_graph_free(c);
}

static void weights_have_the_deviation_of_he(void **state)
{
    struct zoo_options options = {.seed = 1};
    struct graph *graph = make("lenet300", &options);
    const float *weights = weights_of(graph, "fc1");
    double sum = 0, squares = 0;
    for (int i = 0; i < 784 * 300; i++) {
        sum += weights[i];
        squares += (double)weights[i] * weights[i];
    }
    assert_float_equal(sum / (784 * 300), 0, 5e-4);
    assert_float_equal(squares / (784 * 300), 2.0 / 784, 0.02 * 2.0 / 784);
    sned_graph_free(graph);
}

/* ---- masks ---- */

static void a_density_keeps_that_share_exactly(void **state)
{
    static const float densities[] = {0.5f, 0.25f, 0.1f, 1.0f};
    static const uint64_t kept[] = {250, 6250, 40000, 5000};
    static const char *const names[] = {"conv1", "conv2", "fc1", "fc2"};
    struct zoo_options options = {.seed = 3, .densities = densities, .density_count = 4};
    struct graph *graph = make("lenet5", &options); /* which checks that what is pruned is zero */
    for (int i = 0; i < 4; i++)
        assert_int_equal(sned_node_kept(graph, node_named(graph, names[i])), kept[i]);
    assert_non_null(graph->tensors[node_named(graph, "fc1")->inputs[1]].mask);
    sned_graph_free(graph);
}

static void kept_weights_lie_everywhere(void **state)
{
    static const float densities[] = {0.1f, 1.0f, 1.0f};
    struct zoo_options options = {.seed = 3, .densities = densities, .density_count = 3};
    struct graph *graph = make("lenet300", &options);
    const float *weights = weights_of(graph, "fc1");
    int first = 0, last = 0, quarter = 784 * 75;
    for (int i = 0; i < quarter; i++) {
        first += weights[i] != 0;
        last += weights[784 * 300 - 1 - i] != 0;
    }
    assert_true(abs(first - 5880) < 300 && abs(last - 5880) < 300); /* four standard deviations */
    sned_graph_free(graph);
}

static void a_block_shares_its_mask(void **state)
{
    static const float densities[] = {1.0f, 0.3f, 0.2f, 1.0f};
    struct zoo_options options = {.seed = 3, .densities = densities, .density_count = 4, .block = {2, 1}};
    struct graph *graph = make("lenet5", &options);
    const uint8_t *mask = graph->tensors[node_named(graph, "conv2")->inputs[1]].mask; /* [50][20][5][5] */
    for (int k = 0; k < 50; k += 2)
        assert_memory_equal(mask + k * 500, mask + (k + 1) * 500, 500);
    assert_int_equal(sned_node_kept(graph, node_named(graph, "conv2")), 7500);
    mask = graph->tensors[node_named(graph, "fc1")->inputs[1]].mask; /* [500][800] */
    assert_memory_equal(mask + 498 * 800, mask + 499 * 800, 800);
    sned_graph_free(graph);
}

static void a_block_may_be_larger_than_what_is_left(void **state)
{
    static const float densities[] = {0.5f, 0.5f, 0.5f, 0.5f};
    struct zoo_options options = {.seed = 3, .densities = densities, .density_count = 4, .block = {64, 7}};
    struct graph *graph = make("lenet5", &options);
    const uint8_t *mask = graph->tensors[node_named(graph, "conv2")->inputs[1]].mask; /* [50][20][5][5] */
    assert_memory_equal(mask, mask + 49 * 500, 500);
    assert_memory_equal(mask + 14 * 25, mask + 19 * 25, 25); /* channels 14 to 19: the last, smaller block */
    sned_graph_free(graph);
}

/* ---- refusals ---- */

static void zoo_refuses(const char *name, const struct zoo_options *options, const char *words)
{
    sned_error error;
    struct graph *graph = NULL;
    refused(zoo_new(&graph, name, options, &error), &error, SNED_ERROR_ARGUMENT, words);
    assert_null(graph);
}

static void an_unknown_network_is_refused_with_those_there_are(void **state)
{
    struct zoo_options options = {0};
    zoo_refuses("lenet6", &options, "'lenet6'; there are: lenet300 lenet5");
}

static void a_wrong_number_of_densities_is_refused_with_the_right_one(void **state)
{
    static const float densities[] = {0.5f, 0.5f};
    struct zoo_options options = {.densities = densities, .density_count = 2};
    zoo_refuses("lenet5", &options, "give 4 densities, or one for all, not 2");
    zoo_refuses("resnet50", &options, "give 54 densities, or one for all, not 2");
}

static void one_density_is_for_all_layers(void **state)
{
    static const float one[] = {0.25f}, each[] = {0.25f, 0.25f, 0.25f, 0.25f};
    struct zoo_options options = {.seed = 3, .densities = one, .density_count = 1};
    struct graph *short_form, *long_form;
    assert_int_equal(zoo_new(&short_form, "lenet5", &options, NULL), SNED_OK);
    options = (struct zoo_options){.seed = 3, .densities = each, .density_count = 4};
    assert_int_equal(zoo_new(&long_form, "lenet5", &options, NULL), SNED_OK);
    for (int n = 0; n < short_form->node_count; n++)
        assert_int_equal(sned_node_kept(short_form, &short_form->nodes[n]),
                         sned_node_kept(long_form, &long_form->nodes[n]));
    sned_graph_free(short_form);
    sned_graph_free(long_form);
}

static void a_density_above_1_is_refused(void **state)
{
    static const float densities[] = {0.5f, 1.5f, 0.5f, 0.5f}, none[] = {0.5f, NAN, 0.5f, 0.5f};
    struct zoo_options options = {.densities = densities, .density_count = 4};
    zoo_refuses("lenet5", &options, "density 1.5 of layer 2");
    options.densities = none;
    zoo_refuses("lenet5", &options, "of layer 2");
}

static void a_senseless_number_of_classes_is_refused(void **state)
{
    struct zoo_options options = {.classes = -3};
    zoo_refuses("lenet5", &options, "-3 classes");
}

/* What the messages above promise: the number of densities wanted is the number of layers there are. */
static void the_number_of_layers_is_the_number_of_densities(void **state)
{
    static const char *const names[] = {"lenet300", "lenet5", "vgg8-cifar", "resnet20", "squeezenet"};
    static float densities[64];
    for (int i = 0; i < 64; i++)
        densities[i] = 1.0f;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct graph *graph = structure_of(names[i]);
        struct zoo_options options = {.densities = densities, .structure_only = true};
        for (int n = 0; n < graph->node_count; n++)
            options.density_count += sned_node_has_weights(&graph->nodes[n]);
        sned_graph_free(graph);
        sned_graph_free(make(names[i], &options));
    }
    struct zoo_options none = {.densities = densities};
    zoo_refuses("alexnet", &none, "give 8 densities");
    zoo_refuses("vgg16", &none, "give 16 densities");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_network_has_its_published_number_of_weights),
        cmocka_unit_test(every_small_network_can_be_prepared),
        cmocka_unit_test(squeezenet_has_the_sizes_of_its_authors),
        cmocka_unit_test(alexnet_normalizes_before_it_pools),
        cmocka_unit_test(resnet20_has_shortcuts_without_weights),
        cmocka_unit_test(resnet50_halves_its_images_five_times),
        cmocka_unit_test(networks_carry_how_to_make_their_input),
        cmocka_unit_test(the_number_of_classes_can_be_chosen),
        cmocka_unit_test(a_seed_gives_the_same_weights_each_time),
        cmocka_unit_test(weights_have_the_deviation_of_he),
        cmocka_unit_test(a_density_keeps_that_share_exactly),
        cmocka_unit_test(kept_weights_lie_everywhere),
        cmocka_unit_test(a_block_shares_its_mask),
        cmocka_unit_test(a_block_may_be_larger_than_what_is_left),
        cmocka_unit_test(an_unknown_network_is_refused_with_those_there_are),
        cmocka_unit_test(a_wrong_number_of_densities_is_refused_with_the_right_one),
        cmocka_unit_test(one_density_is_for_all_layers),
        cmocka_unit_test(a_density_above_1_is_refused),
        cmocka_unit_test(a_senseless_number_of_classes_is_refused),
        cmocka_unit_test(the_number_of_layers_is_the_number_of_densities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
