/*
 * hash.h - the checksum of every section and checkpoint: XXH64, seed 0.
 */
#ifndef SNED_BASE_HASH_H
#define SNED_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t sned_hash(const void *data, size_t size);

#endif
