/*
 * test_hostile_graphs.c - integer graphs that nobody made on purpose: mutated at random, and run where they
 * pass the check.
 */
#include "tests/common/random_graphs.h"

#include "graph/operator.h"
#include "runtime/runtime.h"

enum { MUTATIONS = 4000, MOST_MEMORY = 1 << 22 };

static void mutate_window(struct window *window, struct random *random)
{
    int *const fields[] = {window->kernel, window->stride, window->dilation, window->pad_begin,
                           window->pad_end};
    static const int extremes[] = {-1, 0, 1, 2, 3, 7, 33, 32768, INT32_MAX};
    fields[random_range(random, 0, 4)][random_range(random, 0, 1)] = extremes[random_range(random, 0, 8)];
}

static void mutate_rule(struct node *node, struct random *random)
{
    struct integer_rule *rule = &node->rules[0];
    struct scaling *scaling =
        rule->scaling_count ? &rule->scalings[random_range(random, 0, rule->scaling_count - 1)] : NULL;
    switch (random_range(random, 0, 4)) {
    case 0:
        rule->low = random_range(random, -40000, 40000);
        break;
    case 1:
        rule->slope = (uint16_t)sned_random_next(random);
        break;
    case 2:
        if (scaling)
            *scaling =
                (struct scaling){(uint16_t)sned_random_next(random), (uint8_t)random_range(random, 0, 64)};
        break;
    case 3:
        if (rule->counts)
            rule->counts[random_range(random, 0, rule->scaling_count - 1)] =
                random_range(random, -1, 1 << 24);
        break;
    default:
        rule->scaling_count -= rule->scaling_count > 0;
    }
}

static void mutate(struct graph *graph, struct random *random)
{
    struct node *node = &graph->nodes[random_range(random, 0, graph->node_count - 1)];
    struct tensor *tensor = &graph->tensors[random_range(random, 0, graph->tensor_count - 1)];
    switch (random_range(random, 0, 5)) {
    case 0:
        if (sned_op_is(node->op, OPERATOR_WINDOW))
            mutate_window(node->op == OP_CONV ? &node->u.conv.window : &node->u.pool.window, random);
        break;
    case 1:
        mutate_rule(node, random);
        break;
    case 2:
        if (!tensor->data) /* of a constant, the reader has allocated what the shape says */
            tensor->shape.dim[random_range(random, 0, tensor->shape.rank - 1)] = random_range(random, 0, 40);
        break;
    case 3:
        tensor->quantization = random_type(random, true);
        break;
    case 4:
        node->inputs[random_range(random, 0, node->input_count - 1)] =
            random_range(random, -2, graph->tensor_count);
        break;
    default:
        node->op = (enum op)random_range(random, 0, OP_COUNT);
        if (node->op == OP_SPLIT) /* owns its sizes: no pointer is made of another operator's numbers */
            node->u.split.sizes = NULL;
    }
}

/* Whatever the check lets through runs without a step out of its memory and without an undefined operation:
 * for the sanitizers to see. */
static void what_passes_the_check_runs(void **state)
{
    struct random random;
    int ran = 0;
    float scores[4096];
    static float values[1 << 16];
    sned_random_seed(&random, 77, 0);
    for (int i = 0; i < MUTATIONS; i++) {
        struct graph *graph = branching_network((uint64_t)i % 5);
        sned_model *model;
        for (int m = random_range(&random, 1, 3); m > 0; m--)
            mutate(graph, &random);
        if (random_range(&random, 0, 1)) /* else the stored shapes are wrong, most of the time */
            sned_graph_infer(graph, NULL);
        if (sned_model_from_graph(&model, graph, NULL) != SNED_OK)
            continue;
        const sned_model_info *info = sned_model_get_info(model);
        sned_context *context;
        if (sned_memory_needed(model) <= MOST_MEMORY && info->classes <= 4096 &&
            (int64_t)info->channels * info->height * info->width <= 1 << 16) {
            assert_int_equal(sned_context_new(&context, model, NULL), SNED_OK);
            assert_int_equal(sned_run_values(context, values, 1, scores, NULL), SNED_OK);
            sned_context_free(context);
            ran++;
        }
        sned_close(model);
    }
    assert_true(ran > MUTATIONS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes_the_check_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
