/*
 * names.h - a hash table from names to integers, and names made unique: both in time that does not grow with
 * the number of names, which files choose.
 */
#ifndef SNED_BASE_NAMES_H
#define SNED_BASE_NAMES_H

#include "base/error.h"
#include <stdbool.h>

/* {0} is empty. Names are borrowed: they must live as long as the table. */
struct name_map {
    struct name_slot {
        const char *name;
        int index;
    } * slots;
    size_t capacity, count;
    uint64_t key[2]; /* of the hash; names.c says why */
};
/* *index is the number kept under `name`; where the name was not there it becomes `fresh`, *is_new true. */
sned_status sned_names_add(struct name_map *map, const char *name, int fresh, int *index, bool *is_new,
                           sned_error *error);
int sned_names_find(const struct name_map *map, const char *name); /* or -1 */
void sned_names_free(struct name_map *map);
/* SipHash-1-3 of a name, for the table. */
uint64_t sned_name_hash(const uint64_t key[2], const char *name);

/* Names handed out so far, each once: `wanted` itself, or "wanted_2", "wanted_3", ... {0} is empty. */
struct unique_names {
    struct name_map taken;
    char **owned;
    int count, capacity;
};
/* *name is owned by `names`. */
sned_status sned_unique_name(struct unique_names *names, const char *wanted, const char **name,
                             sned_error *error);
void sned_unique_free(struct unique_names *names);

#endif
