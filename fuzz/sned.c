/*
 * sned.c - target: the bytes of a .sned file, as they are. Checksums stop nearly everything: this target is
 * about the container around the sections (sned_content.c is about what is in them).
 */
#include "sned_run.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_sned(data, size);
    return 0;
}
