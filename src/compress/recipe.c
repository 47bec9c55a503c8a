/*
 * recipe.c - the recipe that works without a file, and what its rules say of a layer.
 */
#include "compress/recipe.h"

#include <stdlib.h>
#include <string.h>

struct recipe recipe_defaults(void)
{
    struct recipe recipe = {
        .order = ORDER_REVERSED,
        .peak = true,
        .max_drop = 0.1,
        .holdout = 0.1,
        .holdout_images = 5000,
        .target_cuts = 6,
        .saliency = "magnitude",
        .structure = STRUCTURE_UNSTRUCTURED,
        .retrain = {.epochs = 2,
                    .batch = 64,
                    .rate = 0.02f,
                    .momentum = 0.9f,
                    .decay = 0.0005f,
                    .schedule = SCHEDULE_COSINE,
                    .step_epochs = 1,
                    .step_factor = 0.1f},
        .search = {.step = 0.5, .finest = 0.8, .first = 0.1, .rounds = 2},
        .finish = {.epochs = 16, .rate = 0.02f},
        .quantize = {.images = 500, .epochs = 2, .rate = 0.001f},
    };
    return recipe;
}

void recipe_free(struct recipe *recipe)
{
    if (recipe == NULL)
        return;
    free(recipe->rules);
    free(recipe->path);
    recipe->rules = NULL;
    recipe->path = NULL;
    recipe->rule_count = 0;
}

const char *recipe_order_name(enum order order)
{
    switch (order) {
    case ORDER_REVERSED:
        return "reversed";
    case ORDER_FORWARD:
        return "forward";
    case ORDER_JOINT:
        return "joint";
    }
    return "unknown";
}

static const char *kind_of(const struct node *node)
{
    return node->op == OP_CONV ? "conv" : "fc";
}

static bool rule_matches(const struct recipe_rule *rule, const struct node *node)
{
    if (!sned_node_has_weights(node))
        return false;
    if (rule->layer[0] != '\0')
        return strcmp(rule->layer, node->name) == 0;
    return strcmp(rule->kind, kind_of(node)) == 0;
}

static void apply_rule(struct recipe_rule *into, const struct recipe_rule *rule)
{
    if (rule->density > 0)
        into->density = rule->density;
    if (rule->min_density > 0)
        into->min_density = rule->min_density;
    if (rule->skip >= 0)
        into->skip = rule->skip;
    if (rule->bits > 0)
        into->bits = rule->bits;
}

struct recipe_rule recipe_rule_for(const struct recipe *recipe, const struct node *node)
{
    struct recipe_rule result = {.skip = 0, .bits = 8};

    for (int named = 0; named < 2; named++)
        for (int i = 0; i < recipe->rule_count; i++) {
            const struct recipe_rule *rule = &recipe->rules[i];
            if ((rule->layer[0] != '\0') == (named == 1) && rule_matches(rule, node))
                apply_rule(&result, rule);
        }
    return result;
}

sned_status recipe_check(const struct recipe *recipe, const struct graph *graph, sned_error *error)
{
    const char *path = recipe->path ? recipe->path : "recipe";

    for (int i = 0; i < recipe->rule_count; i++) {
        const struct recipe_rule *rule = &recipe->rules[i];
        bool matched = false;

        for (int n = 0; n < graph->node_count && !matched; n++)
            matched = rule_matches(rule, &graph->nodes[n]);
        if (matched)
            continue;
        if (rule->layer[0] == '\0')
            return sned_fail(error, SNED_ERROR_ARGUMENT,
                             "%s: layers[%d].kind: the network has no layer of kind '%s'", path, i + 1,
                             rule->kind);
        return sned_fail(
            error, SNED_ERROR_ARGUMENT,
            "%s: layers[%d].layer: the network has no Conv or Gemm named '%s' (sned inspect lists them)",
            path, i + 1, rule->layer);
    }
    return SNED_OK;
}
