/*
 * test_kept_files.c - files of format 1.0, 1.1 and 1.3 open, give the scores that they gave, and are written
 * again to the byte: tests/vectors/format1, kept from the commit before format 1.2; those of 1.3 from the one
 * that brought mixed layers.
 *
 *     networkNN.sned   a random network (random_networks.h); together they hold every operator, both kinds
 *                      of input and every weight format of 1.1; 14 to 17 are 05, 06, 12 and 13 mixed
 *     networkNN.run    an input, bytes where it is of pixels, else floats; behind it the scores, floats
 *
 * They are never made again: what they are for is that nobody can.
 */
#include "base/file.h"
#include "codec/codec.h"
#include "graph/graph.h"
#include "runtime/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { KEPT = 18, MINOR = 7 /* where a file has its minor version */ };

struct kept {
    struct buffer file, run;
};

static void read_kept(struct kept *kept, int number)
{
    char path[100];
    *kept = (struct kept){0};
    snprintf(path, sizeof path, "tests/vectors/format1/network%02d.sned", number);
    assert_int_equal(sned_file_read(&kept->file, path, SIZE_MAX, NULL), SNED_OK);
    snprintf(path, sizeof path, "tests/vectors/format1/network%02d.run", number);
    assert_int_equal(sned_file_read(&kept->run, path, SIZE_MAX, NULL), SNED_OK);
}

static void free_kept(struct kept *kept)
{
    sned_buffer_free(&kept->file);
    sned_buffer_free(&kept->run);
}

static void they_give_the_scores_that_they_gave(void **state)
{
    int minors[4] = {0};
    for (int i = 0; i < KEPT; i++) {
        struct kept kept;
        sned_model *model;
        sned_context *context;
        sned_error error = {0};
        read_kept(&kept, i);
        if (sned_open_memory(&model, kept.file.data, kept.file.size, &error) != SNED_OK)
            fail_msg("network %d: %s", i, error.message);
        assert_int_equal(sned_context_new(&context, model, &error), SNED_OK);
        const sned_model_info *info = sned_model_get_info(model);
        const size_t scores = (size_t)info->classes * sizeof(float), input = kept.run.size - scores;
        float *got = malloc(scores);
        if (info->color[0])
            assert_int_equal(sned_run_pixels(context, kept.run.data, 1, got, &error), SNED_OK);
        else
            assert_int_equal(sned_run_values(context, (const float *)kept.run.data, 1, got, &error), SNED_OK);
        assert_memory_equal(got, (const uint8_t *)kept.run.data + input, scores);
        minors[((const uint8_t *)kept.file.data)[MINOR]]++;
        free(got);
        sned_context_free(context);
        sned_close(model);
        free_kept(&kept);
    }
    assert_true(minors[0] >= 3 && minors[1] >= 3 && minors[3] == 4);
}

static void they_are_written_again_to_the_byte(void **state)
{
    for (int i = 0; i < KEPT; i++) {
        struct kept kept;
        struct graph *graph;
        struct layer_storage *storage = NULL;
        struct buffer again = {0};
        sned_error error = {0};
        int count;
        read_kept(&kept, i);
        if (sned_unpack(&graph, kept.file.data, kept.file.size, &storage, &count, &error) != SNED_OK)
            fail_msg("network %d: %s", i, error.message);
        int *force = malloc((size_t)graph->node_count * sizeof *force);
        for (int layer = 0; layer < count; layer++)
            force[storage[layer].node] = (int)storage[layer].format;
        const bool is_mixed = ((const uint8_t *)kept.file.data)[MINOR] == 3; /* unasked */
        const struct pack_options options = {.force = is_mixed ? NULL : force};
        assert_int_equal(sned_pack(graph, &options, &again, NULL, NULL, &error), SNED_OK);
        assert_int_equal(again.size, kept.file.size);
        assert_memory_equal(again.data, kept.file.data, again.size);
        free(storage);
        free(force);
        sned_buffer_free(&again);
        sned_graph_free(graph);
        free_kept(&kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_give_the_scores_that_they_gave),
        cmocka_unit_test(they_are_written_again_to_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
