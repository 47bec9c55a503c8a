/*
 * test_python_executor.c - the runtime and an executor in plain Python, which was written from docs/format.md
 * and docs/arithmetic.md, give the same integers in every activation of random networks.
 *
 * SNED_NETWORKS=20000 makes it a campaign.
 */
#include "tests/common/python_executor.h"
#include "tests/common/random_networks.h"

/* ---- one network ---- */

/* Anything that a caller may hand over: beyond the range, between two steps, infinite, no number at all. */
static float random_value(struct random *random, struct quantization type)
{
    switch (random_range(random, 0, 49)) {
    case 0:
        return NAN;
    case 1:
        return random_range(random, 0, 1) ? INFINITY : -INFINITY;
    case 2:
        return sned_random_normal(random) * 1e30f;
    case 3: /* beside a tie, where adding a half rounds once more */
        return nextafterf((float)random_range(random, -3, 2) + 0.5f, 0) * type.scale;
    default:
        return (float)random_range(random, -600, 1200) * 0.25f * type.scale;
    }
}

static void run_pixels(sned_context *context, struct random *random, void *input, size_t count, float *scores)
{
    uint8_t *pixels = input;
    for (size_t i = 0; i < count; i++)
        pixels[i] = (uint8_t)random_range(random, 0, 255);
    assert_int_equal(sned_run_pixels(context, pixels, 1, scores, NULL), SNED_OK);
}

static void run_values(sned_context *context, struct random *random, struct quantization type, void *input,
                       size_t count, float *scores)
{
    float *values = input;
    for (size_t i = 0; i < count; i++)
        values[i] = random_value(random, type);
    assert_int_equal(sned_run_values(context, values, 1, scores, NULL), SNED_OK);
}

enum { RUNS = 3 /* one after the other, where there are states */ };

/* Runs the network, which it takes over, and hands it to Python with what the runtime made. */
static void compare(struct python_executor *python, struct graph *graph, struct random *random)
{
    sned_model *model;
    sned_context *context;
    sned_error error = {0};
    if (sned_model_from_graph(&model, graph, &error) != SNED_OK ||
        sned_context_new_keep(&context, model, &error) != SNED_OK)
        fail_msg("%s", error.message);
    const struct tensor *in = &graph->tensors[graph->input];
    const size_t count = sned_shape_elements(&in->shape);
    const bool pixels = graph->rule.is_image;
    const size_t size = count * (pixels ? 1 : sizeof(float));
    const int runs = graph->state_count > 0 ? RUNS : 1;
    uint8_t *input = calloc(RUNS * count, sizeof(float));
    float *scores = calloc(sned_shape_elements(&graph->tensors[graph->outputs[0]].shape), sizeof *scores);
    for (int run = 0; run < runs; run++) {
        if (pixels)
            run_pixels(context, random, input + run * size, count, scores);
        else
            run_values(context, random, in->quantization, input + run * size, count, scores);
        python_executor_take_run(python, model, context);
    }
    python_executor_add_runs(python, model, input, runs * size);
    free(scores);
    free(input);
    sned_context_free(context);
    sned_close(model);
}

/* ---- random networks ---- */

static void every_activation_of_random_networks_is_what_python_computes(void **state)
{
    const char *asked = getenv("SNED_NETWORKS");
    const int networks = asked ? atoi(asked) : 400;
    struct python_executor python;
    struct random random;
    int seen[OP_COUNT] = {0}, single_values = 0, slopes = 0, several = 0, states = 0, wide = 0;
    if (!python_executor_begin(&python))
        skip();
    sned_random_seed(&random, 31, 0);
    for (int i = 0; i < networks; i++) {
        struct graph *graph = random_network((uint64_t)i);
        for (int n = 0; n < graph->node_count; n++) {
            const struct node *node = &graph->nodes[n];
            seen[node->op]++;
            single_values +=
                !sned_op_is_ending(node->op) && node->rules[0].low == 0 && node->rules[0].high == 0;
            slopes += node->rules[0].slope != 0;
            wide += graph->tensors[node->inputs[0]].quantization.bits == 16;
        }
        several += graph->output_count > 1;
        states += graph->state_count > 0;
        compare(&python, graph, &random);
    }
    python_executor_end(&python);
    for (int op = 0; op < OP_COUNT; op++)
        if (op != OP_BATCH_NORMALIZATION && op != OP_DROPOUT && op != OP_IDENTITY)
            assert_true(seen[op] >= networks / 40);
    assert_true(single_values >= networks / 20 && slopes >= networks / 20);
    assert_true(wide >= networks / 2 && several >= networks / 10 && states >= networks / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_activation_of_random_networks_is_what_python_computes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
