/*
 * manual.c - sned-manual: writes a manual page or the completion to standard output, while sned is built. It
 * is not installed.
 *
 *   sned-manual sned | sned-COMMAND
 *   sned-manual completion DRIVER      the tables, then the file that completes by them
 */
#include "cli/manual.h"
#include "base/file.h"

#include <string.h>

static sned_status write_completion(const char *driver, sned_error *error)
{
    struct file_map map;
    SNED_TRY(sned_file_map(&map, driver, error));
    manual_completion(stdout);
    fwrite(map.data, 1, map.size, stdout);
    sned_file_unmap(&map);
    return SNED_OK;
}

static sned_status write_page(const char *page, sned_error *error)
{
    static const char prefix[] = "sned-";
    const struct command *command = NULL;
    for (int i = 0; commands[i]; i++)
        if (!strncmp(page, prefix, strlen(prefix)) && !strcmp(page + strlen(prefix), commands[i]->name))
            command = commands[i];
    if (!command && strcmp(page, "sned") != 0)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%s: there is no command of this name", page);
    manual_page(stdout, command);
    return SNED_OK;
}

int main(int argc, char **argv)
{
    sned_error error = {.message = "usage: sned-manual sned | sned-COMMAND | completion DRIVER"};
    sned_status status = SNED_ERROR_ARGUMENT;
    if (argc == 3 && !strcmp(argv[1], "completion"))
        status = write_completion(argv[2], &error);
    else if (argc == 2)
        status = write_page(argv[1], &error);
    if (status == SNED_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = sned_fail(&error, SNED_ERROR_IO, "standard output: cannot be written");
    if (status != SNED_OK)
        fprintf(stderr, "sned-manual: %s\n", error.message);
    return status != SNED_OK;
}
