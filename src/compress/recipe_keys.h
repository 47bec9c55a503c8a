/*
 * recipe_keys.h - the keys of a recipe: for each its type, its range and the field that it sets.
 */
#ifndef SNED_COMPRESS_RECIPE_KEYS_H
#define SNED_COMPRESS_RECIPE_KEYS_H

#include "compress/recipe.h"

enum recipe_value_type {
    VALUE_DOUBLE,
    VALUE_FLOAT,
    VALUE_INT,
    VALUE_BOOL,
    VALUE_FLAG,
    VALUE_CHOICE,
    VALUE_TEXT,
    VALUE_STRUCTURE
};

/* Which method reads a key. */
enum key_owner { BOTH, PAPER, RATE };

/* One key: the text of it is raw[index], the value goes to `offset` in the section's structure. */
struct key {
    const char *name;
    enum recipe_value_type type;
    size_t offset;
    double low, high;           /* numbers: inclusive; TEXT: high is the size of the field */
    const char *const *choices; /* CHOICE: names in the order of the enum, NULL at the end */
    enum key_owner owner;
};

/* A mapping of the document and the structure that its keys fill. */
struct recipe_section {
    const char *name;
    const struct key *keys;
    int count;
    size_t offset; /* of the structure in struct recipe */
};
enum { RECIPE_SECTION_KEYS = 12, RECIPE_SECTIONS = 7 };
extern const struct recipe_section recipe_general; /* the keys in no section, of struct recipe itself */
extern const struct recipe_section recipe_sections[RECIPE_SECTIONS];
extern const struct recipe_section recipe_rules; /* of struct recipe_rule: an item of `layers` */
enum { RECIPE_KEY_METHOD = 0 };                  /* of the general keys */
extern const char *const recipe_method_names[];

#endif
