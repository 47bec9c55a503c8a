/*
 * random_layers.c - thousands of random layers in every form and on every instruction set that this machine
 * has, against plain loops (last_step.h).
 *
 *     random_layers KIND FIRST COUNT    layers FIRST to FIRST + COUNT - 1 of a kind: conv; rows, which are
 *                                       fully connected; pools; numbers: Add, Mul, activations, LRN
 *
 * A layer is drawn (drawn_layers.h) from its number and nothing else. One that fails says its number and what
 * it is, and with a COUNT of 1 it comes again, on any machine.
 */
#include "tests/runtime/drawn_layers.h"
#include "tests/runtime/last_step.h"
#include "graph/operator.h"

#include <inttypes.h>

struct kind {
    const char *name;
    struct graph *(*draw)(struct random *random);
    const char *forms[13]; /* that are met where there are many layers */
};

static const struct kind kinds[] = {
    {"conv",
     draw_conv_layer,
     {"taps", "dense", "dense phases", "filter lanes", "sparse", "shared", "sliding", "depthwise",
      "from quads", "to quads", "in blocks", "even lists"}},
    {"rows", draw_rows_layer, {"wide", "dense", "masked", "spans", "listed", "mixed"}},
    {"pools", draw_pool_layer, {NULL}},
    {"numbers", draw_number_layer, {NULL}},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Some of a kind. */
struct stretch {
    int kind;
    uint64_t first, count;
};

/* What its last node is, in words. */
static void describe(const struct graph *graph, char *text, size_t size)
{
    static const char *const types[MICRO_TYPES] = {[VALUE_U8] = "u8", [VALUE_S8] = "s8", [VALUE_S16] = "s16"};
    const struct node *node = &graph->nodes[graph->node_count - 1];
    const struct value in = sned_value(graph, node->inputs[0]), out = sned_value(graph, node->outputs[0]);
    const struct window *window = node->op == OP_CONV ? &node->u.conv.window : &node->u.pool.window;
    int length =
        snprintf(text, size, "%s of %s to %s, %d x %d x %d; ", sned_operator(node->op)->name, types[in.type],
                 types[out.type], in.extent.channels, in.extent.height, in.extent.width);
    if (sned_node_weight_count(node) > 0) {
        const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
        const double count = (double)sned_shape_elements(&weights->shape);
        length += snprintf(text + length, size - (size_t)length, "%" PRId64 " filters, %.0f %% of weights; ",
                           weights->shape.dim[0], 100 * (double)sned_tensor_kept(weights) / count);
    }
    if (sned_op_is(node->op, OPERATOR_WINDOW))
        length += snprintf(text + length, size - (size_t)length,
                           "kernel %d x %d, stride %d x %d, dilation %d x %d, padding %d %d, %d %d; ",
                           window->kernel[0], window->kernel[1], window->stride[0], window->stride[1],
                           window->dilation[0], window->dilation[1], window->pad_begin[0],
                           window->pad_begin[1], window->pad_end[0], window->pad_end[1]);
    if (node->op == OP_CONV)
        snprintf(text + length, size - (size_t)length, "%d groups; ", node->u.conv.groups);
}

/* The first one of its random numbers whose window fits: of pools not all do. */
static struct graph *draw_layer(const struct stretch *stretch, uint64_t number, struct random *random)
{
    sned_random_seed(random, number, (uint64_t)stretch->kind + 1);
    for (;;) {
        struct graph *graph = kinds[stretch->kind].draw(random);
        if (sned_graph_infer(graph, NULL) == SNED_OK)
            return graph;
        sned_graph_free(graph);
    }
}

static void every_form_of_every_column_gives_what_plain_loops_give(void **state)
{
    enum { MANY = 1000 };
    const struct stretch *stretch = *state;
    const struct kind *kind = &kinds[stretch->kind];
    struct step_trials trials = {0};
    for (uint64_t i = stretch->first; i < stretch->first + stretch->count; i++) {
        struct random random;
        struct graph *graph = draw_layer(stretch, i, &random);
        const int length = snprintf(trials.name, sizeof trials.name, "%s %" PRIu64 ": ", kind->name, i);
        describe(graph, trials.name + length, sizeof trials.name - (size_t)length);
        assert_true(check_last_step(graph, &random, &trials));
    }
    for (const char *const *form = kind->forms; *form; form++) {
        const int times = *times_of(&trials, *form);
        print_message("%s %s: %d runs\n", kind->name, *form, times);
        assert_true(times > 0 || stretch->count < MANY);
    }
}

int main(int argc, char **argv)
{
    struct stretch stretch = {.kind = KINDS};
    for (int k = 0; argc == 4 && k < KINDS; k++)
        stretch.kind = strcmp(argv[1], kinds[k].name) == 0 ? k : stretch.kind;
    if (stretch.kind == KINDS) {
        fprintf(stderr, "random_layers conv|rows|pools|numbers FIRST COUNT\n");
        return 2;
    }
    stretch.first = strtoull(argv[2], NULL, 10);
    stretch.count = strtoull(argv[3], NULL, 10);
    const struct CMUnitTest tests[] = {{"every_form_of_every_column_gives_what_plain_loops_give",
                                        every_form_of_every_column_gives_what_plain_loops_give, NULL, NULL,
                                        &stretch}};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
