/*
 * recipe.c - the recipe that works without a file, what its rules say of a layer, and all of it as bytes.
 */
#include "compress/compress.h"
#include "graph/operator.h"

#include <stdlib.h>
#include <string.h>

void recipe_defaults(struct recipe *recipe, enum method method)
{
    *recipe = (struct recipe){
        .method = method,
        .order = ORDER_REVERSED,
        .peak = true,
        .max_drop = method == METHOD_PAPER ? 0.1 : 0.5,
        .holdout = COMPRESS_HELD_SHARE,
        .holdout_images = COMPRESS_HELD_IMAGES,
        .target_cuts = 6,
        .saliency = "magnitude",
        .structure = {STRUCTURE_UNSTRUCTURED, 1, 1},
        .train = {.optimizer = OPTIMIZER_ADAM, .step_rate = -1, .start = 3e-8, .shift = -1},
        .settle = {.epochs = 2, .passes = 4},
        .retrain = {.epochs = 1,
                    .batch = 64,
                    .rate = 0.05f,
                    .momentum = 0.9f,
                    .decay = 0.0005f,
                    .schedule = SCHEDULE_COSINE,
                    .step_epochs = 1,
                    .step_factor = 0.1f,
                    .augmentation = {.shift = 1}},
        .distill = {.weight = method == METHOD_RATE ? -1 : 0,
                    .temperature = 2,
                    .mix = method == METHOD_RATE ? -1 : 0},
        .search = {.step = 0.5, .finest = 0.8, .first = 0.1, .saving = 0.01, .rounds = 2},
        .finish = {.epochs = 8, .rate = 0.05f},
        .quantize = {.images = 500, .epochs = 2, .rate = 0.002f},
    };
}

void recipe_free(struct recipe *recipe)
{
    if (!recipe)
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

static bool rule_matches(const struct recipe_rule *rule, const struct node *node)
{
    if (!sned_node_has_weights(node))
        return false;
    if (rule->layer[0] != 0)
        return strcmp(rule->layer, node->name) == 0;
    return rule->kind[0] ==
           (sned_op_is(node->op, OPERATOR_WINDOW) ? 'c' : 'f'); /* "conv" or "fc": the reader saw to it */
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
    if (rule->structure.kind != STRUCTURE_NOT_SAID)
        into->structure = rule->structure;
}

/* What holds where no rule says it. */
static struct structure usual_structure(const struct recipe *recipe, const struct node *node)
{
    struct structure usual = recipe->structure;
    if (usual.kind == STRUCTURE_UNSTRUCTURED && recipe->conv_pairs && sned_op_is(node->op, OPERATOR_WINDOW))
        structure_parse(&usual, "pairs");
    return usual;
}

struct recipe_rule recipe_rule_for(const struct recipe *recipe, const struct node *node)
{
    struct recipe_rule result = {.skip = 0, .bits = 8, .structure = usual_structure(recipe, node)};
    for (int named = 0; named < 2; named++)
        for (int i = 0; i < recipe->rule_count; i++) {
            const struct recipe_rule *rule = &recipe->rules[i];
            if ((rule->layer[0] != 0) == (named == 1) && rule_matches(rule, node))
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
        if (rule->layer[0] == 0)
            return sned_fail(error, SNED_ERROR_FORMAT,
                             "%s: layers[%d].kind: the network has no layer of kind '%s'", path, i + 1,
                             rule->kind);
        return sned_fail(
            error, SNED_ERROR_FORMAT,
            "%s: layers[%d].layer: the network has no Conv or Gemm named '%s' (sned inspect lists them)",
            path, i + 1, rule->layer);
    }
    return SNED_OK;
}

static void write_text(struct writer *writer, const char *text)
{
    sned_write_bytes(writer, text, strlen(text) + 1);
}

static void write_structure(const struct structure *structure, struct writer *writer)
{
    sned_write_u32(writer, (uint32_t)structure->kind);
    sned_write_u32(writer, (uint32_t)structure->filters);
    sned_write_u32(writer, (uint32_t)structure->channels);
}

static void write_train(const struct recipe_train *train, struct writer *writer)
{
    sned_write_f64(writer, train->epochs);
    sned_write_u32(writer, (uint32_t)train->batch);
    sned_write_u32(writer, (uint32_t)train->optimizer);
    sned_write_f32(writer, train->rate);
    sned_write_f32(writer, train->step_rate);
    sned_write_f64(writer, train->start);
    sned_write_f64(writer, train->lambda);
    sned_write_u32(writer, (uint32_t)train->shift);
    sned_write_u32(writer, (uint32_t)train->flip);
}

static void write_retrain(const struct recipe_retrain *retrain, struct writer *writer)
{
    sned_write_f64(writer, retrain->epochs);
    sned_write_u32(writer, (uint32_t)retrain->batch);
    sned_write_f32(writer, retrain->rate);
    sned_write_f32(writer, retrain->momentum);
    sned_write_f32(writer, retrain->decay);
    sned_write_u32(writer, (uint32_t)retrain->schedule);
    sned_write_u32(writer, (uint32_t)retrain->step_epochs);
    sned_write_f32(writer, retrain->step_factor);
    sned_write_u32(writer, (uint32_t)retrain->augmentation.shift);
    sned_write_u8(writer, retrain->augmentation.flip);
}

static void write_rule(const struct recipe_rule *rule, struct writer *writer)
{
    write_text(writer, rule->layer);
    write_text(writer, rule->kind);
    sned_write_f64(writer, rule->density);
    sned_write_f64(writer, rule->min_density);
    sned_write_u32(writer, (uint32_t)rule->skip);
    sned_write_u32(writer, (uint32_t)rule->bits);
    write_structure(&rule->structure, writer);
}

void recipe_write(const struct recipe *recipe, struct writer *writer)
{
    sned_write_u32(writer, (uint32_t)recipe->method);
    sned_write_u32(writer, (uint32_t)recipe->order);
    sned_write_u8(writer, recipe->peak);
    sned_write_f64(writer, recipe->max_drop);
    sned_write_f64(writer, recipe->holdout);
    sned_write_u32(writer, (uint32_t)recipe->holdout_images);
    sned_write_f64(writer, recipe->target_kept);
    sned_write_u32(writer, (uint32_t)recipe->target_cuts);
    write_text(writer, recipe->saliency);
    sned_write_f64(writer, recipe->regrow);
    write_structure(&recipe->structure, writer);
    sned_write_u8(writer, recipe->conv_pairs);
    sned_write_f64(writer, recipe->settle.epochs);
    sned_write_u32(writer, (uint32_t)recipe->settle.passes);
    write_train(&recipe->train, writer);
    write_retrain(&recipe->retrain, writer);
    sned_write_f64(writer, recipe->distill.weight);
    sned_write_f64(writer, recipe->distill.temperature);
    sned_write_f64(writer, recipe->distill.mix);
    sned_write_f64(writer, recipe->search.step);
    sned_write_f64(writer, recipe->search.finest);
    sned_write_f64(writer, recipe->search.first);
    sned_write_f64(writer, recipe->search.saving);
    sned_write_u32(writer, (uint32_t)recipe->search.rounds);
    sned_write_f64(writer, recipe->finish.epochs);
    sned_write_f32(writer, recipe->finish.rate);
    sned_write_u32(writer, (uint32_t)recipe->quantize.images);
    sned_write_f64(writer, recipe->quantize.epochs);
    sned_write_f32(writer, recipe->quantize.rate);
    for (int i = 0; i < recipe->rule_count; i++)
        write_rule(&recipe->rules[i], writer);
}
