/*
 * names.c - names.h: a hash table (SipHash-1-3 under a random key, linear probing), and names made unique.
 *
 * Files choose the names. With a hash that anybody can compute, a file of names that fall into one slot makes
 * each look-up a walk over all of them: half a megabyte took seconds. The key is drawn anew for each table,
 * so no file can know where its names fall; nothing depends on the order of slots, so results stay the same
 * from run to run.
 */
#include "base/names.h"
#include "base/format.h"
#include "base/memory.h"
#include "base/system.h"

#include <string.h>

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* One round of SipHash (Aumasson and Bernstein 2012, figure 2.1). */
static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[3];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[2] = rotate_left(v[2], 32);
}

uint64_t sned_name_hash(const uint64_t key[2], const char *name)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du, key[0] ^ 0x6c7967656e657261u,
                     key[1] ^ 0x7465646279746573u};
    size_t length = strlen(name);
    for (size_t begin = 0; begin <= length; begin += 8) {
        /* 8 bytes, little endian; in the last word the length stands above what is left, 7 bytes at most. */
        uint64_t word = begin + 8 > length ? (uint64_t)length << 56 : 0;
        for (size_t i = 0; i < 8 && begin + i < length; i++)
            word |= (uint64_t)(uint8_t)name[begin + i] << 8 * i;
        v[3] ^= word;
        mix(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        mix(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot that holds `name`, or the empty one where it belongs; the table is never full. */
static struct name_slot *slot_of(const struct name_map *map, const char *name)
{
    size_t at = (size_t)sned_name_hash(map->key, name) & (map->capacity - 1);
    while (map->slots[at].name && strcmp(map->slots[at].name, name) != 0)
        at = (at + 1) & (map->capacity - 1);
    return &map->slots[at];
}

static sned_status grow(struct name_map *map, sned_error *error)
{
    struct name_map larger = {.capacity = map->capacity ? map->capacity * 2 : 64, .count = map->count};
    SNED_TRY(sned_system_random(larger.key, sizeof larger.key, error));
    SNED_TRY(sned_alloc(&larger.slots, larger.capacity, sizeof *larger.slots, error));
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].name)
            *slot_of(&larger, map->slots[i].name) = map->slots[i];
    sned_free(map->slots);
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
    sned_free(map->slots);
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
            sned_format(candidate, size, "%s_%d", wanted, ++number);
        while (sned_names_find(&names->taken, candidate) >= 0);
        slot->index = number;
        sned_status status = own(names, candidate, name, error);
        sned_free(candidate);
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
        sned_free(names->owned[i]);
    sned_free(names->owned);
    sned_names_free(&names->taken);
    *names = (struct unique_names){0};
}
