/*
 * commands.c - which commands there are, in the order in which --help tells of them.
 */
#include "cli/options/command.h"

#include <stddef.h>

const char program_summary[] = "cut a trained network back, pack it into one small file, run that file";

const struct command *const commands[] = {&command_new,    &command_data,  &command_train, &command_compress,
                                          &command_pack,   &command_eval,  &command_run,   &command_inspect,
                                          &command_export, &command_bench, &command_sim,   NULL};
