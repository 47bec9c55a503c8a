/*
 * host.h - what a model is opened for: the instruction set, what it costs here, and how forms are chosen.
 */
#ifndef SNED_RUNTIME_COSTS_HOST_H
#define SNED_RUNTIME_COSTS_HOST_H

#include "base/error.h"
#include "runtime/micro/micro.h"

struct host {
    struct micro_kernels micro; /* the column, with the costs of this machine where they are known */
    bool is_calibrated;         /* they are */
    bool tries_forms;           /* which form is fastest is found by running them, not by costs */
};

/* As the environment says: SNED_CPU, the last column that may be taken; SNED_PLAN, how forms are chosen:
 * builtin, by the costs built in; measured, by trying them; not set, by the costs that were calibrated here,
 * else by those built in. */
sned_status sned_host_find(struct host *host, sned_error *error);
/* "built-in", "calibrated" or "measured". */
const char *sned_host_costs(const struct host *host);

#endif
