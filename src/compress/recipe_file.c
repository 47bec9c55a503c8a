/*
 * recipe_file.c - a recipe from YAML.
 *
 * libcyaml checks the document's form (known keys, each once, mappings and lists where they belong) and gives
 * every scalar as text; the numbers are parsed here, because libcyaml takes "3 4" for 3 and "maybe" for true.
 * recipe_keys.h names each key, its type, its range and the field that it sets.
 */
#include "base/file.h"
#include "base/memory.h"
#include "compress/recipe_keys.h"
#include "compress/prune/saliency.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 1 << 20, MAX_TEXT = 256 };

/* ---- the document's form, for libcyaml ---- */

/* A section as libcyaml reads it: the texts of its keys in the order of its table, NULL where absent. */
struct raw_section {
    char *text[RECIPE_SECTION_KEYS];
};
struct raw_recipe {
    struct raw_section general;
    struct raw_section *sections[RECIPE_SECTIONS];
    struct raw_section *layers;
    unsigned layer_count;
};

/* What libcyaml is told of that: lists of fields, each ended by one without a name. It points into itself. */
struct document_form {
    cyaml_schema_field_t general[RECIPE_SECTION_KEYS + RECIPE_SECTIONS + 2];
    cyaml_schema_field_t sections[RECIPE_SECTIONS][RECIPE_SECTION_KEYS + 1];
    cyaml_schema_field_t rule[RECIPE_SECTION_KEYS + 1];
    cyaml_schema_value_t rule_value, document;
};

/* `keys` as optional texts of the raw_section that stands at the head of a structure. */
static void form_keys(cyaml_schema_field_t *fields, const struct key *keys, int count)
{
    for (int i = 0; i < count; i++)
        fields[i] = (cyaml_schema_field_t){
            .key = keys[i].name,
            .data_offset = (uint32_t)(offsetof(struct raw_section, text) + (size_t)i * sizeof(char *)),
            .value = {CYAML_VALUE_STRING(CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER, char, 0, MAX_TEXT)}};
}

static void form_document(struct document_form *form)
{
    const enum cyaml_flag optional = CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER;
    cyaml_schema_field_t *field = form->general + recipe_general.count;
    *form = (struct document_form){0};
    form_keys(form->general, recipe_general.keys, recipe_general.count);
    for (int i = 0; i < RECIPE_SECTIONS; i++) {
        form_keys(form->sections[i], recipe_sections[i].keys, recipe_sections[i].count);
        *field++ = (cyaml_schema_field_t){
            .key = recipe_sections[i].name,
            .data_offset =
                (uint32_t)(offsetof(struct raw_recipe, sections) + (size_t)i * sizeof(struct raw_section *)),
            .value = {CYAML_VALUE_MAPPING(optional, struct raw_section, form->sections[i])}};
    }
    form_keys(form->rule, recipe_rules.keys, recipe_rules.count);
    form->rule_value =
        (cyaml_schema_value_t){CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_section, form->rule)};
    *field = (cyaml_schema_field_t)CYAML_FIELD_SEQUENCE_COUNT(
        "layers", optional, struct raw_recipe, layers, layer_count, &form->rule_value, 0, RECIPE_MAX_RULES);
    form->document =
        (cyaml_schema_value_t){CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_recipe, form->general)};
}

/* ---- libcyaml's complaints as one line ---- */

/* "Unexpected key: epochss" and, from the backtrace, the innermost place first: field, line. */
struct complaint {
    char text[256], place[160];
    int line;
};

static void take_message(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct complaint *complaint = context;
    char line[256], name[128];
    int number = 0;
    (void)level;
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = 0;
    const char *text = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
    const char *where = strstr(text, "(line: ");
    if (where && sscanf(where, "(line: %d", &number) == 1 && complaint->line == 0)
        complaint->line = number;
    if (sscanf(text, "  in mapping field '%127[^']'", name) == 1) {
        char outer[sizeof complaint->place];
        snprintf(outer, sizeof outer, "%.60s%s%.90s", name, complaint->place[0] ? "." : "", complaint->place);
        memcpy(complaint->place, outer, sizeof outer);
    } else if (strncmp(text, "  in", 4) != 0 && strncmp(text, "Backtrace", 9) != 0) {
        if (complaint->text[0] == 0)
            memcpy(complaint->text, text, strlen(text) + 1);
    }
}

static sned_status refuse_form(const char *path, const struct complaint *complaint, cyaml_err_t code,
                               sned_error *error)
{
    const char *text = complaint->text[0] ? complaint->text : cyaml_strerror(code);
    char line[32] = "";
    if (complaint->line > 0)
        snprintf(line, sizeof line, " line %d:", complaint->line);
    if (complaint->place[0] != 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s:%s %s: %s (docs/recipe.md lists the keys)", path, line,
                         complaint->place, text);
    return sned_fail(error, SNED_ERROR_FORMAT, "%s:%s %s (docs/recipe.md lists the keys)", path, line, text);
}

/* ---- values ---- */

/* Where a value stands, for messages: file and "retrain." or "layers[2].". */
struct recipe_place {
    const char *path;
    char prefix[32];
};

static sned_status refuse(const struct recipe_place *place, const struct key *key, const char *text,
                          const char *wanted, sned_error *error)
{
    return sned_fail(error, SNED_ERROR_FORMAT, "%s: %s%s: '%s' is not %s", place->path, place->prefix,
                     key->name, text, wanted);
}

static sned_status read_number(const struct recipe_place *place, const struct key *key, const char *text,
                               double *value, sned_error *error)
{
    char *end = NULL;
    char range[64];
    errno = 0;
    *value = strtod(text, &end);
    if (end == text || *end != 0 || !isfinite(*value) || strpbrk(text, "xXpP \t"))
        return refuse(place, key, text, "a number", error);
    if (key->type == VALUE_INT && *value != floor(*value))
        return refuse(place, key, text, "a whole number", error);
    if (*value < key->low || *value > key->high) {
        snprintf(range, sizeof range, "between %g and %g", key->low, key->high);
        return refuse(place, key, text, range, error);
    }
    return SNED_OK;
}

static sned_status read_bool(const struct recipe_place *place, const struct key *key, const char *text,
                             bool *value, sned_error *error)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "on") == 0)
        *value = true;
    else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "off") == 0)
        *value = false;
    else
        return refuse(place, key, text, "true or false", error);
    return SNED_OK;
}

static sned_status read_choice(const struct recipe_place *place, const struct key *key, const char *text,
                               int *value, sned_error *error)
{
    char wanted[96] = "one of";
    for (*value = 0; key->choices[*value]; ++*value) {
        if (strcmp(text, key->choices[*value]) == 0)
            return SNED_OK;
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used, " %s", key->choices[*value]);
    }
    return refuse(place, key, text, wanted, error);
}

static sned_status read_value(const struct recipe_place *place, const struct key *key, const char *text,
                              void *target, sned_error *error)
{
    char *field = (char *)target + key->offset;
    double number = 0;
    bool flag = false;
    int choice = 0;
    switch (key->type) {
    case VALUE_DOUBLE:
    case VALUE_FLOAT:
    case VALUE_INT:
        SNED_TRY(read_number(place, key, text, &number, error));
        if (key->type == VALUE_DOUBLE)
            *(double *)field = number;
        else if (key->type == VALUE_FLOAT)
            *(float *)field = (float)number;
        else
            *(int *)field = (int)number;
        return SNED_OK;
    case VALUE_BOOL:
    case VALUE_FLAG:
        SNED_TRY(read_bool(place, key, text, &flag, error));
        if (key->type == VALUE_BOOL)
            *(bool *)field = flag;
        else
            *(int *)field = flag;
        return SNED_OK;
    case VALUE_CHOICE:
        SNED_TRY(read_choice(place, key, text, &choice, error));
        *(int *)field = choice; /* an enum */
        return SNED_OK;
    case VALUE_TEXT:
        if (text[0] == 0 || strlen(text) >= (size_t)key->high)
            return refuse(place, key, text, "a name of fitting length", error);
        memcpy(field, text, strlen(text) + 1);
        return SNED_OK;
    case VALUE_STRUCTURE:
        if (structure_parse((struct structure *)field, text))
            return SNED_OK;
        return refuse(place, key, text, structure_words(), error);
    }
    return SNED_OK;
}

static sned_status read_section(const struct recipe_place *place, const struct key *keys, int count,
                                const struct raw_section *section, void *target, sned_error *error)
{
    if (!section)
        return SNED_OK;
    for (int i = 0; i < count; i++)
        if (section->text[i])
            SNED_TRY(read_value(place, &keys[i], section->text[i], target, error));
    return SNED_OK;
}

static sned_status read_rule(const char *path, int index, const struct raw_section *section,
                             struct recipe_rule *rule, sned_error *error)
{
    struct recipe_place place = {.path = path};
    *rule = (struct recipe_rule){.skip = -1};
    snprintf(place.prefix, sizeof place.prefix, "layers[%d].", index + 1);
    SNED_TRY(read_section(&place, recipe_rules.keys, recipe_rules.count, section, rule, error));
    if ((rule->layer[0] == 0) == (rule->kind[0] == 0))
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: layers[%d]: give either 'layer' (a name) or 'kind'",
                         path, index + 1);
    if (rule->kind[0] != 0 && strcmp(rule->kind, "conv") != 0 && strcmp(rule->kind, "fc") != 0)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: layers[%d].kind: '%s' is not conv or fc", path,
                         index + 1, rule->kind);
    if (rule->bits != 0 && rule->bits != 8)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "%s: layers[%d].bits: %d is not available in this version; use 8", path, index + 1,
                         rule->bits);
    if (rule->density > 0 && rule->density < rule->min_density)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: layers[%d]: density %g is below min_density %g", path,
                         index + 1, rule->density, rule->min_density);
    return SNED_OK;
}

/* ---- the method that a document is for ---- */

/* The first key of `section` that this owner's method alone reads, behind `prefix`; whether there is one. */
static bool find_owned(char name[RECIPE_NAME_SIZE], const char *prefix, const struct key *keys, int count,
                       const struct raw_section *section, enum key_owner owner)
{
    for (int i = 0; section && i < count; i++) {
        if (!section->text[i] || keys[i].owner != owner)
            continue;
        snprintf(name, RECIPE_NAME_SIZE, "%.40s%s", prefix, keys[i].name);
        return true;
    }
    return false;
}

static bool find_key_of(char name[RECIPE_NAME_SIZE], const struct raw_recipe *raw, enum key_owner owner)
{
    char prefix[40];
    bool found = find_owned(name, "", recipe_general.keys, recipe_general.count, &raw->general, owner);
    for (int i = 0; i < RECIPE_SECTIONS && !found; i++) {
        snprintf(prefix, sizeof prefix, "%.30s.", recipe_sections[i].name);
        found = find_owned(name, prefix, recipe_sections[i].keys, recipe_sections[i].count, raw->sections[i],
                           owner);
    }
    for (unsigned i = 0; i < raw->layer_count && !found; i++) {
        snprintf(prefix, sizeof prefix, "layers[%u].", i + 1);
        found = find_owned(name, prefix, recipe_rules.keys, recipe_rules.count, &raw->layers[i], owner);
    }
    return found;
}

/* The method that the document names or, as recipes of the first version do not, that alone has its keys; and
 * the defaults of it. */
static sned_status read_method(struct recipe *recipe, const struct raw_recipe *raw, const char *path,
                               sned_error *error)
{
    const struct recipe_place place = {.path = path};
    const char *text = raw->general.text[RECIPE_KEY_METHOD];
    char name[RECIPE_NAME_SIZE] = "";
    if (text)
        SNED_TRY(read_value(&place, &recipe_general.keys[RECIPE_KEY_METHOD], text, recipe, error));
    else if (find_key_of(name, raw, PAPER))
        recipe->method = METHOD_PAPER;
    recipe_defaults(recipe, recipe->method);
    memcpy(recipe->implied_by, name, sizeof name);
    if (find_key_of(name, raw, recipe->method == METHOD_PAPER ? RATE : PAPER))
        return sned_fail(error, SNED_ERROR_FORMAT,
                         "%s: %s is a key of method: %s, and the recipe is of method: %s%s%s%s", path, name,
                         recipe_method_names[recipe->method == METHOD_RATE],
                         recipe_method_names[recipe->method], recipe->implied_by[0] ? " (because of " : "",
                         recipe->implied_by, recipe->implied_by[0] ? ")" : "");
    return SNED_OK;
}

static sned_status read_document(struct recipe *recipe, const struct raw_recipe *raw, const char *path,
                                 sned_error *error)
{
    struct recipe_place place = {.path = path};
    SNED_TRY(read_section(&place, recipe_general.keys, recipe_general.count, &raw->general, recipe, error));
    for (int i = 0; i < RECIPE_SECTIONS; i++) {
        const struct recipe_section *section = &recipe_sections[i];
        snprintf(place.prefix, sizeof place.prefix, "%s.", section->name);
        SNED_TRY(read_section(&place, section->keys, section->count, raw->sections[i],
                              (char *)recipe + section->offset, error));
    }
    if (!saliency_find(recipe->saliency))
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: saliency: '%s' is not one of: %s", path,
                         recipe->saliency, saliency_names());
    if (recipe->distill.mix > 0 && recipe->distill.weight == 0)
        return sned_fail(error, SNED_ERROR_FORMAT,
                         "%s: distill.mix: of mixtures a teacher says what they are, and distill.weight is 0",
                         path);
    SNED_TRY(sned_alloc(&recipe->rules, raw->layer_count, sizeof *recipe->rules, error));
    for (unsigned i = 0; i < raw->layer_count; i++)
        SNED_TRY(read_rule(path, (int)i, &raw->layers[i], &recipe->rules[recipe->rule_count++], error));
    return SNED_OK;
}

sned_status recipe_read(struct recipe *recipe, const char *path, sned_error *error)
{
    struct complaint complaint = {0};
    cyaml_config_t config = {.log_fn = take_message,
                             .log_ctx = &complaint,
                             .mem_fn = cyaml_mem,
                             .log_level = CYAML_LOG_WARNING,
                             .flags = CYAML_CFG_NO_ALIAS};
    struct document_form form;
    struct raw_recipe *raw = NULL;
    struct file_map map = {0};
    sned_status status = SNED_OK;
    cyaml_err_t code;
    recipe_defaults(recipe, METHOD_RATE);
    form_document(&form);
    SNED_TRY_DONE(sned_file_map(&map, path, error));
    if (map.size > MAX_FILE)
        SNED_TRY_DONE(sned_fail(error, SNED_ERROR_FORMAT, "%s: larger than a recipe can be (1 MiB)", path));
    if (map.size == 0)
        SNED_TRY_DONE(sned_fail(error, SNED_ERROR_FORMAT, "%s: the recipe is empty", path));
    code = cyaml_load_data(map.data, map.size, &config, &form.document, (cyaml_data_t **)&raw, NULL);
    if (code != CYAML_OK)
        SNED_TRY_DONE(refuse_form(path, &complaint, code, error));
    if (complaint.text[0] != 0) /* a warning: a second document */
        SNED_TRY_DONE(refuse_form(path, &complaint, code, error));
    if (!raw)
        SNED_TRY_DONE(sned_fail(error, SNED_ERROR_FORMAT, "%s: the recipe is empty", path));
    SNED_TRY_DONE(read_method(recipe, raw, path, error));
    SNED_TRY_DONE(sned_strdup(&recipe->path, path, error));
    SNED_TRY_DONE(read_document(recipe, raw, path, error));
done:
    cyaml_free(&config, &form.document, raw, 0);
    sned_file_unmap(&map);
    if (status != SNED_OK)
        recipe_free(recipe);
    return status;
}
