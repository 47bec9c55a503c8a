/*
 * openmp.c - see openmp.h.
 */
#include "train/executor/openmp.h"

#include <stdlib.h>
#include <unistd.h>

static const char SPIN_COUNT[] = "1000"; /* a few microseconds */

void openmp_wait_briefly(char *const argv[])
{
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT") || setenv("GOMP_SPINCOUNT", SPIN_COUNT, 1) != 0)
        return;
    execv("/proc/self/exe", argv);
}
