/*
 * test_rate.c - rate-aware training: fewer bytes for a higher price, a size that is asked for, the same
 * result each time, also after a kill.
 */
#include "tests/compress/rate_fixture.h"
#include "base/file.h"
#include "graph/passes/compact.h"

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

static bool has_the_integers_of(const struct graph *one, const struct graph *other)
{
    bool same = one->node_count == other->node_count;
    for (int n = 0; same && n < one->node_count; n++) {
        if (!sned_node_has_weights(&one->nodes[n]))
            continue;
        const struct tensor *first = &one->tensors[node_weights(&one->nodes[n], 0)];
        const struct tensor *second = &other->tensors[node_weights(&other->nodes[n], 0)];
        same = memcmp(first->data, second->data, sned_shape_elements(&first->shape)) == 0;
    }
    return same;
}

/* What weights keep of their fractions does not show in the integers; a short training at a low rate takes
 * more of them over an edge. */
static void a_training_goes_on_from_the_fractions_of_the_one_before(void **state)
{
    struct rate_options options = quick_rate(), more = quick_rate();
    more.epochs = 3;
    more.rate = options.rate / 8;
    more.lambda = 3e-4;
    struct rated rounded = rated_with(&options);
    options.keep_fractions = true;
    struct rated kept = rated_with(&options);
    assert_true(has_the_integers_of(kept.integer, rounded.integer));
    assert_true(graph_state_hash(kept.graph) != graph_state_hash(rounded.graph));
    assert_int_equal(rate_train(rounded.graph, dataset, all_images(), TRAIN, &more, &rounded.result, NULL),
                     SNED_OK);
    assert_int_equal(rate_train(kept.graph, dataset, all_images(), TRAIN, &more, &kept.result, NULL),
                     SNED_OK);
    assert_true(kept.result.bytes < rounded.result.bytes);
    rated_free(&rounded);
    rated_free(&kept);
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

/* A training too short to get anywhere: the weights nearest to the edge of 0 go, until there are no more. */
static void what_ends_a_little_too_large_is_trimmed_to_its_size(void **state)
{
    struct rate_options options = quick_rate();
    int asked = 0;
    options.epochs = 0.1;
    options.rate = 1e-5f;
    options.lambda = 1e-9;
    struct rated whole = rated_with(&options);
    options.most_bytes = 0.95 * (double)kept(whole.integer);
    options.measure_bytes = count_weights;
    options.measure_context = &asked;
    struct rated rated = rated_with(&options);
    assert_true((double)kept(rated.integer) <= options.most_bytes);
    assert_true((double)kept(rated.integer) > 0.97 * options.most_bytes);
    assert_true(accuracy(rated.integer) > accuracy(whole.integer) - 2);
    rated_free(&whole);
    rated_free(&rated);
}

/* What became of each weight of fc1 from look to look: zero after it had been something, and something again.
 * Where units leave, places are others, and all begins anew. */
enum { MOST_WEIGHTS = HIDDEN * FILTERS * (SIDE - 2) * (SIDE - 2) };
struct history {
    size_t count;
    bool was_something[MOST_WEIGHTS], was_cut[MOST_WEIGHTS];
    int back, back_when_frozen, looks_when_frozen;
};

static sned_status follow_zeros(void *context, const struct graph *graph, double *bytes, sned_error *error)
{
    struct history *history = context;
    const struct tensor *weights = &graph->tensors[node_weights(find(graph, "fc1"), 0)];
    const size_t count = sned_shape_elements(&weights->shape);
    if (history->count != count) {
        memset(history->was_something, 0, sizeof history->was_something);
        memset(history->was_cut, 0, sizeof history->was_cut);
    }
    for (size_t i = 0; i < count; i++) {
        const bool is_zero = ((const float *)weights->data)[i] == 0,
                   is_back = !is_zero && history->was_cut[i];
        history->back += is_back && !weights->mask;
        history->back_when_frozen += !is_zero && weights->mask && !weights->mask[i];
        history->was_cut[i] = is_zero && (history->was_something[i] || history->was_cut[i]);
        history->was_something[i] = !is_zero;
    }
    history->looks_when_frozen += weights->mask && history->count == count;
    history->count = count;
    return count_weights(&(int){0}, graph, bytes, error);
}

/* Regrowth needs nothing of its own: zeros are trained as all weights are, until they freeze. */
static void weights_that_were_cut_come_back_until_zeros_freeze(void **state)
{
    struct rate_options options = quick_rate();
    static struct history history;
    options.epochs = 20;
    options.lambda = 1e-7;
    options.target_bytes = 600;
    options.measure_bytes = follow_zeros;
    options.measure_context = &history;
    struct rated rated = rated_with(&options);
    assert_true(history.back > 10);
    assert_true(history.looks_when_frozen > 1);
    assert_int_equal(history.back_when_frozen, 0);
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
        cmocka_unit_test(a_training_goes_on_from_the_fractions_of_the_one_before),
        cmocka_unit_test(biases_end_on_a_coarse_grid),
        cmocka_unit_test(units_that_do_nothing_can_be_taken_out),
        cmocka_unit_test(two_runs_give_the_same_bits),
        cmocka_unit_test(a_size_that_is_asked_for_is_met),
        cmocka_unit_test(a_size_is_what_the_caller_measures),
        cmocka_unit_test(what_ends_a_little_too_large_is_trimmed_to_its_size),
        cmocka_unit_test(weights_that_were_cut_come_back_until_zeros_freeze),
        cmocka_unit_test(a_teacher_is_enough),
        cmocka_unit_test(a_killed_run_ends_with_the_same_bytes),
        cmocka_unit_test(a_checkpoint_of_another_price_is_not_gone_on_from),
        cmocka_unit_test(a_time_budget_ends_the_whole_course),
        cmocka_unit_test(batch_norms_that_are_not_folded_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
