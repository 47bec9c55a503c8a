/*
 * random_layers.c - thousands of random layers in every form and on every instruction set that this machine
 * has, against plain loops (last_step.h).
 *
 *     random_layers conv FIRST COUNT    convolutions FIRST to FIRST + COUNT - 1
 *     random_layers rows FIRST COUNT    fully connected layers
 *
 * A trial is drawn from its number and nothing else. One that fails says its number and what layer it is, and
 * with a COUNT of 1 it comes again, on any machine. Most layers are small, tens to hundreds of outputs, so
 * that there are many of them; some are wide enough for several tiles, vectors and blocks of rows.
 */
#include "tests/runtime/last_step.h"

#include <inttypes.h>

enum { CONVS = 1, ROWS = 2 /* streams of random numbers */ };

/* ---- weights ---- */

/* What all weights of a layer have in common. */
struct weight_draw {
    float density;
    int most;        /* of their absolutes */
    bool is_extreme; /* each is that, more or less */
    int sign;        /* of all; 0: of either */
};

/* Sums of 16-bit activations must fit 32 bits, whatever these are (docs/arithmetic.md). */
static int most_of(const struct value *input, size_t taps)
{
    const int64_t most = ((int64_t)INT32_MAX - 100000) / 32768 / (int64_t)taps;
    return input->type != VALUE_S16 || most > 127 ? 127 : (int)most;
}

static struct weight_draw draw_kind(struct random *random, int most)
{
    struct weight_draw draw = {.density = sned_random_uniform(random), .most = most};
    switch (random_range(random, 0, 5)) {
    case 0:
        draw.density = 1;
        break;
    case 1:
        draw.density = random_range(random, 0, 3) ? draw.density * 0.1f : 0;
        break;
    }
    draw.is_extreme = random_range(random, 0, 3) == 0;
    draw.sign = random_range(random, 0, 5) ? 0 : random_range(random, 0, 1) ? 1 : -1;
    return draw;
}

static int8_t draw_weight(const struct weight_draw *draw, struct random *random)
{
    if (sned_random_uniform(random) >= draw->density)
        return 0;
    const int size = draw->is_extreme ? draw->most : random_range(random, 0, draw->most);
    const int sign = draw->sign ? draw->sign : random_range(random, 0, 1) ? 1 : -1;
    return (int8_t)(sign * size);
}

/* The last node's weights anew, all of a kind or the first ones of another, and now and then a bias that
 * leaves sums little room. */
static void draw_weights(struct graph *graph, struct random *random)
{
    const struct node *node = &graph->nodes[graph->node_count - 1];
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const size_t count = sned_shape_elements(&weights->shape), filters = (size_t)weights->shape.dim[0];
    const struct value input = sned_value(graph, node->inputs[0]);
    const int most = most_of(&input, count / filters);
    const struct weight_draw draws[2] = {draw_kind(random, most), draw_kind(random, most)};
    const size_t border = random_range(random, 0, 3) ? 0 : (size_t)random_range(random, 0, (int)count);
    for (size_t i = 0; i < count; i++)
        ((int8_t *)weights->data)[i] = draw_weight(&draws[i < border], random);
    if (random_range(random, 0, 2) == 0)
        clear_blocks(graph, random);
    const int bias = node_bias(node, 0);
    for (size_t k = 0; bias >= 0 && input.type != VALUE_S16 && k < filters; k++)
        if (random_range(random, 0, 15) == 0)
            ((int32_t *)graph->tensors[bias].data)[k] = random_range(random, 0, 1) ? 1 << 30 : -(1 << 30);
}

/* Now and then any scaling that there is. */
static void draw_scalings(struct graph *graph, struct random *random)
{
    struct integer_rule *rule = &graph->nodes[graph->node_count - 1].rules[0];
    for (int k = 0; k < rule->scaling_count; k++)
        if (random_range(random, 0, 15) == 0)
            rule->scalings[k] = (struct scaling){
                .multiplier =
                    (uint16_t)(random_range(random, 0, 7) ? random_range(random, 1 << 15, 65535) : 0),
                .shift = (uint8_t)random_range(random, 1, 62)};
}

/* An activation of that shape and of any type, which the last node of the graph will read. */
static struct graph *graph_of(struct shape shape, struct random *random)
{
    const struct quantization type = random_type(random, true);
    struct graph *graph = new_graph(shape, type.bits == 16 ? unsigned8 : type);
    if (type.bits == 16) { /* which an input may not have: it is made */
        const int inputs[2] = {graph->input, graph->input};
        struct node *node = add_node(graph, OP_MUL, inputs, 2, type);
        set_scalings(node, 1);
        node->rules[0].scalings[0] = (struct scaling){40000, 16};
    }
    return graph;
}

/* ---- convolutions ---- */

struct conv_draw {
    struct window window;
    int groups, channels, filters; /* of a group, the last two */
    int outputs[2], inputs[2];     /* height and width */
};

static int draw_kernel(struct random *random)
{
    switch (random_range(random, 0, 7)) {
    case 0:
    case 1:
        return 1;
    case 2:
    case 3:
        return 3;
    case 4:
        return random_range(random, 6, 11);
    default:
        return random_range(random, 2, 5);
    }
}

/* An axis with about as many outputs as are wanted; padding may hold whole windows. */
static void draw_axis(struct conv_draw *draw, int axis, struct random *random)
{
    struct window *window = &draw->window;
    window->stride[axis] = random_range(random, 0, 1) ? 1 : random_range(random, 1, 4);
    window->dilation[axis] = random_range(random, 0, 3) ? 1 : random_range(random, 1, 3);
    const int reach = (window->kernel[axis] - 1) * window->dilation[axis] + 1;
    if (random_range(random, 0, 3)) {
        window->pad_begin[axis] = random_range(random, 0, random_range(random, 0, 3) ? reach / 2 : reach + 1);
        window->pad_end[axis] = random_range(random, 0, random_range(random, 0, 3) ? reach / 2 : reach + 1);
    }
    const int input = (draw->outputs[axis] - 1) * window->stride[axis] + reach - window->pad_begin[axis] -
                      window->pad_end[axis] + random_range(random, 0, window->stride[axis] - 1);
    draw->inputs[axis] = input < 1 ? 1 : input;
}

/* The largest of four numbers is halved until the layer has no more products than that. */
static void limit_work(struct conv_draw *draw, int64_t most)
{
    const int64_t taps = draw->groups * draw->window.kernel[0] * draw->window.kernel[1];
    int *const sides[] = {&draw->channels, &draw->filters, &draw->outputs[0], &draw->outputs[1]};
    for (;;) {
        int64_t products = taps;
        int *largest = sides[0];
        for (int i = 0; i < 4; i++) {
            products *= *sides[i];
            largest = *sides[i] > *largest ? sides[i] : largest;
        }
        if (products <= most || *largest == 1)
            return;
        *largest = (*largest + 1) / 2;
    }
}

static struct conv_draw draw_conv(struct random *random)
{
    const bool is_wide = random_range(random, 0, 49) == 0;
    struct conv_draw draw = {.groups = 1,
                             .channels = random_range(random, 1, 20),
                             .filters = random_range(random, 1, 20),
                             .outputs = {random_range(random, 1, 20), random_range(random, 1, 24)}};
    draw.window.kernel[0] = draw.window.kernel[1] = draw_kernel(random);
    if (random_range(random, 0, 3) == 0)
        draw.window.kernel[1] = draw_kernel(random);
    if (is_wide)
        draw.outputs[1] = random_range(random, 60, 1200);
    const int grouped = random_range(random, 0, 7);
    if (grouped < 2) /* depthwise */
        draw.groups = draw.channels, draw.channels = 1, draw.filters = random_range(random, 0, 3) ? 1 : 2;
    else if (grouped < 4)
        draw.groups = random_range(random, 2, 4);
    limit_work(&draw, is_wide ? 150000 : random_range(random, 0, 7) ? 10000 : 40000);
    for (int axis = 0; axis < 2; axis++)
        draw_axis(&draw, axis, random);
    return draw;
}

static struct graph *draw_conv_graph(struct random *random)
{
    const struct conv_draw draw = draw_conv(random);
    struct graph *graph = graph_of(sned_shape(4, (int64_t)1, (int64_t)draw.groups * draw.channels,
                                              (int64_t)draw.inputs[0], (int64_t)draw.inputs[1]),
                                   random);
    random_conv(graph, random, &draw.window, draw.groups, (int64_t)draw.groups * draw.filters,
                random_type(random, true));
    return graph;
}

/* ---- fully connected layers ---- */

/* Around the chunks and groups that rows come in, and now and then of several blocks (src/codec/packed.c). */
static struct graph *draw_rows_graph(struct random *random)
{
    int64_t rows = random_range(random, 1, 14), columns = random_range(random, 1, 300);
    switch (random_range(random, 0, 7)) {
    case 0:
        columns = 64 * random_range(random, 1, 6) + random_range(random, -1, 1);
        break;
    case 1:
        columns = random_range(random, 1, 20);
        rows = random_range(random, 1, 70);
        break;
    case 2:
        if (random_range(random, 0, 19) == 0) {
            columns = random_range(random, 2000, 9000);
            rows = (1 << 16) / columns + random_range(random, 1, 12);
        }
        break;
    }
    struct graph *graph = graph_of(sned_shape(2, (int64_t)1, columns), random);
    random_gemm(graph, random, rows, random_type(random, true));
    return graph;
}

/* ---- trials ---- */

/* What its last node is, in words. */
static void describe(const struct graph *graph, char *text, size_t size)
{
    static const char *const types[MICRO_TYPES] = {[VALUE_U8] = "u8", [VALUE_S8] = "s8", [VALUE_S16] = "s16"};
    const struct node *node = &graph->nodes[graph->node_count - 1];
    const struct value in = sned_value(graph, node->inputs[0]), out = sned_value(graph, node->outputs[0]);
    const struct tensor *weights = &graph->tensors[node_weights(node, 0)];
    const struct window *window = &node->u.conv.window;
    const int length = snprintf(
        text, size, "%s to %s, %d x %d x %d by %" PRId64 " filters, %.0f %% of weights; ", types[in.type],
        types[out.type], in.extent.channels, in.extent.height, in.extent.width, weights->shape.dim[0],
        100.0 * (double)sned_tensor_kept(weights) / (double)sned_shape_elements(&weights->shape));
    if (node->op == OP_CONV)
        snprintf(text + length, size - (size_t)length,
                 "kernel %d x %d, stride %d x %d, dilation %d x %d, padding %d %d, %d %d, %d groups; ",
                 window->kernel[0], window->kernel[1], window->stride[0], window->stride[1],
                 window->dilation[0], window->dilation[1], window->pad_begin[0], window->pad_begin[1],
                 window->pad_end[0], window->pad_end[1], node->u.conv.groups);
}

struct task {
    const char *kind;
    uint64_t first, count;
    const char *const *forms; /* that have to be met where trials are many; NULL ends them */
};

static void every_form_of_every_column_gives_what_plain_loops_give(void **state)
{
    enum { MANY = 1000 };
    const struct task *task = *state;
    const bool is_conv = strcmp(task->kind, "conv") == 0;
    struct step_trials trials = {0};
    for (uint64_t i = task->first; i < task->first + task->count; i++) {
        struct random random;
        sned_random_seed(&random, i, is_conv ? CONVS : ROWS);
        struct graph *graph = is_conv ? draw_conv_graph(&random) : draw_rows_graph(&random);
        draw_weights(graph, &random);
        draw_scalings(graph, &random);
        const int length = snprintf(trials.name, sizeof trials.name, "%s %" PRIu64 ": ", task->kind, i);
        describe(graph, trials.name + length, sizeof trials.name - (size_t)length);
        assert_true(check_last_step(graph, &random, &trials));
    }
    for (const char *const *form = task->forms; *form; form++) {
        const int times = *times_of(&trials, *form);
        print_message("%s %s: %d runs\n", task->kind, *form, times);
        assert_true(times > 0 || task->count < MANY);
    }
}

int main(int argc, char **argv)
{
    static const char *const forms[2][6] = {{"taps", "dense", "dense phases", "sparse", "sliding"},
                                            {"wide", "dense", "masked", "listed", "mixed"}};
    struct task task = {.kind = argc == 4 ? argv[1] : ""};
    const bool is_rows = strcmp(task.kind, "rows") == 0;
    if (!is_rows && strcmp(task.kind, "conv") != 0) {
        fprintf(stderr, "random_layers conv|rows FIRST COUNT\n");
        return 2;
    }
    task.first = strtoull(argv[2], NULL, 10);
    task.count = strtoull(argv[3], NULL, 10);
    task.forms = forms[is_rows];
    const struct CMUnitTest tests[] = {{"every_form_of_every_column_gives_what_plain_loops_give",
                                        every_form_of_every_column_gives_what_plain_loops_give, NULL, NULL,
                                        &task}};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
