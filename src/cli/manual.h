/*
 * manual.h - what a person reads or presses Tab for, out of the tables that --help is printed from.
 */
#ifndef SNED_CLI_MANUAL_H
#define SNED_CLI_MANUAL_H

#include "cli/options/command.h"
#include <stdio.h>

/* The manual page of a command, or of sned itself where `command` is NULL, in man(7)'s macros. */
void manual_page(FILE *out, const struct command *command);

/* Shell functions that answer for every command: its options, what each of them and each argument takes.
 * completion.bash, which completes by them, says what they print. */
void manual_completion(FILE *out);

#endif
