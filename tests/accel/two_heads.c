/*
 * two_heads.c - writes a packed network of pictures with two outputs, whose heads read the two pieces of a
 * Split: two_heads FILE.sned. For tests/sim.sh.
 */
#include "tests/accel/accel_nodes.h"
#include "tests/common/random_networks.h"

#include "base/file.h"
#include "codec/codec.h"

static struct graph *two_heads(void)
{
    struct random random;
    int pieces[2];
    const struct window half = {{2, 2}, {2, 2}, {1, 1}, {0, 0}, {0, 0}};
    sned_random_seed(&random, 60, 0);
    struct graph *graph =
        new_graph(sned_shape(4, (int64_t)1, (int64_t)1, (int64_t)20, (int64_t)20), unsigned8);
    random_rule(graph, &random);
    const int stem = add_max_pool(graph, add_conv(graph, &random, graph->input, 3, 8), &half);
    add_split(graph, stem, 1, (const int64_t[]){3, 5}, 2, pieces);
    const int map = add_conv(graph, &random, pieces[1], 3, 4);
    add_flatten(graph, add_relu(graph, pieces[0]));
    random_gemm(graph, &random, 10, wide16);
    accel_no_slope(graph);
    accel_extent(graph);
    const int outputs[2] = {graph->outputs[0], map};
    assert_int_equal(sned_graph_set_outputs(graph, outputs, 2, NULL), SNED_OK);
    return graph;
}

int main(int argc, char **argv)
{
    struct graph *graph = two_heads();
    struct buffer file = {0};
    sned_error error = {0};
    sned_status status = argc == 2 ? sned_pack(graph, NULL, &file, NULL, NULL, &error) : SNED_ERROR_ARGUMENT;
    if (status == SNED_OK)
        status = sned_file_write(argv[1], file.data, file.size, &error);
    if (status != SNED_OK)
        fprintf(stderr, "two_heads: %s\n", error.message);
    sned_graph_free(graph);
    sned_buffer_free(&file);
    return status != SNED_OK;
}
