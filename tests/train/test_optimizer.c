/*
 * test_optimizer.c - steps of SGD, of Adam, and of weights whose grids are learned at a price of bits,
 * against PyTorch on the same network and batches (torch_sequence.py).
 */
#include "tests/common/train_networks.h"

#include "tests/train/torch_sequence.h"
#include "train/executor/executor.h"
#include "train/executor/openmp.h"

static const double TOLERANCE = 1e-4; /* relative: 20 steps of float32, summed in another order */
enum { IN = 2, SIZE = IN * 8 * 8, LAYERS = 3 };
static const int LAYER_NODES[LAYERS] = {0, 4, 7};

struct sequence {
    struct graph *graph;
    struct executor *executor;
    float batches[TORCH_BATCHES][TORCH_BATCH * SIZE];
};
static struct sequence sequence;

/* Weights on grids whose step is a TORCH_LARGEST-th of the largest, where `steps` is set. */
static void begin(struct executor_options options, bool steps)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)IN, (int64_t)8, (int64_t)8), 2024);
    build_conv(&b, (struct conv_setup){.in = IN, .out = 8, .window = square_window(3, 1, 1)});
    build_batch_normalization(&b, 8);
    build_activation(&b, OP_RELU);
    build_pool(&b, OP_MAX_POOL, square_window(2, 2, 0));
    build_conv(&b, (struct conv_setup){.in = 8, .out = 16, .window = square_window(3, 2, 1)});
    build_activation(&b, OP_RELU);
    build_flatten(&b);
    build_gemm(&b, 64, 10);
    sequence.graph = build_graph(&b);
    lcg_fill(&b.state, &sequence.batches[0][0], sizeof sequence.batches / sizeof(float), 1);
    for (int i = 0; steps && i < LAYERS; i++) {
        struct tensor *tensor = &b.graph->tensors[node_weights(&b.graph->nodes[LAYER_NODES[i]], 0)];
        float largest = 0;
        for (size_t k = 0; k < sned_shape_elements(&tensor->shape); k++)
            largest = fmaxf(largest, fabsf(((float *)tensor->data)[k]));
        tensor->quantization = (struct quantization){largest / TORCH_LARGEST, 8, true};
    }
    options.batch = TORCH_BATCH;
    options.training = true;
    must(executor_new(&sequence.executor, sequence.graph, &options, error));
}

static void end(void)
{
    executor_free(sequence.executor);
    sned_graph_free(sequence.graph);
}

static void step_like_torch(int step, const struct update *update, double expected)
{
    const float *x = sequence.batches[step % TORCH_BATCHES];
    int32_t labels[TORCH_BATCH];
    double loss;
    size_t correct;
    for (int n = 0; n < TORCH_BATCH; n++) {
        const float *image = x + n * SIZE;
        labels[n] = (image[0] > 0) + 2 * (image[63] > 0) + 4 * (image[64 + 7] > 0) + (image[64 + 56] > 0);
    }
    must(executor_forward(sequence.executor, x, TORCH_BATCH, error));
    must(executor_loss(sequence.executor, labels, &loss, &correct, error));
    if (fabs(loss - expected) > TOLERANCE * expected)
        fail_msg("step %d: loss %.8f, PyTorch's %.8f", step, loss, expected);
    must(executor_backward(sequence.executor, error));
    must(executor_step(sequence.executor, update, error));
}

static void sgd_is_that_of_pytorch(void **state)
{
    const struct update update = {.rate = TORCH_RATE, .momentum = TORCH_MOMENTUM, .decay = TORCH_DECAY};
    begin((struct executor_options){.threads = 1}, false);
    for (int step = 0; step < TORCH_STEPS; step++)
        step_like_torch(step, &update, TORCH_LOSSES[step]);
    end();
}

static void adam_is_that_of_pytorch(void **state)
{
    struct update update = {.rate = TORCH_ADAM_RATE, .decay = TORCH_DECAY};
    begin((struct executor_options){.optimizer = OPTIMIZER_ADAM, .threads = 1}, false);
    for (int step = 0; step < TORCH_STEPS; step++) {
        update.count = (uint64_t)step + 1;
        step_like_torch(step, &update, TORCH_ADAM_LOSSES[step]);
    }
    end();
}

/* Kernels of 3 x 3, and the Gemm's of the 2 x 2 pictures that are flattened before it. */
static void new_costs(struct layer_cost costs[LAYERS])
{
    must(sned_cost_new(&costs[0], &(struct block_grid){8, IN, 9, 1, 1}, false, error));
    must(sned_cost_new(&costs[1], &(struct block_grid){16, 8, 9, 1, 1}, false, error));
    must(sned_cost_new(&costs[2], &(struct block_grid){10, 16, 4, 1, 1}, false, error));
}

static double look(struct layer_cost costs[LAYERS])
{
    static int8_t integers[16 * 8 * 9];
    double bits = 0;
    for (int i = 0; i < LAYERS; i++) {
        const int tensor = node_weights(&sequence.graph->nodes[LAYER_NODES[i]], 0);
        executor_integers(sequence.executor, tensor, integers);
        must(sned_cost_update(&costs[i], integers, error));
        executor_set_cost(sequence.executor, tensor, &costs[i]);
        bits += costs[i].bits;
    }
    return bits;
}

static void steps_learned_at_a_price_are_those_of_pytorch(void **state)
{
    struct update update = {.rate = TORCH_ADAM_RATE, .lambda = TORCH_LAMBDA, .step_rate = 1};
    struct layer_cost costs[LAYERS];
    begin(
        (struct executor_options){
            .quantize_weights = true, .optimizer = OPTIMIZER_ADAM, .learn_steps = true, .threads = 2},
        true);
    new_costs(costs);
    for (int step = 0; step < TORCH_STEPS; step++) {
        if (step % TORCH_LOOK == 0)
            look(costs);
        update.count = (uint64_t)step + 1;
        step_like_torch(step, &update, TORCH_STEPPED_LOSSES[step]);
    }
    for (int i = 0; i < LAYERS; i++) {
        const int tensor = node_weights(&sequence.graph->nodes[LAYER_NODES[i]], 0);
        const double s = sequence.graph->tensors[tensor].quantization.scale;
        if (fabs(s - TORCH_FINAL_STEPS[i]) > TOLERANCE * s)
            fail_msg("step of layer %d: %.8f, PyTorch's %.8f", i, s, TORCH_FINAL_STEPS[i]);
    }
    const double bits = look(costs);
    if (fabs(bits - TORCH_FINAL_BITS) > 2e-3 * bits) /* position costs are counted in bins of 1/32 */
        fail_msg("%.2f bits, PyTorch's %.2f", bits, TORCH_FINAL_BITS);
    for (int i = 0; i < LAYERS; i++)
        sned_cost_free(&costs[i]);
    end();
}

static void what_adam_and_steps_remember_can_be_put_back(void **state)
{
    struct update update = {.rate = TORCH_ADAM_RATE, .step_rate = 1, .count = 1};
    const struct executor_options options = {
        .quantize_weights = true, .optimizer = OPTIMIZER_ADAM, .learn_steps = true, .threads = 1};
    begin(options, true);
    const int tensor = node_weights(&sequence.graph->nodes[0], 0);
    const size_t parameters = 8 * IN * 9 + 16 * 8 * 9 + 10 * 64 + 8 + 8 + 8 + 16 + 10;
    const size_t size = executor_state_size(sequence.executor);
    assert_int_equal(size, 2 * parameters + 3 * LAYERS);
    float *saved = calloc(size, sizeof *saved), *again = calloc(size, sizeof *again);
    step_like_torch(0, &update, TORCH_STEPPED_LOSSES[0]);
    must(executor_state_read(sequence.executor, saved, error));
    const float step = sequence.graph->tensors[tensor].quantization.scale;
    update.count = 2;
    for (int i = 0; i < 3; i++)
        must(executor_step(sequence.executor, &update, error));
    assert_true(sequence.graph->tensors[tensor].quantization.scale != step);
    must(executor_state_write(sequence.executor, saved, error));
    must(executor_state_read(sequence.executor, again, error));
    assert_memory_equal(saved, again, size * sizeof *saved);
    assert_true(sequence.graph->tensors[tensor].quantization.scale == step);
    free(saved);
    free(again);
    end();
}

static void masked_weights_stay_zero_under_adam(void **state)
{
    struct update update = {.rate = TORCH_ADAM_RATE, .lambda = TORCH_LAMBDA, .step_rate = 1};
    begin(
        (struct executor_options){
            .quantize_weights = true, .optimizer = OPTIMIZER_ADAM, .learn_steps = true, .threads = 1},
        true);
    struct tensor *tensor = &sequence.graph->tensors[node_weights(&sequence.graph->nodes[4], 0)];
    const size_t count = sned_shape_elements(&tensor->shape);
    tensor->mask = malloc(count);
    assert_non_null(tensor->mask);
    for (size_t i = 0; i < count; i++)
        tensor->mask[i] = i % 3 != 0;
    must(executor_load(sequence.executor, error));
    const float *x = sequence.batches[0];
    const int32_t labels[TORCH_BATCH] = {0, 1, 2, 3};
    for (int step = 0; step < 3; step++) {
        double loss;
        size_t correct;
        update.count = (uint64_t)step + 1;
        must(executor_forward(sequence.executor, x, TORCH_BATCH, error));
        must(executor_loss(sequence.executor, labels, &loss, &correct, error));
        must(executor_backward(sequence.executor, error));
        must(executor_step(sequence.executor, &update, error));
    }
    must(executor_store(sequence.executor, error));
    for (size_t i = 0; i < count; i++)
        assert_true((((float *)tensor->data)[i] != 0) == tensor->mask[i]);
    end();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_is_that_of_pytorch),
        cmocka_unit_test(adam_is_that_of_pytorch),
        cmocka_unit_test(steps_learned_at_a_price_are_those_of_pytorch),
        cmocka_unit_test(what_adam_and_steps_remember_can_be_put_back),
        cmocka_unit_test(masked_weights_stay_zero_under_adam),
    };
    openmp_wait_briefly(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
