/*
 * collect.h - the collectors of the cycle model: when finished pairs leave their lanes (rtl/collector).
 */
#ifndef SNED_ACCEL_CYCLES_COLLECT_H
#define SNED_ACCEL_CYCLES_COLLECT_H

#include "accel/program/config.h"

#include <stdbool.h>

/* A lane's finished pairs that have not left, a ring. */
struct waiting_pairs {
    int64_t *ready; /* [config->waiting] when each can be taken */
    int head, count;
    int64_t room; /* when there was place again, the last time that there was none */
};

struct collector {
    int64_t free;
    int last; /* the lane whose pair it took last, -1: none */
};

struct collection {
    const struct accel_config *config;
    struct waiting_pairs *lanes;  /* [config->lanes] */
    struct collector *collectors; /* [config->collectors] */
};

sned_status collection_new(struct collection *collection, const struct accel_config *config,
                           sned_error *error);
void collection_free(struct collection *collection);

/* A lane has issued a pair's last entry at `time`. */
void collection_add(struct collection *collection, int lane, int64_t time);
bool collection_full(const struct collection *collection, int lane);

/* When the next pair is taken; INT64_MAX where none waits. */
int64_t collection_next(const struct collection *collection);
/* Takes it. */
void collection_take(struct collection *collection);

/* When all that waits is in memory; takes it all. */
int64_t collection_end(struct collection *collection);

#endif
