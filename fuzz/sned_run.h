/*
 * sned_run.h - what is done with a .sned file from a stranger: open it, look at it, run it, pack it again.
 */
#ifndef SNED_FUZZ_SNED_RUN_H
#define SNED_FUZZ_SNED_RUN_H

#include <stddef.h>
#include <stdint.h>

void fuzz_sned(const uint8_t *data, size_t size);

#endif
