/*
 * host.c - runtime/costs/host.h, and the table of columns, where no environment says anything: portable C,
 * with the costs built in.
 */
#include "runtime/costs/host.h"
#include "runtime/micro/columns.h"

sned_status sned_host_find(struct host *host, sned_error *error)
{
    *host = (struct host){.micro = sned_micro_portable};
    return SNED_OK;
}

const char *sned_host_costs(const struct host *host)
{
    return "built-in";
}

const struct micro_kernels *sned_micro_column(int index)
{
    return index == 0 ? &sned_micro_portable : NULL;
}

bool sned_micro_runs(int index)
{
    return index == 0;
}
