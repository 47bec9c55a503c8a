/*
 * defaults.h - what an option means where it is not given: for --help and the manual pages, beside its help.
 */
#ifndef SNED_CLI_OPTIONS_DEFAULTS_H
#define SNED_CLI_OPTIONS_DEFAULTS_H

#include "cli/options/options.h"

/* An option's help with its default: "Timed runs (default: 20)". free() it; NULL: no memory. */
char *option_help(const struct option_row *row);

#endif
