/*
 * test_heads.c - networks with several outputs: all are computed, and the first is trained, as if the network
 * were of it alone.
 */
#include "tests/train/train_data.h"

/* Whether constant `tensor` of one graph is that of the other, to the bit. */
static bool are_alike(const struct graph *a, int tensor, const struct graph *b, int other)
{
    const size_t count = sned_shape_elements(&a->tensors[tensor].shape);
    return sned_shape_equal(&a->tensors[tensor].shape, &b->tensors[other].shape) &&
           !memcmp(a->tensors[tensor].data, b->tensors[other].data, count * sizeof(float));
}

/* The constants of two graphs' nodes by the same index. */
static bool have_alike_constants(const struct graph *a, const struct graph *b, int node)
{
    for (int i = 0; i < a->nodes[node].input_count; i++)
        if (a->tensors[a->nodes[node].inputs[i]].data &&
            !are_alike(a, a->nodes[node].inputs[i], b, b->nodes[node].inputs[i]))
            return false;
    return true;
}

static void swap_outputs(struct graph *graph)
{
    const int outputs[] = {graph->outputs[1], graph->outputs[0]};
    must(sned_graph_set_outputs(graph, outputs, 2, error));
}

static void the_first_head_is_trained_as_if_there_were_no_other(void **state)
{
    struct graph *one = new_network(), *two = new_network_of_two_heads();
    struct train_options options = options_for(2);
    struct train_result alone, beside;
    must(train(one, folder, &options, &alone, error));
    must(train(two, folder, &options, &beside, error));
    for (int n = 0; n < one->node_count; n++)
        assert_true(have_alike_constants(one, two, n));
    assert_true(alone.loss == beside.loss);
    assert_true(alone.accuracy == beside.accuracy);
    sned_graph_free(one);
    sned_graph_free(two);
}

static void what_leads_to_other_outputs_alone_stays_as_it_is(void **state)
{
    struct graph *one = new_network(), *before = new_network_of_two_heads(),
                 *after = new_network_of_two_heads();
    struct train_options options = options_for(2);
    struct train_result result;
    options.decay = 0.1f;
    must(train(after, folder, &options, &result, error));
    for (int n = 0; n < after->node_count; n++) {
        const bool has_constants = after->nodes[n].input_count > 1;
        assert_true(have_alike_constants(before, after, n) == (n >= one->node_count || !has_constants));
    }
    sned_graph_free(one);
    sned_graph_free(before);
    sned_graph_free(after);
}

/* The second head's labels are 0, 1 and 2 of its 3 numbers: images of class 3 are left out. */
static void another_output_in_front_is_trained_instead(void **state)
{
    struct graph *one = new_network(), *before = new_network_of_two_heads(),
                 *after = new_network_of_two_heads();
    struct train_options options = options_for(1);
    struct train_result result;
    uint32_t indices[IMAGES];
    size_t count = 0;
    for (uint32_t i = 0; i < IMAGES; i++)
        if (i % CLASSES < 3)
            indices[count++] = i;
    swap_outputs(after);
    struct dataset *dataset = open_data(folder);
    must(train_network(after, dataset, indices, count, &options, &result, error));
    const int flatten = 4, gemm = one->node_count - 1; /* the first head */
    for (int n = 0; n < after->node_count; n++) {
        const bool has_constants = after->nodes[n].input_count > 1;
        const bool is_first_head = n >= flatten && n <= gemm;
        assert_true(have_alike_constants(before, after, n) == (is_first_head || !has_constants));
    }
    dataset_free(dataset);
    sned_graph_free(one);
    sned_graph_free(before);
    sned_graph_free(after);
}

static void a_checkpoint_is_of_one_output(void **state)
{
    struct graph *graph = new_network_of_two_heads();
    struct train_options options = options_for(1);
    struct train_result result;
    struct observer observer = {0};
    struct reporter reporter = {observe, hear, &observer};
    char path[PATH_MAX];
    uint32_t labelled[IMAGES / CLASSES]; /* class 0, which both heads have */
    for (uint32_t i = 0; i < IMAGES / CLASSES; i++)
        labelled[i] = i * CLASSES;
    snprintf(path, sizeof path, "%s/checkpoint", folder);
    options.checkpoint = path;
    options.reporter = &reporter;
    struct dataset *dataset = open_data(folder);
    must(train_network(graph, dataset, labelled, IMAGES / CLASSES, &options, &result, error));
    sned_graph_free(graph);
    graph = new_network_of_two_heads();
    swap_outputs(graph);
    must(train_network(graph, dataset, labelled, IMAGES / CLASSES, &options, &result, error));
    assert_non_null(strstr(observer.first_message, "is of another run"));
    assert_int_equal(unlink(path), 0);
    dataset_free(dataset);
    sned_graph_free(graph);
}

static void fill_images(float *values, size_t count)
{
    uint32_t seed = 3;
    lcg_fill(&seed, values, count, 1);
}

enum { BATCH = 3 };

static void all_outputs_are_computed(void **state)
{
    struct graph *two = new_network_of_two_heads(), *other = new_network_of_two_heads();
    struct executor_options options = {.batch = BATCH, .threads = 1};
    struct executor *both, *swapped;
    float images[BATCH * SIDE * SIDE], second[BATCH * 3];
    fill_images(images, BATCH * SIDE * SIDE);
    swap_outputs(other);
    must(executor_new(&both, two, &options, error));
    must(executor_new(&swapped, other, &options, error));
    must(executor_forward(both, images, BATCH, error));
    must(executor_forward(swapped, images, BATCH, error));
    assert_memory_equal(executor_output(both, 0), executor_output(swapped, 1),
                        BATCH * CLASSES * sizeof(float));
    assert_memory_equal(executor_output(both, 1), executor_output(swapped, 0), sizeof second);
    must(executor_read(both, two->outputs[1], second, error));
    assert_memory_equal(executor_output(both, 1), second, sizeof second);
    executor_free(both);
    executor_free(swapped);
    sned_graph_free(two);
    sned_graph_free(other);
}

static void in_training_what_the_loss_is_not_of_is_not_computed(void **state)
{
    struct graph *two = new_network_of_two_heads();
    struct executor_options options = {.batch = BATCH, .training = true, .threads = 1};
    struct executor *executor;
    float images[BATCH * SIDE * SIDE], second[BATCH * 3];
    fill_images(images, BATCH * SIDE * SIDE);
    must(executor_new(&executor, two, &options, error));
    must(executor_forward(executor, images, BATCH, error));
    assert_int_equal(executor_read(executor, two->outputs[1], second, NULL), SNED_ERROR_ARGUMENT);
    executor_free(executor);
    sned_graph_free(two);
}

static void evaluation_is_of_the_first_output(void **state)
{
    struct graph *one = new_network(), *two = new_network_of_two_heads();
    const struct evaluate_options options = {.threads = 1};
    struct evaluation alone, beside;
    struct dataset *dataset = open_data(folder);
    must(evaluate_network(one, dataset, all_images(), IMAGES, &options, &alone, error));
    must(evaluate_network(two, dataset, all_images(), IMAGES, &options, &beside, error));
    assert_true(alone.top1 == beside.top1);
    assert_true(alone.loss == beside.loss);
    dataset_free(dataset);
    sned_graph_free(one);
    sned_graph_free(two);
}

static void a_teacher_teaches_with_its_first_output(void **state)
{
    struct graph *teachers[] = {new_network(), new_network_of_two_heads()};
    uint64_t hashes[2];
    for (int i = 0; i < 2; i++) {
        struct train_options options = options_for(1);
        options.teacher = teachers[i];
        options.teacher_weight = 0.5;
        options.temperature = 2;
        hashes[i] = trained_hash(&options);
    }
    assert_true(hashes[0] == hashes[1]);
    sned_graph_free(teachers[0]);
    sned_graph_free(teachers[1]);
}

static void layers_that_stay_are_named(void **state)
{
    struct graph *one = new_network(), *two = new_network_of_two_heads();
    struct observer observer = {0};
    const struct reporter reporter = {.message = hear, .argument = &observer};
    must(train_tell_unjudged(one, &reporter, error));
    assert_int_equal(observer.messages, 0);
    must(train_tell_unjudged(two, &reporter, error));
    assert_int_equal(observer.messages, 1);
    const int conv = one->node_count, gemm = one->node_count + 4;
    char expected[256];
    snprintf(expected, sizeof expected,
             "output '%s' does not depend on 2 layers, which training leaves alone: %s, %s",
             two->tensors[two->outputs[0]].name, two->nodes[conv].name, two->nodes[gemm].name);
    assert_string_equal(observer.first_message, expected);
    sned_graph_free(one);
    sned_graph_free(two);
}

static void layers_whose_weights_the_first_head_has_too_do_not_stay(void **state)
{
    struct graph *one = new_network(), *two = new_network_of_two_heads();
    struct observer observer = {0};
    const struct reporter reporter = {.message = hear, .argument = &observer};
    const struct node *shared = &two->nodes[one->node_count - 1];
    while (!sned_node_has_weights(shared))
        shared--;
    two->nodes[one->node_count + 4].inputs[1] = node_weights(shared, 0);
    must(train_tell_unjudged(two, &reporter, error));
    assert_int_equal(observer.messages, 1);
    assert_non_null(strstr(observer.first_message, "1 layer, which training leaves alone"));
    assert_non_null(strstr(observer.first_message, two->nodes[one->node_count].name));
    sned_graph_free(one);
    sned_graph_free(two);
}

static void networks_with_state_are_refused(void **state)
{
    struct graph *graph = new_network();
    struct executor_options options = {.batch = 1, .threads = 1};
    struct executor *executor;
    sned_error refusal = {0};
    int tensor;
    must(sned_graph_add_tensor(graph, "kept", TENSOR_F32, &graph->tensors[graph->outputs[0]].shape, NULL,
                               &tensor, error));
    graph->states[graph->state_count++] = (struct state_tensor){tensor, graph->outputs[0]};
    assert_int_equal(executor_new(&executor, graph, &options, &refusal), SNED_ERROR_UNSUPPORTED);
    assert_string_equal(refusal.message,
                        "network 'test' keeps state from run to run, which training, evaluation and "
                        "calibration in floats do not handle");
    sned_graph_free(graph);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_head_is_trained_as_if_there_were_no_other),
        cmocka_unit_test(what_leads_to_other_outputs_alone_stays_as_it_is),
        cmocka_unit_test(another_output_in_front_is_trained_instead),
        cmocka_unit_test(a_checkpoint_is_of_one_output),
        cmocka_unit_test(all_outputs_are_computed),
        cmocka_unit_test(in_training_what_the_loss_is_not_of_is_not_computed),
        cmocka_unit_test(evaluation_is_of_the_first_output),
        cmocka_unit_test(a_teacher_teaches_with_its_first_output),
        cmocka_unit_test(layers_that_stay_are_named),
        cmocka_unit_test(layers_whose_weights_the_first_head_has_too_do_not_stay),
        cmocka_unit_test(networks_with_state_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
