/*
 * recipe_keys.c - see recipe_keys.h; docs/recipe.md tells what each is for.
 */
#include "compress/recipe_keys.h"

#include <assert.h>
#include <stddef.h>

const char *const recipe_method_names[] = {"rate", "paper", NULL};
static const char *const flip_names[] = {"auto", "no", "yes", NULL};
static const char *const optimizer_names[] = {"sgd", "adam", NULL};
static const char *const order_names[] = {"reversed", "forward", "joint", NULL};
static const char *const schedule_names[] = {"constant", "step", "cosine", "one-cycle", NULL};

#define FIELD(structure, field) offsetof(struct structure, field)
static const struct key general_keys[] = {
    {"method", VALUE_CHOICE, FIELD(recipe, method), 0, 0, recipe_method_names, BOTH},
    {"order", VALUE_CHOICE, FIELD(recipe, order), 0, 0, order_names, PAPER},
    {"peak", VALUE_BOOL, FIELD(recipe, peak), 0, 0, NULL, PAPER},
    {"max_drop", VALUE_DOUBLE, FIELD(recipe, max_drop), 0, 100, NULL, BOTH},
    {"holdout", VALUE_DOUBLE, FIELD(recipe, holdout), 0.001, 0.5, NULL, BOTH},
    {"holdout_images", VALUE_INT, FIELD(recipe, holdout_images), 1, 1e9, NULL, BOTH},
    {"target_kept", VALUE_DOUBLE, FIELD(recipe, target_kept), 1e-6, 1, NULL, PAPER},
    {"target_cuts", VALUE_INT, FIELD(recipe, target_cuts), 1, 1000, NULL, PAPER},
    {"saliency", VALUE_TEXT, FIELD(recipe, saliency), 0, 32, NULL, PAPER},
    {"structure", VALUE_STRUCTURE, FIELD(recipe, structure), 0, 0, NULL, BOTH},
    {"regrow", VALUE_DOUBLE, FIELD(recipe, regrow), 0, 0.9, NULL, PAPER},
};
static const struct key settle_keys[] = {
    {"epochs", VALUE_DOUBLE, FIELD(recipe_settle, epochs), 0, 10000, NULL, PAPER},
    {"passes", VALUE_INT, FIELD(recipe_settle, passes), 0, 1000, NULL, PAPER},
};
static const struct key train_keys[] = {
    {"epochs", VALUE_DOUBLE, FIELD(recipe_train, epochs), 0, 10000, NULL, RATE},
    {"batch", VALUE_INT, FIELD(recipe_train, batch), 0, 65536, NULL, RATE},
    {"optimizer", VALUE_CHOICE, FIELD(recipe_train, optimizer), 0, 0, optimizer_names, RATE},
    {"rate", VALUE_FLOAT, FIELD(recipe_train, rate), 0, 100, NULL, RATE},
    {"step_rate", VALUE_FLOAT, FIELD(recipe_train, step_rate), -1, 1000, NULL, RATE},
    {"start", VALUE_DOUBLE, FIELD(recipe_train, start), 1e-12, 1, NULL, RATE},
    {"lambda", VALUE_DOUBLE, FIELD(recipe_train, lambda), 0, 1, NULL, RATE},
    {"shift", VALUE_INT, FIELD(recipe_train, shift), -1, 64, NULL, RATE},
    {"flip", VALUE_CHOICE, FIELD(recipe_train, flip), 0, 0, flip_names, RATE},
};
static const struct key retrain_keys[] = {
    {"epochs", VALUE_DOUBLE, FIELD(recipe_retrain, epochs), 0, 10000, NULL, PAPER},
    {"batch", VALUE_INT, FIELD(recipe_retrain, batch), 1, 65536, NULL, PAPER},
    {"rate", VALUE_FLOAT, FIELD(recipe_retrain, rate), 1e-9, 100, NULL, PAPER},
    {"momentum", VALUE_FLOAT, FIELD(recipe_retrain, momentum), 0, 0.9999, NULL, PAPER},
    {"decay", VALUE_FLOAT, FIELD(recipe_retrain, decay), 0, 1, NULL, PAPER},
    {"schedule", VALUE_CHOICE, FIELD(recipe_retrain, schedule), 0, 0, schedule_names, PAPER},
    {"step_epochs", VALUE_INT, FIELD(recipe_retrain, step_epochs), 1, 10000, NULL, PAPER},
    {"step_factor", VALUE_FLOAT, FIELD(recipe_retrain, step_factor), 1e-6, 1, NULL, PAPER},
    {"shift", VALUE_INT, FIELD(recipe_retrain, augmentation.shift), 0, 64, NULL, PAPER},
    {"flip", VALUE_BOOL, FIELD(recipe_retrain, augmentation.flip), 0, 0, NULL, PAPER},
};
static const struct key distill_keys[] = {
    {"weight", VALUE_DOUBLE, FIELD(recipe_distill, weight), -1, 1, NULL, BOTH},
    {"temperature", VALUE_DOUBLE, FIELD(recipe_distill, temperature), 0.1, 100, NULL, BOTH},
    {"mix", VALUE_DOUBLE, FIELD(recipe_distill, mix), -1, 1, NULL, BOTH},
};
static const struct key search_keys[] = {
    {"first", VALUE_DOUBLE, FIELD(recipe_search, first), 0, 100, NULL, PAPER},
    {"step", VALUE_DOUBLE, FIELD(recipe_search, step), 0.01, 0.99, NULL, PAPER},
    {"finest", VALUE_DOUBLE, FIELD(recipe_search, finest), 0.01, 0.999, NULL, PAPER},
    {"saving", VALUE_DOUBLE, FIELD(recipe_search, saving), 0, 1, NULL, PAPER},
    {"rounds", VALUE_INT, FIELD(recipe_search, rounds), 0, 1000, NULL, PAPER},
};
static const struct key finish_keys[] = {
    {"epochs", VALUE_DOUBLE, FIELD(recipe_finish, epochs), 0, 10000, NULL, PAPER},
    {"rate", VALUE_FLOAT, FIELD(recipe_finish, rate), 1e-9, 100, NULL, PAPER},
};
static const struct key quantize_keys[] = {
    {"images", VALUE_INT, FIELD(recipe_quantize, images), 1, 1e9, NULL, BOTH},
    {"epochs", VALUE_DOUBLE, FIELD(recipe_quantize, epochs), 0, 10000, NULL, PAPER},
    {"rate", VALUE_FLOAT, FIELD(recipe_quantize, rate), 1e-9, 100, NULL, PAPER},
};
static const struct key rule_keys[] = {
    {"layer", VALUE_TEXT, FIELD(recipe_rule, layer), 0, RECIPE_NAME_SIZE, NULL, BOTH},
    {"kind", VALUE_TEXT, FIELD(recipe_rule, kind), 0, 8, NULL, BOTH},
    {"density", VALUE_DOUBLE, FIELD(recipe_rule, density), 1e-6, 1, NULL, PAPER},
    {"min_density", VALUE_DOUBLE, FIELD(recipe_rule, min_density), 0, 1, NULL, PAPER},
    {"skip", VALUE_FLAG, FIELD(recipe_rule, skip), 0, 0, NULL, PAPER},
    {"bits", VALUE_INT, FIELD(recipe_rule, bits), 1, 32, NULL, BOTH},
    {"structure", VALUE_STRUCTURE, FIELD(recipe_rule, structure), 0, 0, NULL, BOTH},
};

#define COUNT(array)  ((int)(sizeof(array) / sizeof((array)[0])))
#define SECTION(name) #name, name##_keys, COUNT(name##_keys), FIELD(recipe, name)

const struct recipe_section recipe_general = {"", general_keys, COUNT(general_keys), 0};
const struct recipe_section recipe_sections[RECIPE_SECTIONS] = {
    {SECTION(train)},  {SECTION(settle)}, {SECTION(retrain)},  {SECTION(distill)},
    {SECTION(search)}, {SECTION(finish)}, {SECTION(quantize)},
};
const struct recipe_section recipe_rules = {"layers", rule_keys, COUNT(rule_keys), 0};

static_assert(COUNT(general_keys) <= RECIPE_SECTION_KEYS && COUNT(retrain_keys) <= RECIPE_SECTION_KEYS &&
                  COUNT(train_keys) <= RECIPE_SECTION_KEYS,
              "the reader's mappings hold every key");
static_assert(sizeof(enum method) == sizeof(int) && sizeof(enum order) == sizeof(int) &&
                  sizeof(enum schedule) == sizeof(int) && sizeof(enum optimizer) == sizeof(int) &&
                  sizeof(enum flip) == sizeof(int),
              "read as int");
