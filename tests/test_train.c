/*
 * test_train.c - the training loop: learns, equals PyTorch, honours masks, is deterministic, resumes,
 * recovers.
 *
 * Some behaviours end in the death of a process; for them this program runs itself with "--die-in-epoch N
 * FOLDER".
 */
#include "train_networks.h"

#include "base/file.h"
#include "torch_sequence.h"
#include "train/checkpoint.h"
#include "train/openmp.h"
#include "train/train.h"

#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const double TORCH_TOLERANCE = 1e-4; /* relative: 20 steps of float32, summed in another order */

enum { SIDE = 8, CLASSES = 4, IMAGES = 512 };

/* ---- a data set that can be learned: bright squares in four places, on noise ---- */

static void write_idx(const char *folder, const char *name, uint32_t magic, const uint32_t *dims, int rank,
                      const uint8_t *bytes, size_t size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = -1; i < rank; i++) {
        uint32_t word = i < 0 ? magic : dims[i];
        uint8_t big_endian[4] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16), (uint8_t)(word >> 8),
                                 (uint8_t)word};
        assert_int_equal(fwrite(big_endian, 4, 1, file), 1);
    }
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_data(const char *folder)
{
    static uint8_t pixels[IMAGES * SIDE * SIDE], labels[IMAGES];
    uint32_t state = 99;
    for (int n = 0; n < IMAGES; n++) {
        int label = labels[n] = (uint8_t)(n % CLASSES);
        for (int i = 0; i < SIDE * SIDE; i++) {
            bool inside = (i / SIDE >= SIDE / 2) == (label >> 1) && (i % SIDE >= SIDE / 2) == (label & 1);
            pixels[n * SIDE * SIDE + i] = (uint8_t)((lcg_next(&state) + 1) * 80 + (inside ? 60 : 0));
        }
    }
    write_idx(folder, "train-images-idx3-ubyte", 0x803, (uint32_t[]){IMAGES, SIDE, SIDE}, 3, pixels,
              sizeof pixels);
    write_idx(folder, "train-labels-idx1-ubyte", 0x801, (uint32_t[]){IMAGES}, 1, labels, sizeof labels);
}

static char folder[64]; /* of this run of the tests */

static struct dataset *open_data(const char *where)
{
    struct dataset *dataset;
    struct dataset_options options = {
        .split = SPLIT_TRAIN, .input = {1, SIDE, SIDE}, .color = "gray", .threads = 1};
    must(dataset_open(&dataset, where, &options, error));
    return dataset;
}

static const uint32_t *all_images(void)
{
    static uint32_t indices[IMAGES];
    for (uint32_t i = 0; i < IMAGES; i++)
        indices[i] = i;
    return indices;
}

/* Conv, BatchNormalization, Relu, MaxPool, Dropout, Gemm: what training has state of. */
static struct graph *new_network(void)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE), 11);
    build_conv(&b, (struct conv_setup){.in = 1, .out = 8, .window = square_window(3, 1, 1)});
    build_batch_normalization(&b, 8);
    build_activation(&b, OP_RELU);
    build_pool(&b, OP_MAX_POOL, square_window(2, 2, 0));
    build_flatten(&b);
    build_unary(&b, OP_DROPOUT)->u.dropout.ratio = 0.2f;
    build_gemm(&b, 8 * SIDE * SIDE / 4, CLASSES);
    b.graph->rule.is_image = true;
    b.graph->rule.mean[0] = 100;
    b.graph->rule.scale[0] = 1.0f / 60;
    strcpy(b.graph->rule.color, "gray");
    return build_graph(&b);
}

static struct train_options options_for(double epochs)
{
    struct train_options options = train_defaults();
    options.epochs = epochs;
    options.batch = 32;
    options.rate = 0.02f;
    options.threads = 2;
    options.seed = 5;
    options.augmentation = (struct augmentation){.flip = false, .shift = 1};
    return options;
}

static sned_status train(struct graph *graph, const char *where, const struct train_options *options,
                         struct train_result *result, sned_error *error)
{
    struct dataset *dataset = open_data(where);
    sned_status status = train_network(graph, dataset, all_images(), IMAGES, options, result, error);
    dataset_free(dataset);
    return status;
}

static uint64_t trained_hash(const struct train_options *options)
{
    struct graph *graph = new_network();
    struct train_result result;
    must(train(graph, folder, options, &result, error));
    uint64_t hash = graph_state_hash(graph);
    sned_graph_free(graph);
    return hash;
}

/* ---- tests ---- */

static void learns(void **state)
{
    struct graph *graph = new_network();
    struct train_options options = options_for(4);
    struct train_result result;
    struct evaluation evaluation;
    must(train(graph, folder, &options, &result, error));
    assert_true(result.accuracy > 80);
    assert_true(result.images_per_second > 0);
    assert_int_equal(result.rollbacks, 0);
    struct dataset *dataset = open_data(folder);
    must(evaluate_network(graph, dataset, all_images(), IMAGES, false, 2, NULL, &evaluation, error));
    dataset_free(dataset);
    assert_int_equal(evaluation.images, IMAGES);
    assert_int_equal(evaluation.skipped, 0);
    assert_true(evaluation.top1 > 90 && evaluation.top1 <= 100);
    assert_true(evaluation.top5 == 100); /* of four classes */
    assert_true(evaluation.loss > 0 && evaluation.loss < 0.5);
    sned_graph_free(graph);
}

static void losses_equal_those_of_pytorch(void **state)
{
    enum { IN = 2, SIZE = IN * 8 * 8 };
    static float batches[TORCH_BATCHES][TORCH_BATCH * SIZE];
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)IN, (int64_t)8, (int64_t)8), 2024);
    build_conv(&b, (struct conv_setup){.in = IN, .out = 8, .window = square_window(3, 1, 1)});
    build_batch_normalization(&b, 8);
    build_activation(&b, OP_RELU);
    build_pool(&b, OP_MAX_POOL, square_window(2, 2, 0));
    build_conv(&b, (struct conv_setup){.in = 8, .out = 16, .window = square_window(3, 2, 1)});
    build_activation(&b, OP_RELU);
    build_flatten(&b);
    build_gemm(&b, 64, 10);
    struct graph *graph = build_graph(&b);
    lcg_fill(&b.state, &batches[0][0], sizeof batches / sizeof(float), 1);

    struct executor *executor;
    struct executor_options options = {.batch = TORCH_BATCH, .training = true, .threads = 1};
    must(executor_new(&executor, graph, &options, error));
    for (int step = 0; step < TORCH_STEPS; step++) {
        const float *x = batches[step % TORCH_BATCHES];
        int32_t labels[TORCH_BATCH];
        double loss;
        size_t correct;
        for (int n = 0; n < TORCH_BATCH; n++) {
            const float *image = x + n * SIZE;
            labels[n] = (image[0] > 0) + 2 * (image[63] > 0) + 4 * (image[64 + 7] > 0) + (image[64 + 56] > 0);
        }
        must(executor_forward(executor, x, TORCH_BATCH, error));
        must(executor_loss(executor, labels, &loss, &correct, error));
        if (fabs(loss - TORCH_LOSSES[step]) > TORCH_TOLERANCE * TORCH_LOSSES[step])
            fail_msg("step %d: loss %.8f, PyTorch's %.8f", step, loss, TORCH_LOSSES[step]);
        must(executor_backward(executor, error));
        must(executor_step(executor, TORCH_RATE, TORCH_MOMENTUM, TORCH_DECAY, error));
    }
    executor_free(executor);
    sned_graph_free(graph);
}

static void two_runs_give_the_same_bits(void **state)
{
    struct train_options options = options_for(2);
    uint64_t first = trained_hash(&options);
    assert_true(first == trained_hash(&options));
    options.seed++;
    assert_true(first != trained_hash(&options));
}

static void pruned_weights_stay_zero(void **state)
{
    struct graph *graph = new_network();
    struct train_options options = options_for(2);
    struct train_result result;
    for (int t = 0; t < graph->tensor_count; t++) {
        struct tensor *tensor = &graph->tensors[t];
        if (!tensor->data || tensor->shape.rank < 2)
            continue;
        size_t count = sned_shape_elements(&tensor->shape);
        tensor->mask = malloc(count);
        for (size_t i = 0; i < count; i++) {
            tensor->mask[i] = i % 3 != 0;
            ((float *)tensor->data)[i] *= tensor->mask[i];
        }
    }
    must(train(graph, folder, &options, &result, error));
    for (int t = 0; t < graph->tensor_count; t++) {
        const struct tensor *tensor = &graph->tensors[t];
        for (size_t i = 0; tensor->mask && i < sned_shape_elements(&tensor->shape); i++)
            assert_true((((float *)tensor->data)[i] != 0) == tensor->mask[i]);
    }
    sned_graph_free(graph);
}

static void rounded_weights_train_too(void **state)
{
    struct graph *graph = new_network();
    struct train_options options = options_for(3);
    struct train_result result;
    struct evaluation rounded;
    options.quantize_weights = true;
    graph->tensors[graph->input].quantization = (struct quantization){0.02f, 8, true};
    graph->tensors[graph->output].quantization = (struct quantization){0.05f, 16, true};
    graph->tensors[graph->nodes[2].output].quantization = (struct quantization){0.03f, 8, false};
    must(train(graph, folder, &options, &result, error));
    struct dataset *dataset = open_data(folder);
    must(evaluate_network(graph, dataset, all_images(), IMAGES, true, 2, NULL, &rounded, error));
    dataset_free(dataset);
    assert_true(rounded.top1 > 90);
    sned_graph_free(graph);
}

struct observer {
    size_t calls, messages, last_done, last_total;
    char first_message[256];
};

static void observe(void *argument, const struct progress *progress)
{
    struct observer *observer = argument;
    observer->calls++;
    observer->last_done = progress->done;
    observer->last_total = progress->total;
    assert_true(progress->done <= progress->total);
    assert_non_null(strstr(progress->task, "epoch "));
}

static void hear(void *argument, const char *line)
{
    struct observer *observer = argument;
    if (observer->messages++ == 0)
        snprintf(observer->first_message, sizeof observer->first_message, "%s", line);
}

static void half_an_epoch_is_half_of_the_images(void **state)
{
    struct graph *graph = new_network();
    struct observer observer = {0};
    struct reporter reporter = {observe, hear, &observer};
    struct train_options options = options_for(0.5);
    struct train_result result;
    options.reporter = &reporter;
    must(train(graph, folder, &options, &result, error));
    assert_int_equal(observer.last_done, IMAGES / 2);
    assert_int_equal(observer.last_total, IMAGES / 2);
    sned_graph_free(graph);
}

static void a_time_budget_ends_training(void **state)
{
    struct graph *graph = new_network();
    struct train_options options = options_for(100000);
    struct train_result result;
    options.time_budget = 0.2;
    must(train(graph, folder, &options, &result, error));
    assert_true(result.seconds < 10);
    assert_true(result.loss < 2);
    sned_graph_free(graph);
}

static void divergence_lowers_the_rate(void **state)
{
    struct graph *graph = new_network();
    struct observer observer = {0};
    struct reporter reporter = {observe, hear, &observer};
    struct train_options options = options_for(3);
    struct train_result result;
    options.rate = 8;
    options.schedule = SCHEDULE_CONSTANT;
    options.reporter = &reporter;
    sned_error problem;
    sned_status status = train(graph, folder, &options, &result, &problem);
    assert_true(status == SNED_OK || status == SNED_ERROR_DIVERGED);
    assert_true(result.rollbacks > 0);
    assert_non_null(
        strstr(observer.first_message, "diverged in epoch 1: back to its start, rate lowered from 8 to 2"));
    sned_graph_free(graph);
}

static void hopeless_divergence_fails_and_keeps_the_parameters(void **state)
{
    struct graph *graph = new_network();
    uint64_t before = graph_state_hash(graph);
    struct train_options options = options_for(3);
    struct train_result result;
    sned_error problem;
    options.rate = 1e6f;
    assert_int_equal(train(graph, folder, &options, &result, &problem), SNED_ERROR_DIVERGED);
    assert_int_equal(result.rollbacks, 3);
    assert_non_null(strstr(problem.message, "lower rate"));
    assert_true(before == graph_state_hash(graph));
    sned_graph_free(graph);
}

static void labels_beyond_the_classes_are_refused(void **state)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE), 11);
    build_flatten(&b);
    build_gemm(&b, SIDE * SIDE, CLASSES - 1);
    struct graph *graph = build_graph(&b);
    struct train_options options = options_for(1);
    struct train_result result;
    sned_error problem;
    assert_int_equal(train(graph, folder, &options, &result, &problem), SNED_ERROR_DATA);
    assert_non_null(strstr(problem.message, "label 3 is not one of the network's 3 classes"));
    sned_graph_free(graph);
}

static void images_of_another_size_are_refused(void **state)
{
    struct builder b = build_new(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)SIDE, (int64_t)SIDE + 1), 11);
    build_flatten(&b);
    build_gemm(&b, SIDE * (SIDE + 1), CLASSES);
    struct graph *graph = build_graph(&b);
    struct train_options options = options_for(1);
    struct train_result result;
    assert_int_equal(train(graph, folder, &options, &result, NULL), SNED_ERROR_SHAPE);
    sned_graph_free(graph);
}

/* ---- interruption ---- */

static void checkpoint_path(char *path, size_t size, const char *where)
{
    snprintf(path, size, "%s/checkpoint", where);
}

static int deadly_epoch;

static void die_in_epoch(void *argument, const struct progress *progress)
{
    int epoch = 0;
    if (sscanf(progress->task, "epoch %d", &epoch) == 1 && epoch == deadly_epoch)
        raise(SIGKILL);
}

static int run_and_die(const char *epoch, const char *where)
{
    struct reporter reporter = {.progress = die_in_epoch};
    struct train_options options = options_for(4.5);
    struct train_result result;
    char path[PATH_MAX];
    deadly_epoch = atoi(epoch);
    checkpoint_path(path, sizeof path, where);
    options.checkpoint = path;
    options.reporter = &reporter;
    train(new_network(), where, &options, &result, NULL);
    return 0;
}

static void killed_training_goes_on_to_the_same_bits(void **state)
{
    struct train_options options = options_for(4.5);
    const uint64_t uninterrupted = trained_hash(&options);
    for (int epoch = 1; epoch <= 5; epoch += 2) {
        char number[16], path[PATH_MAX];
        int status;
        pid_t child;
        snprintf(number, sizeof number, "%d", epoch);
        char *arguments[] = {"test_train", "--die-in-epoch", number, folder, NULL};
        assert_int_equal(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        checkpoint_path(path, sizeof path, folder);
        struct observer observer = {0};
        struct reporter reporter = {observe, hear, &observer};
        options.checkpoint = path;
        options.reporter = &reporter;
        assert_true(trained_hash(&options) == uninterrupted);
        assert_true((observer.messages > 0) == (epoch > 1));
        /* The checkpoint of a finished training gives its result at once. */
        assert_true(trained_hash(&options) == uninterrupted);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_checkpoint_of_other_options_is_ignored(void **state)
{
    struct train_options options = options_for(1);
    char path[PATH_MAX];
    checkpoint_path(path, sizeof path, folder);
    options.rate *= 2;
    const uint64_t other = trained_hash(&options);
    options.rate /= 2;
    options.checkpoint = path;
    trained_hash(&options);
    options.rate *= 2;
    assert_true(trained_hash(&options) == other);
    assert_int_equal(unlink(path), 0);
}

static void a_damaged_checkpoint_is_not_found(void **state)
{
    const char text[] = "some state";
    struct checkpoint_blob blob = {"state", text, sizeof text};
    struct checkpoint checkpoint;
    char path[PATH_MAX];
    bool found;
    checkpoint_path(path, sizeof path, folder);
    must(checkpoint_write(path, 7, &blob, 1, error));
    must(checkpoint_read(&checkpoint, path, 7, &found, error));
    assert_true(found);
    assert_string_equal(checkpoint_find(&checkpoint, "state")->data, text);
    assert_null(checkpoint_find(&checkpoint, "other"));
    checkpoint_free(&checkpoint);
    must(checkpoint_read(&checkpoint, path, 8, &found, error));
    assert_false(found);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    for (off_t size = about.st_size - 1; size >= 0; size--) {
        assert_int_equal(truncate(path, size), 0);
        must(checkpoint_read(&checkpoint, path, 7, &found, error));
        assert_false(found);
    }
    assert_int_equal(unlink(path), 0);
    must(checkpoint_read(&checkpoint, path, 7, &found, error));
    assert_false(found);
}

static void states_of_another_network_are_refused(void **state)
{
    struct graph *graph = new_network();
    struct buffer buffer = {0};
    struct builder b = build_new(sned_shape(2, (int64_t)1, (int64_t)5), 1);
    build_gemm(&b, 5, 3);
    struct graph *other = build_graph(&b);
    must(graph_state_save(graph, &buffer, error));
    assert_int_equal(graph_state_restore(other, buffer.data, buffer.size, NULL), SNED_ERROR_FORMAT);
    assert_int_equal(graph_state_restore(graph, buffer.data, buffer.size - 1, NULL), SNED_ERROR_FORMAT);
    must(graph_state_restore(graph, buffer.data, buffer.size, error));
    sned_buffer_free(&buffer);
    sned_graph_free(graph);
    sned_graph_free(other);
}

static void equal_scores_rank_by_class_index(void **state)
{
    struct evaluation evaluation = {0};
    const float scores[6] = {1, 1, 1, 1, 1, 1};
    evaluation_add(&evaluation, scores, 6, 0);
    evaluation_add(&evaluation, scores, 6, 4);
    evaluation_add(&evaluation, scores, 6, 5);
    assert_int_equal(evaluation.images, 3);
    assert_true(evaluation.top1 == 1 && evaluation.top5 == 2);
}

static int make_folder(void **state)
{
    strcpy(folder, "/tmp/sned-test-train-XXXXXX");
    assert_non_null(mkdtemp(folder));
    write_data(folder);
    return 0;
}

static int remove_folder(void **state)
{
    const char *names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "checkpoint"};
    char path[PATH_MAX];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    if (argc == 4 && strcmp(argv[1], "--die-in-epoch") == 0)
        return run_and_die(argv[2], argv[3]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns),
        cmocka_unit_test(losses_equal_those_of_pytorch),
        cmocka_unit_test(two_runs_give_the_same_bits),
        cmocka_unit_test(pruned_weights_stay_zero),
        cmocka_unit_test(rounded_weights_train_too),
        cmocka_unit_test(half_an_epoch_is_half_of_the_images),
        cmocka_unit_test(a_time_budget_ends_training),
        cmocka_unit_test(divergence_lowers_the_rate),
        cmocka_unit_test(hopeless_divergence_fails_and_keeps_the_parameters),
        cmocka_unit_test(labels_beyond_the_classes_are_refused),
        cmocka_unit_test(images_of_another_size_are_refused),
        cmocka_unit_test(killed_training_goes_on_to_the_same_bits),
        cmocka_unit_test(a_checkpoint_of_other_options_is_ignored),
        cmocka_unit_test(a_damaged_checkpoint_is_not_found),
        cmocka_unit_test(states_of_another_network_are_refused),
        cmocka_unit_test(equal_scores_rank_by_class_index),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
