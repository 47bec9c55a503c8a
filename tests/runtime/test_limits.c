/*
 * test_limits.c - what a file may cost (sned_open_with): each limit is kept to the number, and before
 * anything of that size is allocated.
 */
#include "base/file.h"
#include "codec/sections.h"
#include "tests/common/sned_files.h"

#include <unistd.h>

/* By hand, of small_graph: Conv of 4 filters of 3 x 3 on 6 x 6, MaxPool of 2 x 2, Flatten, Gemm of 3 x 36. */
enum {
    MACS = 36 * 4 * 9 + 3 * 36,
    OPERATIONS = MACS + 36 * 4 /* pool */ + 36 /* flatten */,
    CONSTANTS = 36 + 4 * 4 + 108 + 3 * 4, /* bytes: weights of one, biases of four */
    LARGEST = 4 * 36                      /* of Conv's result */
};

static sned_status open_within(const struct buffer *file, sned_limits limits, sned_error *error)
{
    sned_model *model = (sned_model *)1;
    const sned_status status = sned_open_memory_with(&model, file->data, file->size, &limits, error);
    assert_true((status == SNED_OK) == (model != NULL));
    sned_close(model);
    return status;
}

/* Opens where the limit is `value`, and not where it is one less; the message then has both numbers. */
static void expect_exact(const struct buffer *file, size_t member, uint64_t value)
{
    sned_limits limits = {0};
    sned_error error = {0};
    char limit[32];
    uint64_t *asked = (uint64_t *)(void *)((char *)&limits + member);
    *asked = value;
    assert_int_equal(open_within(file, limits, NULL), SNED_OK);
    *asked = value - 1;
    assert_int_equal(open_within(file, limits, &error), SNED_ERROR_LIMIT);
    snprintf(limit, sizeof limit, "%llu", (unsigned long long)(value - 1));
    assert_non_null(strstr(error.message, limit));
    assert_null(strchr(error.message, '\n'));
}

static void each_limit_is_kept_to_the_number(void **state)
{
    struct buffer file = pack_new(small_graph, 0.5f, 3);
    sned_model *model;
    assert_int_equal(sned_open_memory(&model, file.data, file.size, NULL), SNED_OK);
    const sned_model_info *info = sned_model_get_info(model);
    assert_int_equal(info->macs, MACS);
    assert_int_equal(info->operations, OPERATIONS);
    assert_int_equal(info->memory, CONSTANTS + sned_memory_needed(model));
    expect_exact(&file, offsetof(sned_limits, file_bytes), file.size);
    expect_exact(&file, offsetof(sned_limits, macs), MACS);
    expect_exact(&file, offsetof(sned_limits, operations), OPERATIONS);
    expect_exact(&file, offsetof(sned_limits, memory), info->memory);
    sned_close(model);
    sned_buffer_free(&file);
}

static void a_limit_of_zero_is_none(void **state)
{
    struct buffer file = pack_new(every_operator_graph, 0.5f, 3);
    sned_model *model;
    assert_int_equal(open_within(&file, (sned_limits){0}, NULL), SNED_OK);
    assert_int_equal(sned_open_memory_with(&model, file.data, file.size, NULL, NULL), SNED_OK);
    sned_close(model);
    sned_buffer_free(&file);
}

/* A graph whose weights cannot be read: what is refused for its claims has not been read so far. */
static void claims_are_judged_before_the_weights_are_read(void **state)
{
    struct graph *graph = small_graph(0.5f, 3);
    struct activations activations;
    struct writer writer = {0};
    struct buffer file = {0};
    sned_error error = {0};
    MUST(sned_activations_list(&activations, graph, NULL));
    MUST(sned_write_graph_section(&writer, graph, &activations, NULL));
    sned_activations_free(&activations);
    const struct section sections[2] = {{SECTION_GRAPH, writer.buffer.data, writer.buffer.size},
                                        {SECTION_WEIGHTS, (const uint8_t *)"", 1}};
    MUST(sned_container_write(sections, 2, 0, &file, NULL));
    assert_int_equal(open_within(&file, (sned_limits){.memory = CONSTANTS + LARGEST}, &error),
                     SNED_ERROR_FORMAT);
    assert_int_equal(open_within(&file, (sned_limits){.memory = CONSTANTS + LARGEST - 1}, &error),
                     SNED_ERROR_LIMIT);
    assert_int_equal(open_within(&file, (sned_limits){.macs = MACS - 1}, &error), SNED_ERROR_LIMIT);
    assert_int_equal(open_within(&file, (sned_limits){.operations = OPERATIONS - 1}, &error),
                     SNED_ERROR_LIMIT);
    sned_buffer_free(&file);
    sned_writer_free(&writer);
    sned_graph_free(graph);
}

static void a_limit_on_bytes_holds_for_a_path(void **state)
{
    char path[] = "/tmp/sned-limits-XXXXXX";
    struct buffer file = pack_new(lenet_graph, 0.5f, 3); /* longer than what is read first */
    sned_model *model;
    sned_error error = {0};
    const int handle = mkstemp(path);
    assert_true(handle >= 0 && file.size > 4096);
    assert_int_equal(close(handle), 0);
    assert_int_equal(sned_file_write(path, file.data, file.size, NULL), SNED_OK);
    const uint64_t limits[] = {file.size, file.size - 1, 100, UINT64_MAX};
    for (int i = 0; i < 4; i++) {
        const sned_limits limit = {.file_bytes = limits[i]};
        const sned_status wanted = limits[i] < file.size ? SNED_ERROR_LIMIT : SNED_OK;
        assert_int_equal(sned_open_with(&model, path, &limit, &error), wanted);
        assert_true((wanted == SNED_OK) == (model != NULL));
        assert_true(wanted == SNED_OK || strncmp(error.message, path, strlen(path)) == 0);
        sned_close(model);
    }
    unlink(path);
    sned_buffer_free(&file);
}

static void a_limit_of_a_newer_library_is_refused(void **state)
{
    struct buffer file = pack_new(small_graph, 0.5f, 3);
    sned_limits limits = {0};
    limits.reserved[2] = 1;
    assert_int_equal(open_within(&file, limits, NULL), SNED_ERROR_ARGUMENT);
    sned_buffer_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_limit_is_kept_to_the_number),
        cmocka_unit_test(a_limit_of_zero_is_none),
        cmocka_unit_test(claims_are_judged_before_the_weights_are_read),
        cmocka_unit_test(a_limit_on_bytes_holds_for_a_path),
        cmocka_unit_test(a_limit_of_a_newer_library_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
