/*
 * simulation.c - finds and opens the simulation of a configuration: simulation.h.
 */
#include "cli/common/simulation.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of this program, without a slash at its end. */
static void own_folder(char folder[PATH_MAX])
{
    const ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
    folder[length > 0 ? length : 0] = 0;
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
}

static void *find_library(const char *config)
{
    char own[PATH_MAX];
    const char *wanted = getenv("SNED_SIM");
    char path[2 * PATH_MAX];
    own_folder(own);
    if (wanted)
        snprintf(path, sizeof path, "%s/libsned-sim-%s.so", wanted, config);
    else
        snprintf(path, sizeof path, "%s/../../sim/libsned-sim-%s.so", own, config);
    return access(path, R_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
}

sned_status simulation_open(struct simulation *s, const struct accel_config *config,
                            const struct sim_options *options, sned_error *error)
{
    *s = (struct simulation){.library = find_library(config->name)};
    if (!s->library)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "there is no simulation of '%s' yet: make it with `sim/build %s` in sned's source "
                         "folder (SNED_SIM names another folder)",
                         config->name, config->name);
    s->calls = dlsym(s->library, "sned_simulation");
    sned_status status = SNED_OK;
    if (!s->calls || s->calls->interface != SIM_INTERFACE)
        status = sned_fail(error, SNED_ERROR_UNSUPPORTED,
                           "the simulation of '%s' is of another version: make it again with `sim/build %s`",
                           config->name, config->name);
    else if (options->trace && !s->calls->traces)
        status = sned_fail(
            error, SNED_ERROR_UNSUPPORTED,
            "this simulation of '%s' writes no traces: make one that does with `sim/build %s --trace`",
            config->name, config->name);
    else if (!(s->state = s->calls->open(options, &s->transport)))
        status = sned_fail(error, SNED_ERROR_MEMORY, "no memory for the simulation of '%s'", config->name);
    if (status != SNED_OK)
        simulation_close(s);
    return status;
}

void simulation_close(struct simulation *s)
{
    if (s->state)
        s->calls->close(s->state);
    if (s->library)
        dlclose(s->library);
    *s = (struct simulation){0};
}
