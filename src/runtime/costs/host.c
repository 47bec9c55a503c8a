/*
 * host.c - see host.h. All that libsned reads from the environment, it reads by way of here, and each
 * time that a model is opened: nothing is kept in between.
 */
#include "runtime/costs/host.h"
#include "runtime/costs/costs.h"

#include <stdlib.h>
#include <string.h>

sned_status sned_host_find(struct host *host, sned_error *error)
{
    const char *plan = getenv("SNED_PLAN");
    const bool is_built_in = plan && strcmp(plan, "builtin") == 0;
    char path[COSTS_PATH];
    *host = (struct host){.micro = *sned_micro_choose(getenv("SNED_CPU")),
                          .tries_forms = plan && strcmp(plan, "measured") == 0};
    if (plan && *plan && !is_built_in && !host->tries_forms)
        return sned_fail(error, SNED_ERROR_ARGUMENT,
                         "SNED_PLAN=%.40s: builtin or measured it can be, or not set", plan);
    if (!is_built_in && sned_costs_path(path, &host->micro))
        host->is_calibrated = sned_costs_load(&host->micro.costs, path, &host->micro);
    return SNED_OK;
}

const char *sned_host_costs(const struct host *host)
{
    return host->tries_forms ? "measured" : host->is_calibrated ? "calibrated" : "built-in";
}
