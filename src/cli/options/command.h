/*
 * command.h - what a command is. Each has its own file: parse, call the library, print.
 */
#ifndef SNED_CLI_OPTIONS_COMMAND_H
#define SNED_CLI_OPTIONS_COMMAND_H

#include "cli/options/options.h"

struct command {
    const char *name;
    const char *arguments;          /* of the usage line: "MODEL --data D [OPTION...]" */
    const char *summary;            /* one line, no full stop */
    const char *text;               /* a paragraph or two for --help */
    int argument_min, argument_max; /* of what is not an option */
    enum option_key keys[32];       /* the options it takes, besides --json and --quiet; 0 at the end */
    sned_status (*run)(const struct options *options, sned_error *error);
};

extern const struct command command_new, command_data, command_train, command_compress, command_pack,
    command_eval, command_run, command_inspect, command_export, command_bench, command_sim;
extern const struct command *const commands[]; /* NULL at the end */
extern const char program_summary[];           /* what sned does, in a line without a full stop */

#endif
