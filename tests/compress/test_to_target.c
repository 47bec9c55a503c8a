/*
 * test_to_target.c - a network as small as asked for, without retraining.
 */
#include "tests/compress/quantize_networks.h"

#include "compress/second/to_target.h"

static const struct calibration_options options = {.batch = 10, .threads = 2};

/* What an ideal coder takes for each layer's integers by their frequencies, and 200 bytes for the rest. */
static sned_status ideal_bytes(void *context, const struct graph *integer, uint64_t *bytes, sned_error *error)
{
    double bits = 8 * 200;
    for (int n = 0; n < integer->node_count; n++) {
        const int tensor = node_weights(&integer->nodes[n], 0);
        const size_t count = tensor < 0 ? 0 : sned_shape_elements(&integer->tensors[tensor].shape);
        size_t seen[256] = {0};
        for (size_t i = 0; i < count; i++)
            seen[((const uint8_t *)integer->tensors[tensor].data)[i]]++;
        for (int q = 0; q < 256; q++)
            bits -= seen[q] ? (double)seen[q] * log2((double)seen[q] / (double)count) : 0;
    }
    ++*(int *)context;
    *bytes = (uint64_t)(bits / 8);
    return SNED_OK;
}

struct outcome_of {
    struct size_result result;
    uint64_t bytes; /* of the network that came out */
    int asked;      /* how often sizes were asked for */
    sned_error failure;
    sned_status status;
};

static struct outcome_of network_to_target(struct graph *network, double max_bytes, double max_drop)
{
    struct fixture fixture = calibrated(network);
    for (int t = 0; t < fixture.graph->tensor_count; t++)
        fixture.graph->tensors[t].quantization = (struct quantization){0};
    struct outcome_of outcome = {0};
    const struct calibration_images images = {.values = fixture.values, .count = IMAGES};
    const struct size_target target = {.max_bytes = max_bytes,
                                       .max_drop = max_drop,
                                       .seed = 1,
                                       .bytes = ideal_bytes,
                                       .context = &outcome.asked};
    outcome.status =
        quantize_to_target(fixture.graph, &images, &options, &target, &outcome.result, &outcome.failure);
    if (outcome.status == SNED_OK) {
        struct graph *integer;
        int ignored;
        must(quantize_lower(&integer, fixture.graph, error));
        must(ideal_bytes(&ignored, integer, &outcome.bytes, error));
        sned_graph_free(integer);
    }
    fixture_free(&fixture);
    return outcome;
}

static struct outcome_of to_target(double max_bytes, double max_drop)
{
    return network_to_target(plain_network(), max_bytes, max_drop);
}

/* Averages without an ending or names: nothing says that the largest is an answer. */
static void numbers_that_are_no_classes_keep_8_bits(void **state)
{
    const struct outcome_of outcome = network_to_target(residual_network(), 0, -1);
    assert_int_equal(outcome.status, SNED_OK);
    assert_true(outcome.result.lambda == 0);
    assert_true(network_to_target(residual_network(), 0.5 * (double)outcome.bytes, -1).result.lambda > 0);
}

static void without_a_target_the_answers_stay(void **state)
{
    const struct outcome_of outcome = to_target(0, -1);
    assert_int_equal(outcome.status, SNED_OK);
    assert_true(outcome.result.met && outcome.result.lambda > 0);
    assert_true(outcome.result.agreement.divergence < 0.01);
    assert_int_equal(outcome.bytes, outcome.result.bytes);
}

static void a_number_of_bytes_is_met_and_used(void **state)
{
    const struct outcome_of free = to_target(0, -1);
    const double wanted = 0.8 * (double)free.bytes;
    const struct outcome_of outcome = to_target(wanted, -1);
    assert_int_equal(outcome.status, SNED_OK);
    assert_true(outcome.result.met && outcome.result.lambda > free.result.lambda);
    assert_true((double)outcome.bytes <= wanted && (double)outcome.bytes > 0.9 * wanted);
    assert_true(outcome.result.agreement.divergence > free.result.agreement.divergence);
}

static void a_drop_is_kept_within_and_used(void **state)
{
    const struct outcome_of free = to_target(0, -1), outcome = to_target(0, 5);
    assert_int_equal(outcome.status, SNED_OK);
    assert_true(outcome.result.met && outcome.result.agreement.drop <= 5);
    assert_true(outcome.bytes < free.bytes);
}

/* Before anything is measured: one size is asked for, that of the coarsest steps. */
static void bytes_that_no_step_can_meet_are_refused_at_once(void **state)
{
    const struct outcome_of outcome = to_target(10, -1);
    assert_int_equal(outcome.status, SNED_ERROR_DATA);
    assert_int_equal(outcome.asked, 1);
    assert_non_null(strstr(outcome.failure.message, "10 bytes cannot be met"));
    assert_non_null(strstr(outcome.failure.message, "the smallest file of this network has "));
}

/* More bytes than the coarsest steps need, and fewer than answers of no drop at all do. */
static void targets_that_exclude_each_other_give_the_bytes_and_are_not_met(void **state)
{
    const struct outcome_of free = to_target(0, -1);
    const double wanted = 0.7 * (double)free.bytes;
    const struct outcome_of outcome = to_target(wanted, 0.01);
    if (outcome.status == SNED_OK) {
        assert_false(outcome.result.met);
        assert_true((double)outcome.bytes <= wanted && outcome.result.agreement.drop > 0.01);
    } else { /* 8 bits alone lose more */
        assert_non_null(strstr(outcome.failure.message, "a drop of 0.01 points cannot be met"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_target_the_answers_stay),
        cmocka_unit_test(numbers_that_are_no_classes_keep_8_bits),
        cmocka_unit_test(a_number_of_bytes_is_met_and_used),
        cmocka_unit_test(a_drop_is_kept_within_and_used),
        cmocka_unit_test(bytes_that_no_step_can_meet_are_refused_at_once),
        cmocka_unit_test(targets_that_exclude_each_other_give_the_bytes_and_are_not_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
