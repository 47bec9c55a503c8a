/*
 * test_onnx_external.c - weights in files beside the model: every type, places, and what is refused.
 */
#include "tests/common/onnx_checks.h"

#include "io/files/sha1.h"

#include <sys/stat.h>

/* A folder of its own for each test: model.onnx goes there, and the files of weights. */
struct folder {
    char path[64];
};

static int make_folder(void **state)
{
    struct folder *folder = malloc(sizeof *folder);
    snprintf(folder->path, sizeof folder->path, "%s/sned-test-external-XXXXXX", P_tmpdir);
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder->path);
    int status = system(command);
    free(folder);
    return status;
}

static const char *in_folder(const struct folder *folder, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return path;
}

static void write_bytes(const struct folder *folder, const char *name, const void *data, size_t size)
{
    FILE *file = fopen(in_folder(folder, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static sned_status read_in_folder(const struct folder *folder, struct builder *model, struct graph **graph,
                                  sned_error *error)
{
    model_finish(model);
    write_bytes(folder, "model.onnx", model->file.data, model->file.size);
    sned_buffer_free(&model->file);
    return onnx_read(graph, in_folder(folder, "model.onnx"), error);
}

/* y = x w, w [2][2] of `type` where `keys` say. */
static sned_status read_weights(const struct folder *folder, int type, const char *keys, struct graph **graph,
                                sned_error *error)
{
    struct builder model = {.opset = 13};
    model_input(&model, "x", "N,2");
    model_external(&model, "w", type, "2,2", keys);
    model_node(&model, "Gemm", "g", "x w", "y", "transB=1");
    model_output(&model, "y");
    return read_in_folder(folder, &model, graph, error);
}

static void expect_weights(const struct folder *folder, int type, const char *keys, const float expected[4])
{
    struct graph *graph;
    sned_error error = {0};
    if (read_weights(folder, type, keys, &graph, &error) != SNED_OK)
        fail_msg("%s", error.message);
    assert_floats(input_of(graph, node_at(graph, 0, OP_GEMM), 1), expected, 4);
    sned_graph_free(graph);
}

static void refuse_weights(const struct folder *folder, const char *keys, sned_status status,
                           const char *part)
{
    struct graph *graph;
    sned_error error = {0};
    assert_int_equal(read_weights(folder, 1, keys, &graph, &error), status);
    assert_null(graph);
    assert_null(strchr(error.message, '\n'));
    if (strstr(error.message, part) == NULL || strstr(error.message, "'w'") == NULL)
        fail_msg("'%s' or the tensor's name is not in '%s'", part, error.message);
}

static const float numbers[6] = {1, -2, 0.5f, 4, 8, 16};

static void floats_come_from_where_the_tensor_says(void **state)
{
    write_bytes(*state, "model.onnx.data", numbers, sizeof numbers);
    expect_weights(*state, 1, "location=model.onnx.data offset=0 length=16", numbers);
    expect_weights(*state, 1, "location=model.onnx.data offset=8 length=16", numbers + 2);
    expect_weights(*state, 1, "location=./model.onnx.data offset=8", numbers + 2);
    expect_weights(*state, 1, "location=model.onnx.data", numbers);
}

static void other_types_are_converted_as_inside_the_model(void **state)
{
    const double doubles[4] = {1, -2, 0.5, 4};
    const uint16_t halves[4] = {0x3c00, 0xc000, 0x3800, 0x4400}; /* IEEE 754 binary16 */
    const uint16_t bfloats[4] = {0x3f80, 0xc000, 0x3f00, 0x4080};
    write_bytes(*state, "d", doubles, sizeof doubles);
    write_bytes(*state, "h", halves, sizeof halves);
    write_bytes(*state, "b", bfloats, sizeof bfloats);
    expect_weights(*state, 11, "location=d length=32", numbers);
    expect_weights(*state, 10, "location=h length=8", numbers);
    expect_weights(*state, 16, "location=b length=8", numbers);
}

/* Shapes, axes and the like may lie there too, of every type that is read. */
static void integers_are_read(void **state)
{
    const int64_t shape[2] = {0, -1};
    struct builder model = {.opset = 13};
    struct graph *graph;
    write_bytes(*state, "w", shape, sizeof shape);
    model_input(&model, "x", "N,3,2,2");
    model_external(&model, "to", 7, "2", "location=w");
    model_node(&model, "Reshape", "r", "x to", "y", "");
    model_output(&model, "y");
    assert_int_equal(read_in_folder(*state, &model, &graph, NULL), SNED_OK);
    assert_output(graph, "1,12");
    sned_graph_free(graph);
}

static void tensors_may_share_a_file_and_its_bytes(void **state)
{
    struct builder model = {.opset = 13};
    struct graph *graph;
    write_bytes(*state, "w", numbers, sizeof numbers);
    model_input(&model, "x", "N,2");
    model_external(&model, "a", 1, "2,2", "location=w offset=0 length=16");
    model_external(&model, "b", 1, "2,2", "location=w offset=8 length=16");
    model_node(&model, "Gemm", "g", "x a", "h", "transB=1");
    model_node(&model, "Gemm", "k", "h b", "y", "transB=1");
    model_output(&model, "y");
    assert_int_equal(read_in_folder(*state, &model, &graph, NULL), SNED_OK);
    assert_floats(input_of(graph, node_at(graph, 0, OP_GEMM), 1), numbers, 4);
    assert_floats(input_of(graph, node_at(graph, 1, OP_GEMM), 1), numbers + 2, 4);
    sned_graph_free(graph);
}

static void folders_and_links_below_the_model_are_followed(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(mkdir(in_folder(folder, "parts"), 0700), 0);
    write_bytes(folder, "parts/w", numbers, sizeof numbers);
    write_bytes(folder, "..w", numbers, sizeof numbers);
    assert_int_equal(symlink("parts/w", in_folder(folder, "link")), 0);
    expect_weights(folder, 1, "location=..w length=16", numbers);
    expect_weights(folder, 1, "location=parts/w length=16", numbers);
    expect_weights(folder, 1, "location=link length=16", numbers);
}

static void a_missing_file_is_named_with_what_to_do(void **state)
{
    refuse_weights(*state, "location=model.onnx.data", SNED_ERROR_IO,
                   "'model.onnx.data', which is not there: put that file beside 'model.onnx'");
}

static void nothing_outside_of_the_folder_is_opened(void **state)
{
    const struct folder *folder = *state;
    char out[] = P_tmpdir "/sned-test-outside-XXXXXX";
    close(mkstemp(out));
    assert_int_equal(truncate(out, 16), 0);
    assert_int_equal(mkdir(in_folder(folder, "parts"), 0700), 0);
    assert_int_equal(symlink(out, in_folder(folder, "link")), 0);
    assert_int_equal(symlink("..", in_folder(folder, "up")), 0);
    refuse_weights(folder, "location=/etc/passwd", SNED_ERROR_UNSUPPORTED,
                   "only files in the model's folder");
    refuse_weights(folder, "location=../w", SNED_ERROR_UNSUPPORTED, "only files in the model's folder");
    refuse_weights(folder, "location=parts/../w", SNED_ERROR_UNSUPPORTED, "only files in the model's folder");
    refuse_weights(folder, "location=parts/..", SNED_ERROR_UNSUPPORTED, "only files in the model's folder");
    refuse_weights(folder, "location=link", SNED_ERROR_UNSUPPORTED, "leads out of the model's folder");
    refuse_weights(folder, "location=up", SNED_ERROR_UNSUPPORTED, "leads out of the model's folder");
    unlink(out);
}

static void what_is_no_file_is_refused(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(mkdir(in_folder(folder, "parts"), 0700), 0);
    assert_int_equal(mkfifo(in_folder(folder, "pipe"), 0600), 0);
    refuse_weights(folder, "location=parts", SNED_ERROR_FORMAT, "no regular file");
    refuse_weights(folder, "location=pipe", SNED_ERROR_FORMAT, "no regular file");
    refuse_weights(folder, "location=.", SNED_ERROR_UNSUPPORTED, "out of the model's folder");
}

static void places_that_do_not_fit_are_refused(void **state)
{
    write_bytes(*state, "w", numbers, sizeof numbers);
    refuse_weights(*state, "location=w offset=12", SNED_ERROR_TRUNCATED,
                   "bytes 12 to 28 of 'w', which has 24");
    refuse_weights(*state, "location=w offset=25", SNED_ERROR_TRUNCATED, "cut short");
    refuse_weights(*state, "location=w offset=999999999999999999", SNED_ERROR_TRUNCATED, "cut short");
    refuse_weights(*state, "location=w offset=18446744073709551615", SNED_ERROR_FORMAT,
                   "not a number of bytes");
    refuse_weights(*state, "location=w offset=-4", SNED_ERROR_FORMAT, "offset '-4' is not a number of bytes");
    refuse_weights(*state, "location=w offset=", SNED_ERROR_FORMAT, "not a number of bytes");
    refuse_weights(*state, "location=w length=12", SNED_ERROR_FORMAT,
                   "ask for 16 bytes, its external data has 12");
    refuse_weights(*state, "location=w length=0", SNED_ERROR_FORMAT,
                   "ask for 16 bytes, its external data has 0");
    refuse_weights(*state, "location=w length=1e1", SNED_ERROR_FORMAT, "not a number of bytes");
    refuse_weights(*state, "location=w location=w", SNED_ERROR_FORMAT, "location comes twice");
    refuse_weights(*state, "location=", SNED_ERROR_FORMAT, "no file is named");
    refuse_weights(*state, "offset=0", SNED_ERROR_FORMAT, "no file is named");
}

/* 4096 tensors that are each the whole of a file of 256 KiB would be a gigabyte. */
static void bytes_are_not_shared_without_end(void **state)
{
    enum { SIDE = 256, COUNT = 4096 };
    struct builder model = {.opset = 13};
    struct graph *graph;
    sned_error error = {0};
    char name[16], from[16], to[16], inputs[40];
    float *zeros = calloc(SIDE * SIDE, sizeof *zeros);
    write_bytes(*state, "w", zeros, SIDE * SIDE * sizeof *zeros);
    free(zeros);
    model_input(&model, "x0", "N,256");
    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "w%d", i);
        snprintf(from, sizeof from, "x%d", i);
        snprintf(to, sizeof to, "x%d", i + 1);
        snprintf(inputs, sizeof inputs, "%s %s", from, name);
        model_external(&model, name, 1, "256,256", "location=w");
        model_node(&model, "Gemm", "", inputs, to, "transB=1");
    }
    model_output(&model, "x4096");
    assert_int_equal(read_in_folder(*state, &model, &graph, &error), SNED_ERROR_UNSUPPORTED);
    assert_non_null(strstr(error.message, "overlap too often"));
}

/* sha1sum's numbers for the 24 bytes of `numbers`, and FIPS 180's for its examples. */
static void a_checksum_is_compared(void **state)
{
    write_bytes(*state, "w", numbers, sizeof numbers);
    expect_weights(*state, 1, "location=w checksum=a2ee00a1c3d405e8718bb9b8cc2a9fe921449892", numbers);
    refuse_weights(*state, "location=w checksum=0000000000000000000000000000000000000000",
                   SNED_ERROR_CHECKSUM, "'w' is damaged or another model's");
    refuse_weights(*state, "location=w checksum=x", SNED_ERROR_CHECKSUM, "the model says 'x'");
}

static void check_sha1(const char *text, size_t times, const char *expected)
{
    struct sha1 sha1;
    char hex[SHA1_HEX + 1];
    sha1_start(&sha1);
    for (size_t i = 0; i < times; i++)
        sha1_add(&sha1, text, strlen(text));
    sha1_finish(&sha1, hex);
    assert_string_equal(hex, expected);
}

static void sha1_gives_the_standards_digests(void **state)
{
    check_sha1("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_sha1("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    check_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
               "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    check_sha1("a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(floats_come_from_where_the_tensor_says),
        IN_FOLDER(other_types_are_converted_as_inside_the_model),
        IN_FOLDER(integers_are_read),
        IN_FOLDER(tensors_may_share_a_file_and_its_bytes),
        IN_FOLDER(folders_and_links_below_the_model_are_followed),
        IN_FOLDER(a_missing_file_is_named_with_what_to_do),
        IN_FOLDER(nothing_outside_of_the_folder_is_opened),
        IN_FOLDER(what_is_no_file_is_refused),
        IN_FOLDER(places_that_do_not_fit_are_refused),
        IN_FOLDER(bytes_are_not_shared_without_end),
        IN_FOLDER(a_checksum_is_compared),
        IN_FOLDER(sha1_gives_the_standards_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
