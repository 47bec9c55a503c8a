/*
 * c_array.h - a file as an array of C, for programs that carry their network in themselves.
 */
#ifndef SNED_CLI_C_ARRAY_H
#define SNED_CLI_C_ARRAY_H

#include "base/memory.h"

/* Writes C to `path`: the bytes as NAME and their number as NAME_size, NAME being made of the path's last
 * part (net.c: net_sned). */
sned_status c_array_write(const char *path, const struct buffer *bytes, sned_error *error);

#endif
