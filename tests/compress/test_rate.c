/*
 * test_rate.c - rate-aware training: fewer bytes for a higher price, a size that is asked for, the same
 * result each time, also after a kill.
 */
#include "tests/compress/compress_fixture.h"
#include "base/file.h"
#include "compress/quantize/quantize.h"
#include "compress/rate/rate.h"
#include "graph/passes/compact.h"

struct rated {
    struct graph *graph, *integer;
    struct rate_result result;
};

static uint32_t *all_images(void)
{
    static uint32_t indices[TRAIN];
    for (uint32_t i = 0; i < TRAIN; i++)
        indices[i] = i;
    return indices;
}

static struct rate_options quick_rate(void)
{
    struct rate_options options = rate_defaults();
    options.epochs = 6;
    options.batch = 30;
    options.rate = 3e-3f;
    options.lambda = 3e-5;
    options.threads = 1;
    return options;
}

static struct graph *calibrated(void)
{
    const struct calibration_images images = {.dataset = dataset, .indices = all_images(), .count = TRAIN};
    struct graph *graph;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    assert_int_equal(sned_graph_prepare(graph, NULL), SNED_OK);
    assert_int_equal(quantize_calibrate(graph, &images, &(struct calibration_options){.threads = 1}, NULL),
                     SNED_OK);
    return graph;
}

static struct rated rated_with(const struct rate_options *options)
{
    struct rated rated = {.graph = calibrated()};
    sned_error error = {0};
    if (rate_train(rated.graph, dataset, all_images(), TRAIN, options, &rated.result, &error) != SNED_OK)
        fail_msg("%s", error.message);
    if (quantize_lower(&rated.integer, rated.graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    return rated;
}

static void rated_free(struct rated *rated)
{
    sned_graph_free(rated->graph);
    sned_graph_free(rated->integer);
}

static double accuracy(const struct graph *integer)
{
    struct evaluation evaluation;
    assert_int_equal(evaluate_integer(integer, dataset, all_images(), TRAIN,
                                      &(struct evaluate_options){.threads = 1}, &evaluation, NULL),
                     SNED_OK);
    return evaluation.top1;
}

static void a_higher_price_gives_fewer_bytes(void **state)
{
    struct rate_options options = quick_rate();
    options.lambda = 1e-6;
    struct rated cheap = rated_with(&options);
    options.lambda = 1e-4;
    struct rated dear = rated_with(&options);
    assert_true(dear.result.bytes < 0.5 * cheap.result.bytes);
    assert_true(kept(dear.integer) < kept(cheap.integer));
    assert_true(accuracy(cheap.integer) > 90);
    assert_true(accuracy(dear.integer) > 90);
    rated_free(&cheap);
    rated_free(&dear);
}

static void weights_end_on_the_grid_of_their_layer(void **state)
{
    const struct rate_options options = quick_rate();
    struct rated rated = rated_with(&options);
    for (int n = 0; n < rated.graph->node_count; n++) {
        if (!sned_node_has_weights(&rated.graph->nodes[n]))
            continue;
        const struct tensor *tensor = &rated.graph->tensors[node_weights(&rated.graph->nodes[n], 0)];
        const struct tensor *integers = &rated.integer->tensors[node_weights(&rated.integer->nodes[n], 0)];
        const float step = tensor->quantization.scale, *weights = tensor->data;
        assert_true(step > 0);
        for (size_t i = 0; i < sned_shape_elements(&tensor->shape); i++) {
            assert_true(weights[i] == (float)((int8_t *)integers->data)[i] * step);
            assert_true(tensor->mask[i] == (weights[i] != 0));
        }
    }
    rated_free(&rated);
}

/* Two steps of the output apart, or by less than half of that: powers of two of the accumulator's units. */
static void biases_end_on_a_coarse_grid(void **state)
{
    const struct rate_options options = quick_rate();
    struct rated rated = rated_with(&options);
    for (int n = 0; n < rated.graph->node_count; n++) {
        const struct node *node = &rated.graph->nodes[n];
        if (!sned_node_has_weights(node))
            continue;
        const struct tensor *bias = &rated.graph->tensors[node_bias(node, 0)];
        const int32_t *integers = rated.integer->tensors[node_bias(&rated.integer->nodes[n], 0)].data;
        const struct quantization *out = &rated.graph->tensors[node->outputs[0]].quantization;
        const float step = bias->quantization.scale,
                    unit = rated.graph->tensors[node->inputs[0]].quantization.scale *
                           rated.graph->tensors[node_weights(node, 0)].quantization.scale,
                    most = out->scale * (out->bits == 16 ? 128 : 2);
        const int32_t grid = (int32_t)lroundf(step / unit);
        assert_true(step <= most * 1.001f && step > most / 2.001f);
        assert_true(grid > 0 && (grid & (grid - 1)) == 0);
        for (int64_t k = 0; k < bias->shape.dim[0]; k++) {
            assert_int_equal(integers[k] % grid, 0);
            assert_true(lroundf(((float *)bias->data)[k] / step) == integers[k] / grid);
        }
    }
    rated_free(&rated);
}

static int64_t filters(const struct graph *graph, const char *name)
{
    return graph->tensors[node_weights(find(graph, name), 0)].shape.dim[0];
}

/* The graph keeps its shape: in what left the network while it was trained there are zeros alone. */
static void units_that_do_nothing_can_be_taken_out(void **state)
{
    struct rate_options options = quick_rate();
    struct graph *compacted, *integer;
    options.lambda = 1e-4;
    struct rated rated = rated_with(&options);
    assert_int_equal(filters(rated.graph, "fc1"), HIDDEN);
    assert_int_equal(sned_graph_copy(&compacted, rated.graph, NULL), SNED_OK);
    assert_int_equal(sned_graph_compact(compacted, NULL, NULL), SNED_OK);
    const int64_t left = filters(compacted, "fc1");
    assert_true(left < HIDDEN);
    const struct tensor *weights = &rated.graph->tensors[node_weights(find(rated.graph, "fc1"), 0)];
    const float *biases = rated.graph->tensors[node_bias(find(rated.graph, "fc1"), 0)].data;
    const size_t n = sned_shape_elements(&weights->shape) / HIDDEN;
    int64_t alive = 0;
    for (size_t k = 0; k < HIDDEN; k++) {
        size_t some = 0;
        for (size_t i = 0; i < n; i++)
            some += ((float *)weights->data)[k * n + i] != 0;
        alive += some > 0;
        assert_true(some > 0 || biases[k] == 0);
    }
    assert_int_equal(alive, left);
    assert_int_equal(quantize_lower(&integer, compacted, NULL), SNED_OK);
    assert_true(accuracy(integer) == accuracy(rated.integer));
    sned_graph_free(compacted);
    sned_graph_free(integer);
    rated_free(&rated);
}

static void two_runs_give_the_same_bits(void **state)
{
    struct rate_options options = quick_rate();
    options.epochs = 2;
    struct rated first = rated_with(&options), second = rated_with(&options);
    assert_true(graph_state_hash(first.graph) == graph_state_hash(second.graph));
    options.seed++;
    struct rated third = rated_with(&options);
    assert_true(graph_state_hash(first.graph) != graph_state_hash(third.graph));
    rated_free(&first);
    rated_free(&second);
    rated_free(&third);
}

static void a_size_that_is_asked_for_is_met(void **state)
{
    struct rate_options options = quick_rate();
    options.epochs = 20;
    options.lambda = 1e-7;
    for (int i = 0; i < 2; i++) {
        options.target_bytes = i == 0 ? 600 : 250;
        struct rated rated = rated_with(&options);
        if (fabs(log(rated.result.bytes / options.target_bytes)) > log(1.25))
            fail_msg("%.0f bytes, %.0f asked for", rated.result.bytes, options.target_bytes);
        assert_true(accuracy(rated.integer) > 90);
        rated_free(&rated);
    }
}

/* A coder of a byte a weight. */
static sned_status count_weights(void *context, const struct graph *graph, double *bytes, sned_error *error)
{
    ++*(int *)context;
    *bytes = 0;
    for (int n = 0; n < graph->node_count; n++)
        *bytes += (double)sned_node_kept(graph, &graph->nodes[n]);
    return SNED_OK;
}

static void a_size_is_what_the_caller_measures(void **state)
{
    struct rate_options options = quick_rate();
    int asked = 0;
    options.epochs = 20;
    options.lambda = 1e-7;
    options.target_bytes = 400;
    options.measure_bytes = count_weights;
    options.measure_context = &asked;
    struct rated rated = rated_with(&options);
    assert_true(asked > 10 && asked < 100);
    if (fabs(log((double)kept(rated.integer) / options.target_bytes)) > log(1.2))
        fail_msg("%llu weights, %.0f asked for", (unsigned long long)kept(rated.integer),
                 options.target_bytes);
    rated_free(&rated);
}

/* At weight 1 labels are not looked at: here all are wrong. */
static void a_teacher_is_enough(void **state)
{
    struct rate_options options = quick_rate();
    struct graph *teacher;
    int32_t *wrong = calloc(TRAIN, sizeof *wrong), *right = calloc(TRAIN, sizeof *right);
    uint8_t *pixels = malloc(TRAIN * SIDE * SIDE);
    size_t got;
    assert_true(wrong && right && pixels);
    assert_int_equal(dataset_read(dataset, all_images(), TRAIN, pixels, right, &got, NULL), SNED_OK);
    assert_int_equal(sned_graph_copy(&teacher, trained, NULL), SNED_OK);
    options.teacher = teacher;
    options.teacher_weight = 1;
    dataset_relabel(dataset, wrong);
    struct rated rated = rated_with(&options);
    dataset_relabel(dataset, right);
    assert_true(accuracy(rated.integer) > 90);
    rated_free(&rated);
    sned_graph_free(teacher);
    free(wrong);
    free(right);
    free(pixels);
}

/* ---- interruptions ---- */

static void die_in_epoch(void *argument, const struct progress *progress)
{
    int epoch = 0;
    if (sscanf(progress->task, "epoch %d", &epoch) == 1 && epoch == *(int *)argument)
        _exit(9); /* as kill -9 would: nothing is cleaned up */
}

static void run_until(struct rate_options options, int epoch)
{
    struct reporter reporter = {.progress = die_in_epoch, .argument = &epoch};
    int result = 0;
    pid_t child = fork();
    if (child == 0) {
        struct graph *graph = calibrated();
        struct rate_result rate;
        options.reporter = &reporter;
        rate_train(graph, dataset, all_images(), TRAIN, &options, &rate, NULL);
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &result, 0) == child && WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 9);
}

/* Lambda rises, is controlled, zeros freeze in the 6th of 6 epochs: killed before and after each. */
static void a_killed_run_ends_with_the_same_bytes(void **state)
{
    struct rate_options options = quick_rate();
    struct graph *compacted;
    options.target_bytes = 400;
    struct rated whole = rated_with(&options);
    assert_int_equal(sned_graph_copy(&compacted, whole.graph, NULL), SNED_OK);
    assert_int_equal(sned_graph_compact(compacted, NULL, NULL), SNED_OK);
    assert_true(filters(compacted, "fc1") < HIDDEN); /* so units left under way */
    sned_graph_free(compacted);
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    for (int epoch = 2; epoch <= 6; epoch += 2)
        run_until(options, epoch);
    struct rated resumed = rated_with(&options), again = rated_with(&options);
    assert_true(graph_state_hash(resumed.graph) == graph_state_hash(whole.graph));
    assert_true(resumed.result.bytes == whole.result.bytes);
    assert_true(resumed.result.lambda == whole.result.lambda);
    assert_same_file(resumed.integer, whole.integer);
    assert_same_file(again.integer, whole.integer); /* from the checkpoint of a finished run */
    assert_true(again.result.bytes == whole.result.bytes);
    rated_free(&whole);
    rated_free(&resumed);
    rated_free(&again);
    unlink(checkpoint);
}

static void a_checkpoint_of_another_price_is_not_gone_on_from(void **state)
{
    struct rate_options options = quick_rate();
    options.epochs = 3;
    struct rated alone = rated_with(&options);
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    options.lambda *= 10;
    run_until(options, 3);
    options.lambda /= 10;
    struct rated after = rated_with(&options);
    assert_same_file(after.integer, alone.integer);
    rated_free(&alone);
    rated_free(&after);
    unlink(checkpoint);
}

static void a_time_budget_ends_the_whole_course(void **state)
{
    struct rate_options options = quick_rate();
    options.epochs = 100000;
    options.time_budget = 1;
    struct rated rated = rated_with(&options);
    assert_true(rated.result.seconds < 10);
    assert_true(accuracy(rated.integer) > 90);
    rated_free(&rated);
}

static void batch_norms_that_are_not_folded_are_refused(void **state)
{
    struct graph *graph = calibrated();
    struct rate_options options = quick_rate();
    struct rate_result result;
    sned_error error = {0};
    graph->nodes[0].op = OP_BATCH_NORMALIZATION;
    assert_int_equal(rate_train(graph, dataset, all_images(), TRAIN, &options, &result, &error),
                     SNED_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "conv"));
    sned_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_higher_price_gives_fewer_bytes),
        cmocka_unit_test(weights_end_on_the_grid_of_their_layer),
        cmocka_unit_test(biases_end_on_a_coarse_grid),
        cmocka_unit_test(units_that_do_nothing_can_be_taken_out),
        cmocka_unit_test(two_runs_give_the_same_bits),
        cmocka_unit_test(a_size_that_is_asked_for_is_met),
        cmocka_unit_test(a_size_is_what_the_caller_measures),
        cmocka_unit_test(a_teacher_is_enough),
        cmocka_unit_test(a_killed_run_ends_with_the_same_bytes),
        cmocka_unit_test(a_checkpoint_of_another_price_is_not_gone_on_from),
        cmocka_unit_test(a_time_budget_ends_the_whole_course),
        cmocka_unit_test(batch_norms_that_are_not_folded_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
