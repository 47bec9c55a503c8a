/*
 * test_compress_resume.c - a compression that is killed, or out of time, loses nothing that it had.
 */
#include "tests/compress/compress_fixture.h"

/* ---- interruptions ---- */

struct bomb {
    int messages_left;
};

static void count_down(void *argument, const char *line)
{
    struct bomb *bomb = argument;

    (void)line;
    if (--bomb->messages_left < 0)
        _exit(9); /* as kill -9 would: nothing is cleaned up */
}

/* Runs until the n-th line of the log, in a process that then dies. False where it finished before. */
static bool die_after(struct compress_options options, int n)
{
    struct bomb bomb = {n};
    struct reporter reporter = {.message = count_down, .argument = &bomb};
    int result = 0;

    pid_t child = fork();
    if (child == 0) {
        struct graph *graph = NULL, *integer = NULL;
        struct compress_result outcome;
        options.reporter = &reporter;
        if (sned_graph_copy(&graph, trained, NULL) != SNED_OK)
            _exit(1);
        compress_network(&integer, graph, dataset, &options, &outcome, NULL);
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &result, 0) == child && WIFEXITED(result));
    return WEXITSTATUS(result) == 9;
}

static void a_killed_run_is_resumed_and_ends_the_same(void **state)
{
    struct compress_options options = quick();
    struct outcome whole = run(&options);
    bool died = true;

    (void)state;
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    for (int n = 0; died; n += 4) /* each time a little further than the run before */
        died = die_after(options, n % 12);
    struct outcome resumed = run(&options);
    assert_true(graph_state_hash(resumed.graph) == graph_state_hash(whole.graph));
    assert_same_file(resumed.integer, whole.integer);
    assert_int_equal(resumed.result.decision_count, whole.result.decision_count);
    for (int i = 0; i < whole.result.decision_count; i++) {
        assert_string_equal(resumed.result.decisions[i].layer, whole.result.decisions[i].layer);
        assert_true(resumed.result.decisions[i].density_to == whole.result.decisions[i].density_to);
        assert_true(resumed.result.decisions[i].accuracy_retrained ==
                    whole.result.decisions[i].accuracy_retrained);
    }
    outcome_free(&whole);
    outcome_free(&resumed);
    unlink(checkpoint);
}

static void another_runs_checkpoint_is_not_resumed_from(void **state)
{
    struct compress_options options = quick();

    (void)state;
    struct outcome alone = run(&options);
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    options.seed++;
    die_after(options, 6);
    options.seed--;
    struct outcome after = run(&options);
    assert_true(graph_state_hash(alone.graph) == graph_state_hash(after.graph));
    outcome_free(&alone);
    outcome_free(&after);
    unlink(checkpoint);
}

static void a_spent_time_budget_still_gives_a_network(void **state)
{
    struct compress_options options = quick();

    (void)state;
    options.time_budget = 1e-6;
    struct outcome outcome = run(&options);
    assert_true(outcome.integer->integer);
    assert_int_equal(first_decision(&outcome.result, "reversed", "fc2"), -1);
    outcome_free(&outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_run_is_resumed_and_ends_the_same),
        cmocka_unit_test(another_runs_checkpoint_is_not_resumed_from),
        cmocka_unit_test(a_spent_time_budget_still_gives_a_network),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
