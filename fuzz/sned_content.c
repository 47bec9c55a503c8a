/*
 * sned_content.c - target: a .sned file whose checksums are always right, so that what lies under them is
 * attacked.
 *
 * The inputs are whole files. The mutator (sned_mutate.c) changes one section of a file and puts a container
 * with fresh sums around it; nothing here depends on that.
 */
#include "sned_run.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_sned(data, size);
    return 0;
}
