/*
 * test_executor.c - the executor's contract: partial batches, reading inside, losses, rounding, running
 * statistics, parameters in and out.
 */
#include "tests/common/train_networks.h"

#include "train/executor/executor.h"
#include "train/executor/openmp.h"

/* ---- the contract, on a small network ---- */

enum { BATCH = 4, INPUTS = 3 * 6 * 6, CLASSES = 5 };

/* Conv (0), BatchNormalization (1), Relu (2), GlobalAveragePool (3), Flatten (4), Gemm (5). */
static struct graph *small_network(void)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)6, (int64_t)6), 4);
    build_conv(&b, (struct conv_setup){.in = 3, .out = 8, .window = square_window(3, 1, 1)});
    build_batch_normalization(&b, 8);
    build_activation(&b, OP_RELU);
    build_unary(&b, OP_GLOBAL_AVERAGE_POOL);
    build_flatten(&b);
    build_gemm(&b, 8, CLASSES);
    return build_graph(&b);
}

static struct executor *new_executor(struct graph *graph, bool training)
{
    struct executor *executor;
    struct executor_options options = {.batch = BATCH, .training = training, .threads = 2};
    must(executor_new(&executor, graph, &options, error));
    return executor;
}

static const float *some_input(void)
{
    static float input[BATCH * INPUTS];
    uint32_t seed = 8;
    lcg_fill(&seed, input, BATCH * INPUTS, 1);
    return input;
}

static void a_partial_batch_gives_the_same_scores(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, false);
    float all[BATCH * CLASSES];
    must(executor_forward(executor, some_input(), BATCH, error));
    memcpy(all, executor_output(executor, 0), sizeof all);
    must(executor_forward(executor, some_input(), 3, error));
    assert_memory_equal(executor_output(executor, 0), all, 3 * CLASSES * sizeof(float));
    assert_int_equal(executor_forward(executor, some_input(), BATCH + 1, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(executor_forward(executor, some_input(), 0, NULL), SNED_ERROR_ARGUMENT);
    executor_free(executor);
    sned_graph_free(graph);
}

static void training_needs_full_batches(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, true);
    assert_int_equal(executor_forward(executor, some_input(), 3, NULL), SNED_ERROR_ARGUMENT);
    executor_free(executor);
    sned_graph_free(graph);
}

static void activations_can_be_read_in_plain_layout(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, false);
    float pooled[BATCH * 8], maps[BATCH * 8 * 36], before[BATCH * 8 * 36];
    must(executor_forward(executor, some_input(), BATCH, error));
    must(executor_read(executor, graph->nodes[2].outputs[0], maps, error));
    must(executor_read(executor, graph->nodes[3].outputs[0], pooled, error));
    for (int i = 0; i < BATCH * 8; i++) {
        float sum = 0;
        for (int k = 0; k < 36; k++)
            sum += maps[i * 36 + k];
        assert_true(fabsf(sum / 36 - pooled[i]) < 1e-5f);
    }
    must(executor_read(executor, graph->nodes[1].outputs[0], before, error));
    for (int i = 0; i < BATCH * 8 * 36; i++)
        assert_true(maps[i] == (before[i] > 0 ? before[i] : 0));
    assert_int_equal(executor_read(executor, graph->tensor_count, maps, NULL), SNED_ERROR_ARGUMENT);
    executor_free(executor);
    sned_graph_free(graph);
}

static void what_was_overwritten_is_not_given_for_something_else(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, true);
    float maps[BATCH * 8 * 36];
    must(executor_forward(executor, some_input(), BATCH, error));
    assert_int_equal(executor_read(executor, graph->nodes[1].outputs[0], maps, NULL), SNED_ERROR_UNSUPPORTED);
    executor_free(executor);
    sned_graph_free(graph);
}

static void changed_parameters_are_taken_on_load(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, false);
    float *bias = graph->tensors[graph->nodes[5].inputs[2]].data;
    must(executor_forward(executor, some_input(), BATCH, error));
    float before = executor_output(executor, 0)[0];
    bias[0] += 10;
    must(executor_forward(executor, some_input(), BATCH, error));
    assert_true(executor_output(executor, 0)[0] == before);
    must(executor_load(executor, error));
    must(executor_forward(executor, some_input(), BATCH, error));
    assert_true(fabsf(executor_output(executor, 0)[0] - before - 10) < 1e-4f);
    executor_free(executor);
    sned_graph_free(graph);
}

static void a_step_is_stored_into_the_graph(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, true);
    const int index = graph->nodes[5].inputs[1];
    float *weights = graph->tensors[index].data, before[CLASSES * 8], gradient[CLASSES * 8];
    const int32_t labels[BATCH] = {0, 1, 2, 3};
    double loss;
    size_t correct;
    memcpy(before, weights, sizeof before);
    must(executor_forward(executor, some_input(), BATCH, error));
    must(executor_loss(executor, labels, &loss, &correct, error));
    must(executor_backward(executor, error));
    must(executor_gradient(executor, index, gradient, error));
    must(executor_step(executor, &(struct update){.rate = 0.5f, .momentum = 0.9f, .decay = 0.1f}, error));
    assert_memory_equal(weights, before, sizeof before);
    must(executor_store(executor, error));
    for (int i = 0; i < CLASSES * 8; i++)
        assert_true(fabsf(weights[i] - (before[i] - 0.5f * (gradient[i] + 0.1f * before[i]))) < 1e-6f);
    executor_free(executor);
    sned_graph_free(graph);
}

/* The definition in executor.h, written down once more in double. */
static double taught_loss(const float *own, const float *its, const int32_t *labels, double weight, double t)
{
    double loss = 0;
    for (int n = 0; n < BATCH; n++, own += CLASSES, its += CLASSES) {
        double plain = 0, soft = 0, teacher = 0;
        for (int c = 0; c < CLASSES; c++) {
            plain += exp(own[c]);
            soft += exp(own[c] / t);
            teacher += exp(its[c] / t);
        }
        if (weight < 1)
            loss += (1 - weight) * (log(plain) - own[labels[n]]);
        for (int c = 0; c < CLASSES; c++) {
            const double p = exp(its[c] / t) / teacher, q = exp(own[c] / t) / soft;
            loss += weight * t * t * p * log(p / q);
        }
    }
    return loss / BATCH;
}

static void a_teacher_pulls_by_the_softened_divergence(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, true);
    const int bias = graph->nodes[5].inputs[2];
    const int32_t labels[BATCH] = {0, 1, 2, 3}, nonsense[BATCH] = {-1, 1 << 20, -7, 99};
    float own[BATCH * CLASSES], its[BATCH * CLASSES], gradient[CLASSES];
    uint32_t seed = 5;
    double loss;
    size_t correct;
    lcg_fill(&seed, its, BATCH * CLASSES, 3);
    for (int whole = 0; whole < 2; whole++) {
        const struct teaching teaching = {its, whole ? 1 : 0.6, 2.5, 0};
        must(executor_forward(executor, some_input(), BATCH, error));
        must(executor_logits(executor, own, error));
        must(executor_loss_taught(executor, whole ? nonsense : labels, &teaching, &loss, &correct, error));
        assert_true(fabs(loss - taught_loss(own, its, labels, teaching.weight, 2.5)) < 1e-6);
        must(executor_backward(executor, error));
        must(executor_gradient(executor, bias, gradient, error));
        for (int c = 0; c < CLASSES; c++) { /* the bias is added to every image's score */
            const double step = 1e-3;
            float above[BATCH * CLASSES], below[BATCH * CLASSES];
            for (int i = 0; i < BATCH * CLASSES; i++) {
                above[i] = own[i] + (i % CLASSES == c ? (float)step : 0);
                below[i] = own[i] - (i % CLASSES == c ? (float)step : 0);
            }
            const double difference = (taught_loss(above, its, labels, teaching.weight, 2.5) -
                                       taught_loss(below, its, labels, teaching.weight, 2.5)) /
                                      (2 * step);
            assert_true(fabs(difference - gradient[c]) < 1e-3);
        }
    }
    executor_free(executor);
    sned_graph_free(graph);
}

static void images_without_a_label_have_the_teacher_alone(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, true);
    const int32_t labels[BATCH] = {0, 1, 2, 3}, others[BATCH] = {0, 1, 0, 1}, front[BATCH] = {1, 2, 2, 3};
    float own[BATCH * CLASSES], its[BATCH * CLASSES];
    uint32_t seed = 5;
    double loss, same, other, wanted;
    size_t correct;
    lcg_fill(&seed, its, BATCH * CLASSES, 3);
    const struct teaching teaching = {its, 0.6, 2.5, 2};
    must(executor_forward(executor, some_input(), BATCH, error));
    must(executor_logits(executor, own, error));
    must(executor_loss_taught(executor, labels, &teaching, &loss, &correct, error));
    must(executor_loss_taught(executor, others, &teaching, &same, &correct, error));
    must(executor_loss_taught(executor, front, &teaching, &other, &correct, error));
    assert_true(loss == same && loss != other);
    wanted = taught_loss(own, its, labels, 0.6, 2.5);
    for (int n = 2; n < BATCH; n++) { /* what the teacher says more of them, and the labels less */
        float few_own[BATCH * CLASSES], few_its[BATCH * CLASSES];
        const int32_t label[BATCH] = {labels[n], labels[n], labels[n], labels[n]};
        for (int i = 0; i < BATCH * CLASSES; i++) {
            few_own[i] = own[n * CLASSES + i % CLASSES];
            few_its[i] = its[n * CLASSES + i % CLASSES];
        }
        wanted +=
            (taught_loss(few_own, few_its, label, 1, 2.5) - taught_loss(few_own, few_its, label, 0.6, 2.5)) /
            BATCH;
    }
    assert_true(fabs(loss - wanted) < 1e-6);
    executor_free(executor);
    sned_graph_free(graph);
}

static void biases_are_rounded_to_multiples_of_their_step(void **state)
{
    struct graph *graph = small_network();
    struct tensor *bias = &graph->tensors[graph->nodes[5].inputs[2]];
    float stepped[BATCH * CLASSES];
    for (int i = 0; i < 2; i++) {
        struct executor_options options = {.batch = BATCH, .training = true, .quantize_weights = true};
        struct executor *executor;
        if (i == 0) {
            bias->quantization = (struct quantization){0.25f, 32, true};
            ((float *)bias->data)[0] = 100.13f; /* 401 steps: beyond what a weight may be */
        } else {
            bias->quantization.scale = 0;
            for (int c = 0; c < CLASSES; c++)
                ((float *)bias->data)[c] = floorf(((float *)bias->data)[c] * 4 + 0.5f) / 4;
        }
        must(executor_new(&executor, graph, &options, error));
        must(executor_forward(executor, some_input(), BATCH, error));
        if (i == 0)
            memcpy(stepped, executor_output(executor, 0), sizeof stepped);
        else
            assert_memory_equal(stepped, executor_output(executor, 0), sizeof stepped);
        executor_free(executor);
    }
    assert_true(((float *)bias->data)[0] == 100.25f);
    sned_graph_free(graph);
}

static void momentum_can_be_taken_out_and_put_back(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, true);
    const int32_t labels[BATCH] = {0, 1, 2, 3};
    size_t size = executor_state_size(executor), correct;
    float *first = calloc(size, sizeof *first), *second = calloc(size, sizeof *second);
    double loss, moved = 0;
    assert_int_equal(size, 8 * 27 + 8 + 8 + 8 + CLASSES * 8 + CLASSES);
    must(executor_forward(executor, some_input(), BATCH, error));
    must(executor_loss(executor, labels, &loss, &correct, error));
    must(executor_backward(executor, error));
    must(executor_step(executor, &(struct update){.rate = 0.5f, .momentum = 0.9f}, error));
    must(executor_state_read(executor, first, error));
    for (size_t i = 0; i < size; i++)
        moved += fabsf(first[i]);
    assert_true(moved > 0);
    executor_free(executor);
    executor = new_executor(graph, true);
    must(executor_state_write(executor, first, error));
    must(executor_state_read(executor, second, error));
    assert_memory_equal(first, second, size * sizeof *first);
    free(first);
    free(second);
    executor_free(executor);
    sned_graph_free(graph);
}

static void running_statistics_follow_the_batches(void **state)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)6, (int64_t)6), 4);
    build_batch_normalization(&b, 3);
    struct graph *graph = build_graph(&b);
    const int *inputs = graph->nodes[0].inputs;
    float *mean = graph->tensors[inputs[3]].data, *variance = graph->tensors[inputs[4]].data;
    const float mean_before = mean[1], variance_before = variance[1], *x = some_input();
    double sum = 0, squares = 0;
    for (int n = 0; n < BATCH; n++)
        for (int i = 0; i < 36; i++) {
            double value = x[n * INPUTS + 36 + i];
            sum += value;
            squares += value * value;
        }
    const double m = sum / (BATCH * 36), v = squares / (BATCH * 36) - m * m;
    struct executor *executor = new_executor(graph, true);
    must(executor_forward(executor, x, BATCH, error));
    must(executor_store(executor, error));
    assert_true(fabs(mean[1] - (0.9 * mean_before + 0.1 * m)) < 1e-5);
    assert_true(fabs(variance[1] - (0.9 * variance_before + 0.1 * v)) < 1e-5);
    executor_free(executor);
    /* ... and are what evaluation goes by. */
    executor = new_executor(graph, false);
    must(executor_forward(executor, x, BATCH, error));
    const float *scale = graph->tensors[inputs[1]].data, *shift = graph->tensors[inputs[2]].data;
    double expected = (x[36] - mean[1]) / sqrt(variance[1] + 1e-5) * scale[1] + shift[1];
    assert_true(fabs(executor_output(executor, 0)[36] - expected) < 1e-5);
    executor_free(executor);
    sned_graph_free(graph);
}

static void dropout_drops_in_training_alone(void **state)
{
    enum { SIZE = 5000 };
    static float ones[BATCH * SIZE];
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)SIZE), 4);
    build_unary(&b, OP_DROPOUT)->u.dropout.ratio = 0.25f;
    struct graph *graph = build_graph(&b);
    for (int i = 0; i < BATCH * SIZE; i++)
        ones[i] = 1;
    struct executor *executor = new_executor(graph, false);
    must(executor_forward(executor, ones, BATCH, error));
    assert_memory_equal(executor_output(executor, 0), ones, sizeof ones);
    executor_free(executor);
    executor = new_executor(graph, true);
    must(executor_forward(executor, ones, BATCH, error));
    int dropped = 0;
    for (int i = 0; i < BATCH * SIZE; i++) {
        float value = executor_output(executor, 0)[i];
        assert_true(value == 0 || fabsf(value - 1 / 0.75f) < 1e-6f);
        dropped += value == 0;
    }
    assert_true(abs(dropped - BATCH * SIZE / 4) < BATCH * SIZE / 50);
    executor_free(executor);
    sned_graph_free(graph);
}

static struct graph *split_graph(struct shape input, int axis, const int64_t *sizes, int count)
{
    struct builder b = build_new(input, 4);
    int pieces[GRAPH_MAX_OUTPUTS];
    build_split(&b, axis, sizes, pieces, count);
    build_graph(&b);
    must(sned_graph_set_outputs(b.graph, pieces, count, error));
    return b.graph;
}

static void split_cuts_along_its_axis(void **state)
{
    float x[2 * 3 * 2 * 2];
    for (int i = 0; i < 24; i++)
        x[i] = (float)i;
    const float channels[2][16] = {{0, 1, 2, 3, 12, 13, 14, 15},
                                   {4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23}};
    const float rows[2][12] = {{0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21},
                               {2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23}};
    const struct executor_options options = {.batch = 2, .threads = 1};
    for (int axis = 1; axis < 3; axis++) {
        const int64_t sizes[] = {1, axis == 1 ? 2 : 1};
        struct graph *graph =
            split_graph(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)2, (int64_t)2), axis, sizes, 2);
        struct executor *executor;
        must(executor_new(&executor, graph, &options, error));
        must(executor_forward(executor, x, 2, error));
        for (int piece = 0; piece < 2; piece++) {
            const float *expected = axis == 1 ? channels[piece] : rows[piece];
            const size_t count = axis == 1 ? 8 * (size_t)sizes[piece] : 12;
            assert_memory_equal(executor_output(executor, piece), expected, count * sizeof(float));
        }
        executor_free(executor);
        sned_graph_free(graph);
    }
}

/* Layouts in blocks pad 30 channels to 32. An activation that makes something of 0 must not fill the padding,
 * which the next Conv's weights would learn from: after a step, storing and loading changes no result. */
static void check_padding_behind(enum op op)
{
    enum { CHANNELS = 30, SIDE = 4 };
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)3, (int64_t)SIDE, (int64_t)SIDE), 4);
    build_conv(&b, (struct conv_setup){.in = 3, .out = CHANNELS, .window = square_window(3, 1, 1)});
    if (op == OP_BATCH_NORMALIZATION)
        build_batch_normalization(&b, CHANNELS);
    else
        build_node(&b, op, (int[]){b.last, b.last}, 2);
    build_activation(&b, OP_CLIP)->activation.low = 0.25f;
    build_conv(&b, (struct conv_setup){.in = CHANNELS, .out = CHANNELS, .window = square_window(3, 1, 1)});
    struct graph *graph = build_graph(&b);
    enum { OUTPUTS = BATCH * CHANNELS * SIDE * SIDE };
    static float input[BATCH * 3 * SIDE * SIDE], direction[OUTPUTS], stepped[OUTPUTS];
    uint32_t seed = 8;
    lcg_fill(&seed, input, sizeof input / sizeof *input, 1);
    lcg_fill(&seed, direction, OUTPUTS, 1);
    struct executor *executor = new_executor(graph, true);
    must(executor_forward(executor, input, BATCH, error));
    must(executor_set_output_gradient(executor, direction, error));
    must(executor_backward(executor, error));
    must(executor_step(executor, &(struct update){.rate = 0.1f}, error));
    must(executor_forward(executor, input, BATCH, error));
    memcpy(stepped, executor_output(executor, 0), sizeof stepped);
    must(executor_store(executor, error));
    must(executor_load(executor, error));
    must(executor_forward(executor, input, BATCH, error));
    assert_memory_equal(executor_output(executor, 0), stepped, sizeof stepped);
    executor_free(executor);
    sned_graph_free(graph);
}

static void padding_is_not_learned_from(void **state)
{
    check_padding_behind(OP_BATCH_NORMALIZATION);
    check_padding_behind(OP_ADD);
}

/* ---- rounding ---- */

static void each_output_of_a_node_is_rounded_by_its_own_scale(void **state)
{
    const float x[3] = {0.26f, 0.26f, 0.26f}, expected[3] = {0.26f, 0.25f, 0.5f};
    struct graph *graph = split_graph(sned_shape(2, (int64_t)1, (int64_t)3), 1, (int64_t[]){1, 1, 1}, 3);
    const struct executor_options options = {.batch = 1, .threads = 1};
    struct executor *executor;
    for (int i = 1; i < 3; i++)
        graph->tensors[graph->outputs[i]].quantization = (struct quantization){0.25f * (float)i, 8, true};
    must(executor_new(&executor, graph, &options, error));
    must(executor_forward(executor, x, 1, error));
    for (int i = 0; i < 3; i++)
        assert_true(executor_output(executor, i)[0] == expected[i]);
    executor_free(executor);
    sned_graph_free(graph);
}

/* A piece out of its range, as the second is, passes nothing back. */
static void gradients_pass_through_the_rounding_of_each_output(void **state)
{
    const float x[3] = {1, 100, 3};
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)3), 4);
    int pieces[3];
    build_split(&b, 1, (int64_t[]){1, 1, 1}, pieces, 3);
    build_node(&b, OP_CONCAT, pieces, 3)->u.concat.axis = 1;
    struct graph *graph = build_graph(&b);
    for (int i = 0; i < 3; i++)
        graph->tensors[pieces[i]].quantization = (struct quantization){0.25f, 8, true};
    const struct executor_options options = {
        .batch = 1, .training = true, .threads = 1, .input_gradient = true};
    struct executor *executor;
    float gradient[3];
    must(executor_new(&executor, graph, &options, error));
    must(executor_forward(executor, x, 1, error));
    must(executor_set_output_gradient(executor, (float[]){5, 6, 7}, error));
    must(executor_backward(executor, error));
    must(executor_gradient(executor, graph->input, gradient, error));
    assert_memory_equal(gradient, ((float[]){5, 0, 7}), sizeof gradient);
    executor_free(executor);
    sned_graph_free(graph);
}

static void quantized_activations_are_rounded_half_up_and_clipped(void **state)
{
    const float x[8] = {0.24f, 0.25f, 0.75f, -0.25f, -0.26f, 63.4f, 64, -65};
    const float expected[8] = {0, 0.5f, 1, 0, -0.5f, 63.5f, 63.5f, -64};
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)8), 4);
    build_unary(&b, OP_IDENTITY);
    struct graph *graph = build_graph(&b);
    graph->tensors[graph->input].quantization = (struct quantization){0.5f, 8, true};
    struct executor *executor;
    struct executor_options options = {.batch = 1, .threads = 1};
    must(executor_new(&executor, graph, &options, error));
    must(executor_forward(executor, x, 1, error));
    assert_memory_equal(executor_output(executor, 0), expected, sizeof expected);
    executor_free(executor);
    sned_graph_free(graph);
}

/* The gradient passes through rounding where the value is inside the range, after the activation. */
static void gradients_pass_straight_through_rounding(void **state)
{
    const float x[6] = {-1, 0.3f, 100, 127.4f, 128, -0.2f}, ones[6] = {1, 1, 1, 1, 1, 1};
    const float leaky[6] = {0.1f, 1, 1, 1, 0, 0.1f}, relu[6] = {0, 1, 1, 1, 0, 0};
    for (int kind = 0; kind < 2; kind++) {
        struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)6), 4);
        build_activation(&b, kind ? OP_RELU : OP_LEAKY_RELU);
        struct graph *graph = build_graph(&b);
        graph->tensors[graph->outputs[0]].quantization = (struct quantization){kind ? 0.5f : 1.0f, 8, !kind};
        float gradient[6];
        struct executor *executor;
        struct executor_options options = {
            .batch = 1, .training = true, .threads = 1, .input_gradient = true};
        must(executor_new(&executor, graph, &options, error));
        must(executor_forward(executor, x, 1, error));
        must(executor_set_output_gradient(executor, ones, error));
        must(executor_backward(executor, error));
        must(executor_gradient(executor, graph->input, gradient, error));
        assert_memory_equal(gradient, kind ? relu : leaky, sizeof gradient);
        executor_free(executor);
        sned_graph_free(graph);
    }
}

/* Rounded to int8 by the largest weight of each output channel; the masters go on in float. */
static void weights_are_rounded_by_output_channel(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)2), 4);
    build_gemm(&b, 2, 2);
    struct graph *graph = build_graph(&b);
    float *weights = graph->tensors[graph->nodes[0].inputs[1]].data;
    float *bias = graph->tensors[graph->nodes[0].inputs[2]].data;
    memcpy(weights, (float[]){1.27f, 0.1249f, 0, -254}, 4 * sizeof(float));
    bias[0] = bias[1] = 0;
    struct executor *executor;
    struct executor_options options = {.batch = 1, .training = true, .quantize_weights = true, .threads = 1};
    must(executor_new(&executor, graph, &options, error));
    must(executor_forward(executor, (float[]){0, 1}, 1, error));
    assert_true(fabsf(executor_output(executor, 0)[0] - 0.12f) < 1e-6f);
    assert_true(executor_output(executor, 0)[1] == -254);
    must(executor_set_output_gradient(executor, (float[]){1, 0}, error));
    must(executor_backward(executor, error));
    must(executor_step(executor, &(struct update){.rate = 0.01f}, error));
    must(executor_forward(executor, (float[]){0, 1}, 1, error));
    assert_true(fabsf(executor_output(executor, 0)[0] - 0.10f) < 1e-2f); /* 0.1149 -> 0.11, bias -0.01 */
    must(executor_store(executor, error));
    assert_true(fabsf(weights[1] - 0.1149f) < 1e-6f);
    executor_free(executor);
    sned_graph_free(graph);
}

/* ---- refusals ---- */

static void what_is_not_supported_is_named(void **state)
{
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)6), 4);
    build_unary(&b, OP_DROPOUT)->u.dropout.ratio = 1;
    struct graph *graph = build_graph(&b);
    struct executor *executor;
    struct executor_options options = {.batch = 1, .training = true};
    sned_error problem;
    assert_int_equal(executor_new(&executor, graph, &options, &problem), SNED_ERROR_ARGUMENT);
    assert_null(executor);
    assert_non_null(strstr(problem.message, "node n2 (Dropout): ratio 1 must be"));
    options.batch = 0;
    assert_int_equal(executor_new(&executor, graph, &options, &problem), SNED_ERROR_ARGUMENT);
    sned_graph_free(graph);
}

static void evaluation_has_no_backward_pass(void **state)
{
    struct graph *graph = small_network();
    struct executor *executor = new_executor(graph, false);
    float values[BATCH * INPUTS];
    assert_int_equal(executor_backward(executor, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(executor_set_output_gradient(executor, values, NULL), SNED_ERROR_ARGUMENT);
    assert_int_equal(executor_gradient(executor, graph->input, values, NULL), SNED_ERROR_ARGUMENT);
    executor_free(executor);
    sned_graph_free(graph);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partial_batch_gives_the_same_scores),
        cmocka_unit_test(training_needs_full_batches),
        cmocka_unit_test(activations_can_be_read_in_plain_layout),
        cmocka_unit_test(what_was_overwritten_is_not_given_for_something_else),
        cmocka_unit_test(changed_parameters_are_taken_on_load),
        cmocka_unit_test(a_step_is_stored_into_the_graph),
        cmocka_unit_test(a_teacher_pulls_by_the_softened_divergence),
        cmocka_unit_test(images_without_a_label_have_the_teacher_alone),
        cmocka_unit_test(biases_are_rounded_to_multiples_of_their_step),
        cmocka_unit_test(momentum_can_be_taken_out_and_put_back),
        cmocka_unit_test(running_statistics_follow_the_batches),
        cmocka_unit_test(dropout_drops_in_training_alone),
        cmocka_unit_test(padding_is_not_learned_from),
        cmocka_unit_test(split_cuts_along_its_axis),
        cmocka_unit_test(each_output_of_a_node_is_rounded_by_its_own_scale),
        cmocka_unit_test(gradients_pass_through_the_rounding_of_each_output),
        cmocka_unit_test(quantized_activations_are_rounded_half_up_and_clipped),
        cmocka_unit_test(gradients_pass_straight_through_rounding),
        cmocka_unit_test(weights_are_rounded_by_output_channel),
        cmocka_unit_test(what_is_not_supported_is_named),
        cmocka_unit_test(evaluation_has_no_backward_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
