/*
 * names.c - names.h: a hash table (FNV-1a, linear probing), and names made unique.
 */
#include "base/names.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t hash_name(const char *name)
{
    uint64_t hash = 14695981039346656037u;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 1099511628211u;
    return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds `name`, or the empty one where it belongs; the table is never full. */
static struct name_slot *slot_of(const struct name_map *map, const char *name)
{
    size_t at = hash_name(name) & (map->capacity - 1);
    while (map->slots[at].name && strcmp(map->slots[at].name, name) != 0)
        at = (at + 1) & (map->capacity - 1);
    return &map->slots[at];
}

static sned_status grow(struct name_map *map, sned_error *error)
{
    struct name_map larger = {.capacity = map->capacity ? map->capacity * 2 : 64, .count = map->count};
    SNED_TRY(sned_alloc(&larger.slots, larger.capacity, sizeof *larger.slots, error));
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].name)
            *slot_of(&larger, map->slots[i].name) = map->slots[i];
    free(map->slots);
    *map = larger;
    return SNED_OK;
}

sned_status sned_names_add(struct name_map *map, const char *name, int fresh, int *index, bool *is_new,
                           sned_error *error)
{
    if (map->count * 2 >= map->capacity)
        SNED_TRY(grow(map, error));
    struct name_slot *slot = slot_of(map, name);
    *is_new = slot->name == NULL;
    if (*is_new) {
        *slot = (struct name_slot){name, fresh};
        map->count++;
    }
    *index = slot->index;
    return SNED_OK;
}

int sned_names_find(const struct name_map *map, const char *name)
{
    if (map->capacity == 0)
        return -1;
    const struct name_slot *slot = slot_of(map, name);
    return slot->name ? slot->index : -1;
}

void sned_names_free(struct name_map *map)
{
    free(map->slots);
    *map = (struct name_map){0};
}

/* Keeps a copy of `text`, since the table borrows. */
static sned_status own(struct unique_names *names, const char *text, const char **copy, sned_error *error)
{
    if (names->count == names->capacity) {
        int capacity = names->capacity ? names->capacity * 2 : 64;
        SNED_TRY(sned_resize(&names->owned, (size_t)capacity, sizeof *names->owned, error));
        names->capacity = capacity;
    }
    SNED_TRY(sned_strdup(&names->owned[names->count], text, error));
    *copy = names->owned[names->count++];
    return SNED_OK;
}

sned_status sned_unique_name(struct unique_names *names, const char *wanted, const char **name,
                             sned_error *error)
{
    if (sned_names_find(&names->taken, wanted) < 0) {
        SNED_TRY(own(names, wanted, name, error));
    } else {
        /* The number is tried from that of the last name made from `wanted`, kept as the table's integer. */
        size_t size = strlen(wanted) + 16;
        char *candidate;
        SNED_TRY(sned_alloc(&candidate, size, 1, error));
        struct name_slot *slot = slot_of(&names->taken, wanted);
        int number = slot->index;
        do
            snprintf(candidate, size, "%s_%d", wanted, ++number);
        while (sned_names_find(&names->taken, candidate) >= 0);
        slot->index = number;
        sned_status status = own(names, candidate, name, error);
        free(candidate);
        if (status != SNED_OK)
            return status;
    }
    int index;
    bool is_new;
    return sned_names_add(&names->taken, *name, 1, &index, &is_new, error);
}

void sned_unique_free(struct unique_names *names)
{
    for (int i = 0; i < names->count; i++)
        free(names->owned[i]);
    free(names->owned);
    sned_names_free(&names->taken);
    *names = (struct unique_names){0};
}
