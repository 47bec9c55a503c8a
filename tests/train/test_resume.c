/*
 * test_resume.c - training that was interrupted at any moment goes on to the result of an uninterrupted one.
 *
 * That takes a process that dies: this program runs itself with "--die-in-epoch N FOLDER HEADS".
 */
#include "tests/train/train_data.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

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

static struct graph *network_of(int heads)
{
    return heads == 2 ? new_network_of_two_heads() : new_network();
}

static int run_and_die(const char *epoch, const char *where, const char *heads)
{
    struct reporter reporter = {.progress = die_in_epoch};
    struct train_options options = options_for(4.5);
    struct train_result result;
    char path[PATH_MAX];
    deadly_epoch = atoi(epoch);
    checkpoint_path(path, sizeof path, where);
    options.checkpoint = path;
    options.reporter = &reporter;
    train(network_of(atoi(heads)), where, &options, &result, NULL);
    return 0;
}

static void die_in_and_go_on(int epoch, int heads, uint64_t uninterrupted)
{
    struct train_options options = options_for(4.5);
    char number[16], number_of_heads[16], path[PATH_MAX];
    int status;
    pid_t child;
    snprintf(number, sizeof number, "%d", epoch);
    snprintf(number_of_heads, sizeof number_of_heads, "%d", heads);
    char *arguments[] = {"test_resume", "--die-in-epoch", number, folder, number_of_heads, NULL};
    assert_int_equal(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    checkpoint_path(path, sizeof path, folder);
    struct observer observer = {0};
    struct reporter reporter = {observe, hear, &observer};
    options.checkpoint = path;
    options.reporter = &reporter;
    assert_true(hash_of_trained(network_of(heads), &options) == uninterrupted);
    assert_true((observer.messages > 0) == (epoch > 1));
    /* The checkpoint of a finished training gives its result at once. */
    assert_true(hash_of_trained(network_of(heads), &options) == uninterrupted);
    assert_int_equal(unlink(path), 0);
}

static void killed_training_goes_on_to_the_same_bits(void **state)
{
    const struct train_options options = options_for(4.5);
    const uint64_t uninterrupted = trained_hash(&options);
    for (int epoch = 1; epoch <= 5; epoch += 2)
        die_in_and_go_on(epoch, 1, uninterrupted);
}

static void killed_training_of_a_network_with_two_heads_does_too(void **state)
{
    const struct train_options options = options_for(4.5);
    die_in_and_go_on(3, 2, hash_of_trained(new_network_of_two_heads(), &options));
}

static void see_whether_another_run(void *argument, const char *message)
{
    *(bool *)argument |= strstr(message, "is of another run") != NULL;
}

static void a_checkpoint_of_other_options_is_ignored_and_that_is_said(void **state)
{
    struct train_options options = options_for(1);
    char path[PATH_MAX];
    bool said = false;
    const struct reporter reporter = {.message = see_whether_another_run, .argument = &said};
    checkpoint_path(path, sizeof path, folder);
    options.rate *= 2;
    const uint64_t other = trained_hash(&options);
    options.rate /= 2;
    options.checkpoint = path;
    trained_hash(&options);
    options.reporter = &reporter;
    trained_hash(&options);
    assert_false(said);
    options.rate *= 2;
    assert_true(trained_hash(&options) == other);
    assert_true(said);
    assert_int_equal(unlink(path), 0);
}

/* The hash of a network trained with half the scale. */
static uint64_t hash_of_darker_pictures(const struct train_options *options)
{
    struct graph *graph = new_network();
    struct train_result result;
    graph->rule.scale[0] /= 2;
    must(train(graph, folder, options, &result, error));
    const uint64_t hash = graph_state_hash(graph);
    sned_graph_free(graph);
    return hash;
}

static void a_checkpoint_of_another_preprocessing_is_ignored(void **state)
{
    struct train_options options = options_for(1);
    char path[PATH_MAX];
    checkpoint_path(path, sizeof path, folder);
    const uint64_t other = hash_of_darker_pictures(&options);
    options.checkpoint = path;
    assert_true(trained_hash(&options) != other);
    assert_true(hash_of_darker_pictures(&options) == other);
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

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    if (argc == 5 && strcmp(argv[1], "--die-in-epoch") == 0)
        return run_and_die(argv[2], argv[3], argv[4]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_training_goes_on_to_the_same_bits),
        cmocka_unit_test(killed_training_of_a_network_with_two_heads_does_too),
        cmocka_unit_test(a_checkpoint_of_other_options_is_ignored_and_that_is_said),
        cmocka_unit_test(a_checkpoint_of_another_preprocessing_is_ignored),
        cmocka_unit_test(a_damaged_checkpoint_is_not_found),
        cmocka_unit_test(states_of_another_network_are_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
