/*
 * test_settings.c - how a network is trained of which nobody says it. Expected numbers are worked out by hand
 * from docs/training.md's table.
 */
#include "tests/train/train_data.h"

#include "train/settings.h"
#include "zoo/zoo.h"

static struct train_options settings_for(const struct graph *graph, size_t images, bool trained)
{
    struct train_options options;
    must(train_settings(&options, graph, images, trained, error));
    return options;
}

static struct train_options settings_of(const char *network, size_t images, bool trained)
{
    const struct zoo_options how = {.structure_only = true};
    struct graph *graph;
    must(zoo_new(&graph, network, &how, error));
    const struct train_options options = settings_for(graph, images, trained);
    sned_graph_free(graph);
    return options;
}

static void expect(struct train_options options, double epochs, int batch, double rate, int shift, bool flip)
{
    assert_float_equal(options.epochs, epochs, 0);
    assert_int_equal(options.batch, batch);
    assert_float_equal(options.rate, rate, 1e-6);
    assert_int_equal(options.augmentation.shift, shift);
    assert_int_equal(options.augmentation.flip, flip);
}

/* 1,000,000 / 55,000 = 18.2 epochs; 0.1 (3 / 4)^3 = 0.0422. */
static void digits_are_seen_a_million_times(void **state)
{
    expect(settings_of("lenet300", 55000, false), 18, 64, 0.1, 1, false);
    expect(settings_of("lenet5", 55000, false), 18, 64, 0.042, 1, false);
}

/* 4.5e13 / 87,839,744 / 27,000 = 18.97 epochs; resnet20 has 40,551,040 and reaches the million: 37.04. */
static void half_an_hour_bounds_larger_networks(void **state)
{
    expect(settings_of("vgg8-cifar", 27000, false), 19, 128, 0.1, 4, true);
    expect(settings_of("resnet20", 27000, false), 37, 128, 0.1, 4, true);
    assert_float_equal(settings_of("resnet50", 1000000, false).epochs, 5, 0);
}

/*
 * 8, 16 and 26 layers without batch normalization: 0.1 (3 / 8)^3 = 0.0053, the others 0.002; divided by the
 * root mean square of their pixels, about 1.31. That of pixels as they are is sqrt((0^2 + ... + 255^2) / 256)
 * = 147.2.
 */
static void deep_networks_and_raw_pixels_get_lower_rates(void **state)
{
    assert_float_equal(settings_of("alexnet", 9000, false).rate, 0.0040, 1e-4);
    assert_float_equal(settings_of("vgg16", 9000, false).rate, 0.0015, 1e-4);
    assert_float_equal(settings_of("squeezenet", 9000, false).rate, 0.0015, 1e-4);
    assert_int_equal(settings_of("alexnet", 9000, false).augmentation.shift, 12);
    struct graph *graph;
    must(zoo_new(&graph, "lenet300", &(struct zoo_options){.structure_only = true}, error));
    graph->rule.mean[0] = 0;
    graph->rule.scale[0] = 1;
    assert_float_equal(settings_for(graph, 55000, false).rate, 0.00068, 1e-6);
    sned_graph_free(graph);
}

/* 270 images: batches of 64 would be 4 steps; of 16 they are 16. */
static void few_images_make_small_batches_and_many_epochs(void **state)
{
    expect(settings_of("lenet300", 270, false), 100, 16, 0.025, 1, false);
    expect(settings_of("lenet300", 1, false), 100, 16, 0.025, 1, false);
}

static void a_trained_network_is_changed_gently(void **state)
{
    const struct train_options new = settings_of("lenet300", 55000, false),
                               old = settings_of("lenet300", 55000, true);
    expect(old, 6, 64, 0.01, 1, false);
    assert_int_equal(new.schedule, SCHEDULE_ONE_CYCLE);
    assert_int_equal(old.schedule, SCHEDULE_COSINE);
}

static void inputs_that_are_no_images_are_not_moved(void **state)
{
    struct graph *graph = new_network();
    graph->rule.is_image = false;
    expect(settings_for(graph, 512, false), 100, 16, 0.013, 0, false);
    sned_graph_free(graph);
}

static void training_shows_in_the_answers(void **state)
{
    struct graph *graph = new_network();
    struct dataset *dataset = open_data(folder);
    bool trained = true;
    must(train_is_trained(&trained, graph, dataset, all_images(), IMAGES, 1, error));
    assert_false(trained);
    struct train_options options = settings_for(graph, IMAGES, false);
    struct train_result result;
    options.epochs = 20;
    options.augmentation = (struct augmentation){0};
    must(train_network(graph, dataset, all_images(), IMAGES, &options, &result, error));
    must(train_is_trained(&trained, graph, dataset, all_images(), IMAGES, 1, error));
    assert_true(trained);
    dataset_free(dataset);
    sned_graph_free(graph);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_seen_a_million_times),
        cmocka_unit_test(half_an_hour_bounds_larger_networks),
        cmocka_unit_test(deep_networks_and_raw_pixels_get_lower_rates),
        cmocka_unit_test(few_images_make_small_batches_and_many_epochs),
        cmocka_unit_test(a_trained_network_is_changed_gently),
        cmocka_unit_test(inputs_that_are_no_images_are_not_moved),
        cmocka_unit_test(training_shows_in_the_answers),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
