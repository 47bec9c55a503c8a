/*
 * test_compress_resume.c - a compression that is killed, or out of time, loses nothing that it had.
 */
#include "tests/compress/compress_fixture.h"
#include "base/file.h"

static void a_killed_run_is_resumed_and_ends_the_same(void **state)
{
    struct compress_options options = quick();
    struct outcome whole = run(&options);
    bool died = true;

    (void)state;
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    for (int n = 0; died; n += 4) /* each time a little further than the run before */
        died = die_after(compress_paper, options, n % 12);
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
    die_after(compress_paper, options, 6);
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

/* ---- the journal ---- */

/* What a checkpoint of this run, on the trained network with these outputs, would be opened by. */
static uint64_t key_with(const struct compress_options *options, const int *outputs, int count)
{
    struct compression compression;
    struct compress_result result = {0};
    struct graph *graph;
    assert_int_equal(sned_graph_copy(&graph, trained, NULL), SNED_OK);
    assert_int_equal(sned_graph_set_outputs(graph, outputs, count, NULL), SNED_OK);
    assert_int_equal(compression_open(&compression, graph, dataset, options, &result, NULL), SNED_OK);
    const uint64_t key = compression.key;
    compression_close(&compression);
    sned_graph_free(graph);
    return key;
}

static uint64_t key_of(const struct compress_options *options)
{
    return key_with(options, trained->outputs, 1);
}

static void a_checkpoint_is_of_the_output_that_is_judged(void **state)
{
    struct compress_options options = quick();
    const int scores = trained->outputs[0], features = find(trained, "fc2")->inputs[0];
    (void)state;
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    const uint64_t key = key_with(&options, (int[]){scores, features}, 2);
    assert_true(key == key_with(&options, (int[]){scores, features}, 2));
    assert_true(key != key_with(&options, (int[]){features, scores}, 2));
}

/* Of 0.1: a step was eight doubles and each layer's weights, under another name and without a version. */
static void a_checkpoint_of_an_older_version_is_refused_and_stays(void **state)
{
    const double steps[8 + 3] = {[2] = 97, [3] = 0.1, [8] = 36, [9] = 6400, [10] = 48};
    const double seconds = 60;
    const struct checkpoint_blob blobs[] = {
        {"journal", steps, sizeof steps}, {"network", "weights", 7}, {"seconds", &seconds, sizeof seconds}};
    struct compress_options options = quick();
    struct buffer before = {0}, after = {0};
    sned_error error = {0};
    (void)state;
    options.checkpoint = checkpoint;
    unlink(checkpoint);
    assert_int_equal(checkpoint_write(checkpoint, key_of(&options), blobs, 3, NULL), SNED_OK);
    assert_int_equal(sned_file_read(&before, checkpoint, 1 << 20, NULL), SNED_OK);
    assert_int_equal(run_failing(&options, dataset, &error), SNED_ERROR_VERSION);
    assert_non_null(strstr(error.message, checkpoint));
    assert_non_null(strstr(error.message, "is of another version of sned"));
    assert_int_equal(sned_file_read(&after, checkpoint, 1 << 20, NULL), SNED_OK);
    assert_int_equal(after.size, before.size);
    assert_memory_equal(after.data, before.data, before.size);
    sned_buffer_free(&before);
    sned_buffer_free(&after);
    unlink(checkpoint);
}

/* One record of each kind, of a compression of two layers. */
static void fill(struct journal *journal)
{
    uint64_t kept[][2] = {{10, 20}, {10, 20}, {4, 20}, {4, 20}};
    struct record records[] = {
        {.kind = RECORD_BASELINE, .u.baseline.measure = {98.5, 0.0625}},
        {.kind = RECORD_SCAN, .u.scan.first = 0.421875},
        {.kind = RECORD_CUT,
         .u.cut = {.pruned = {60, 1.5}, .retrained = {98, 0.07}, .outcome = CUT_ON_TRIAL, .rollbacks = 2}},
        {.kind = RECORD_RETRAINING,
         .u.retraining = {.before = {98, 0.07}, .after = {NAN, INFINITY}, .kept = true, .rollbacks = 1}},
    };
    *journal = (struct journal){.layer_count = 2};
    for (int i = 0; i < 4; i++) {
        records[i].kept = kept[i];
        assert_int_equal(journal_append(journal, &records[i], NULL), SNED_OK);
    }
    journal->seconds = 12.5;
}

static void a_journal_comes_back_from_its_bytes(void **state)
{
    struct journal journal, back = {.layer_count = 2};
    struct writer writer = {0}, again = {0};
    const struct record *record;
    (void)state;
    fill(&journal);
    journal_write(&journal, &writer);
    assert_int_equal(journal_read(&back, writer.buffer.data, writer.buffer.size, NULL), SNED_OK);
    assert_true(back.seconds == 12.5 && back.count == 4);
    assert_int_equal(journal_replay(&back, RECORD_BASELINE, &record, NULL), SNED_OK);
    assert_true(record->u.baseline.measure.accuracy == 98.5 && record->u.baseline.measure.loss == 0.0625);
    assert_int_equal(journal_replay(&back, RECORD_SCAN, &record, NULL), SNED_OK);
    assert_true(record->u.scan.first == 0.421875);
    assert_int_equal(journal_replay(&back, RECORD_CUT, &record, NULL), SNED_OK);
    assert_true(record->u.cut.pruned.loss == 1.5 && record->u.cut.retrained.accuracy == 98);
    assert_true(record->u.cut.outcome == CUT_ON_TRIAL && record->u.cut.rollbacks == 2);
    assert_true(record->kept[0] == 4 && record->kept[1] == 20);
    assert_int_equal(journal_replay(&back, RECORD_RETRAINING, &record, NULL), SNED_OK);
    assert_true(isnan(record->u.retraining.after.accuracy) && isinf(record->u.retraining.after.loss));
    assert_true(record->u.retraining.kept && record->u.retraining.rollbacks == 1);
    assert_int_equal(journal_replay(&back, RECORD_CUT, &record, NULL), SNED_OK);
    assert_null(record);
    journal_write(&back, &again);
    assert_int_equal(again.buffer.size, writer.buffer.size);
    assert_memory_equal(again.buffer.data, writer.buffer.data, writer.buffer.size);
    journal_free(&journal);
    journal_free(&back);
    sned_writer_free(&writer);
    sned_writer_free(&again);
}

static void a_journal_cut_short_is_refused(void **state)
{
    struct journal journal;
    struct writer writer = {0};
    (void)state;
    fill(&journal);
    journal_write(&journal, &writer);
    for (size_t size = 0; size < writer.buffer.size; size++) {
        struct journal part = {.layer_count = 2};
        uint8_t *bytes = NULL; /* of its own, for the sanitizer to see what is read behind it */
        assert_int_equal(sned_alloc(&bytes, size, 1, NULL), SNED_OK);
        memcpy(bytes, writer.buffer.data, size);
        assert_int_not_equal(journal_read(&part, bytes, size, NULL), SNED_OK);
        journal_free(&part);
        free(bytes);
    }
    journal_free(&journal);
    sned_writer_free(&writer);
}

static void a_step_of_another_kind_is_not_replayed(void **state)
{
    struct journal journal;
    const struct record *record;
    sned_error error = {0};
    (void)state;
    fill(&journal);
    journal.position = 1;
    assert_int_equal(journal_replay(&journal, RECORD_CUT, &record, &error), SNED_ERROR_DATA);
    assert_non_null(strstr(error.message, "step 2"));
    journal_free(&journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_run_is_resumed_and_ends_the_same),
        cmocka_unit_test(another_runs_checkpoint_is_not_resumed_from),
        cmocka_unit_test(a_checkpoint_is_of_the_output_that_is_judged),
        cmocka_unit_test(a_spent_time_budget_still_gives_a_network),
        cmocka_unit_test(a_checkpoint_of_an_older_version_is_refused_and_stays),
        cmocka_unit_test(a_journal_comes_back_from_its_bytes),
        cmocka_unit_test(a_journal_cut_short_is_refused),
        cmocka_unit_test(a_step_of_another_kind_is_not_replayed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
