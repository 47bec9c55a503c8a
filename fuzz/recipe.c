/*
 * recipe.c - target: a recipe's YAML, and what its rules say of a network's layers.
 */
#include "target.h"

#include "compress/compress.h"

#include <math.h>

/* Two layers, of the names that the seeds use. */
static const struct graph *two_layers(void)
{
    static char conv[] = "conv1", fc[] = "fc1";
    static struct node nodes[] = {{.name = conv, .op = OP_CONV}, {.name = fc, .op = OP_GEMM}};
    static const struct graph graph = {.nodes = nodes, .node_count = 2};

    return &graph;
}

/* docs/recipe.md's ranges, those that a bad value would hurt most. */
static void require_ranges(const struct recipe *recipe)
{
    fuzz_require(recipe->holdout >= 0.001 && recipe->holdout <= 0.5, "holdout is in its range");
    fuzz_require(recipe->retrain.batch >= 1 && recipe->retrain.batch <= 65536, "batch is in its range");
    fuzz_require(recipe->search.step > 0 && recipe->search.step < 1, "step is in its range");
    fuzz_require(isfinite(recipe->retrain.rate) && recipe->retrain.rate > 0, "rate is in its range");
    fuzz_require(recipe->rule_count >= 0 && recipe->rule_count <= RECIPE_MAX_RULES, "rules are counted");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct graph *graph = two_layers();
    struct recipe recipe;
    sned_error error = {0};
    struct writer key = {0};

    sned_status status = recipe_read(&recipe, fuzz_file(0, data, size), &error);
    fuzz_require_outcome(status, status == SNED_OK ? &recipe : NULL, &error);
    if (status != SNED_OK)
        return 0;
    require_ranges(&recipe);
    status = recipe_check(&recipe, graph, &error);
    fuzz_require_outcome(status, status == SNED_OK ? graph : NULL, &error);
    for (int i = 0; i < graph->node_count; i++) {
        struct recipe_rule rule = recipe_rule_for(&recipe, &graph->nodes[i]);
        fuzz_require(rule.bits == 8 && rule.density >= 0 && rule.density <= 1, "a rule is in its range");
    }
    recipe_write(&recipe, &key);
    sned_writer_free(&key);
    recipe_free(&recipe);
    return 0;
}
