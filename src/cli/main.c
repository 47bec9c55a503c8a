/*
 * main.c - sned: picks the command, runs it, turns its status into an exit status.
 *
 * 0 done, 1 the input or the run failed, 2 wrong usage. An error is one line on stderr.
 */
#include "base/text.h"
#include "cli/options/command.h"
#include "train/executor/openmp.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_help(void)
{
    printf("sned %s: %s.\n\n"
           "usage: sned COMMAND [OPTION...]\n\n",
           sned_version(), program_summary);
    for (int i = 0; commands[i]; i++)
        printf("  %-9s %s\n", commands[i]->name, commands[i]->summary);
    printf("\nsned COMMAND --help tells more. A first tour: README.md\n");
}

static const struct command *find_command(const char *name)
{
    const struct command *found = NULL;
    for (int i = 0; commands[i] && !found; i++)
        if (!strcmp(commands[i]->name, name))
            found = commands[i];
    return found;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    sned_error error = {0};
    struct options options;
    int code = 0;
    if (options_parse(&options, command, argc, argv, &error) != SNED_OK)
        code = 2;
    else if (!options.help && command->run(&options, &error) != SNED_OK)
        code = error.status == SNED_ERROR_ARGUMENT ? 2 : 1;
    /* What was printed has to have arrived: a full disk behind stdout is a failed run. */
    if (code == 0 && (fflush(stdout) != 0 || ferror(stdout)) && (code = 1))
        snprintf(error.message, sizeof error.message, "standard output: cannot be written");
    if (code)
        fprintf(stderr, "sned %s: %s\n", command->name, error.message);
    options_free(&options);
    return code;
}

/* Large inputs are mapped, not copied; when another program shortens one of them, the next read of it ends
 * here. */
static void end_on_bus_error(int number)
{
    static const char text[] =
        "sned: an input file became shorter while it was read (or its disk fails): run again "
        "when it is complete\n";
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(1); /* nobody listens */
    _exit(1);
}

int main(int argc, char **argv)
{
    openmp_wait_briefly(argv);
    signal(SIGBUS, end_on_bus_error);
    int code = 0;
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find_command(name);
    if (command) {
        code = run_command(command, argc, argv);
    } else if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        print_help();
    } else if (!strcmp(name, "--version")) {
        printf("sned %s\n", sned_version());
    } else {
        if (*name)
            sned_text_plain(argv[1]);
        fprintf(stderr,
                *name ? "sned: '%s' is not a command; see sned --help\n"
                      : "sned: which command? see sned --help\n",
                name);
        code = 2;
    }
    return code;
}
