/*
 * test_commands_of_heads.c - sned train, eval and pack of a network with two outputs, as the command line
 * calls them.
 */
#include "cli/options/command.h"
#include "io/onnx/onnx.h"
#include "tests/train/train_data.h"

#include <fcntl.h>

/* The command with its arguments, NULL at the end; what it says on standard error goes to `said`. */
static sned_status run(const struct command *command, const char **arguments, char said[4096])
{
    char *argv[32] = {"sned", (char *)command->name};
    char path[PATH_MAX];
    int argc = 2;
    sned_error error = {0};
    struct options options;
    for (int i = 0; arguments[i]; i++)
        argv[argc++] = (char *)arguments[i];
    snprintf(path, sizeof path, "%s/said", folder);
    const int before = dup(STDERR_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(before >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    sned_status status = options_parse(&options, command, argc, argv, &error);
    if (status == SNED_OK)
        status = command->run(&options, &error);
    options_free(&options);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    const ssize_t length = pread(file, said, 4095, 0);
    said[length > 0 ? length : 0] = 0;
    close(before);
    close(file);
    unlink(path);
    if (status != SNED_OK)
        snprintf(said, 4096, "%s", error.message);
    return status;
}

static void in_folder(char path[PATH_MAX], const char *name)
{
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

/* The network of two heads, "first" and "second", each of 4 classes, as a file. */
static void write_network(const char *path)
{
    int trunk;
    struct builder b = build_network(&trunk);
    const int first = b.last;
    b.last = trunk;
    build_flatten(&b);
    build_gemm(&b, 8 * SIDE * SIDE / 4, CLASSES);
    const int outputs[] = {first, b.last};
    build_graph(&b);
    must(sned_graph_set_outputs(b.graph, outputs, 2, error));
    for (int i = 0; i < 2; i++) {
        free(b.graph->tensors[outputs[i]].name);
        b.graph->tensors[outputs[i]].name = strdup(i ? "second" : "first");
    }
    must(onnx_write(b.graph, path, error));
    sned_graph_free(b.graph);
}

/* The weights of the Gemm that makes the output of that name. */
static const struct tensor *weights_of(const struct graph *graph, const char *output)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        if (node->op == OP_GEMM && !strcmp(graph->tensors[node->outputs[0]].name, output))
            return &graph->tensors[node->inputs[1]];
    }
    fail_msg("no Gemm makes %s", output);
    return NULL;
}

static bool is_trained(const struct graph *before, const struct graph *after, const char *output)
{
    const struct tensor *from = weights_of(before, output), *to = weights_of(after, output);
    return memcmp(from->data, to->data, sned_shape_elements(&from->shape) * sizeof(float)) != 0;
}

static void the_named_head_is_trained_and_comes_first_in_the_file(void **state)
{
    char net[PATH_MAX], trained[PATH_MAX], said[4096];
    struct graph *before, *after;
    in_folder(net, "net.onnx");
    in_folder(trained, "trained.onnx");
    write_network(net);
    const char *arguments[] = {net,        "--head",       "second", "--data",    folder, "-o",
                               trained,    "--epochs",     "1",      "--rate",    "0.01", "--schedule",
                               "constant", "--checkpoint", "none",   "--threads", "1",    "--json",
                               NULL};
    if (run(&command_train, arguments, said) != SNED_OK)
        fail_msg("%s", said);
    assert_non_null(strstr(said, "the labels are for output 'second', the first of 2"));
    assert_non_null(strstr(said, "output 'second' does not depend on 1 layer, which training leaves alone"));
    must(onnx_read(&before, net, error));
    must(onnx_read(&after, trained, error));
    assert_string_equal(after->tensors[after->outputs[0]].name, "second");
    assert_string_equal(after->tensors[after->outputs[1]].name, "first");
    assert_true(is_trained(before, after, "second"));
    assert_false(is_trained(before, after, "first"));
    sned_graph_free(before);
    sned_graph_free(after);
    unlink(net);
    unlink(trained);
}

static void eval_measures_the_named_head_and_refuses_a_name_that_is_none(void **state)
{
    char net[PATH_MAX], said[4096];
    in_folder(net, "net.onnx");
    write_network(net);
    const char *known[] = {net, "--head", "second", "--data", folder, "--json", NULL};
    const char *unknown[] = {net, "--head", "third", "--data", folder, "--json", NULL};
    if (run(&command_eval, known, said) != SNED_OK)
        fail_msg("%s", said);
    assert_non_null(strstr(said, "the labels are for output 'second', the first of 2"));
    assert_int_equal(run(&command_eval, unknown, said), SNED_ERROR_ARGUMENT);
    assert_non_null(strstr(said, "--head: 'third' is none of its 2 outputs: first, second"));
    unlink(net);
}

static void pack_says_by_which_head_it_judges(void **state)
{
    char net[PATH_MAX], packed[PATH_MAX], said[4096];
    in_folder(net, "net.onnx");
    in_folder(packed, "net.sned");
    write_network(net);
    const char *arguments[] = {net,    "--head",    "second", "--data", folder, "-o",
                               packed, "--threads", "1",      "--json", NULL};
    if (run(&command_pack, arguments, said) != SNED_OK)
        fail_msg("%s", said);
    assert_non_null(
        strstr(said, "that is judged by output 'second' alone, the first of 2: what the others lose"));
    unlink(net);
    unlink(packed);
}

static int make_data(void **state)
{
    make_folder(state);
    write_split(folder, "t10k");
    return 0;
}

static int remove_data(void **state)
{
    char path[PATH_MAX];
    in_folder(path, "t10k-images-idx3-ubyte");
    unlink(path);
    in_folder(path, "t10k-labels-idx1-ubyte");
    unlink(path);
    return remove_folder(state);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_named_head_is_trained_and_comes_first_in_the_file),
        cmocka_unit_test(eval_measures_the_named_head_and_refuses_a_name_that_is_none),
        cmocka_unit_test(pack_says_by_which_head_it_judges),
    };
    return cmocka_run_group_tests(tests, make_data, remove_data);
}
