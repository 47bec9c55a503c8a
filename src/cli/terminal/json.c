/*
 * json.c - json.h over jansson, whose calls pass NULL on and report it at the end.
 */
#include "cli/terminal/json.h"

#include <stdarg.h>
#include <stdio.h>

sned_status json_append(json_t *array, json_t *item, sned_error *error, const char *what, ...)
{
    if (json_array_append_new(array, item) == 0)
        return SNED_OK;
    char name[256];
    va_list arguments;
    va_start(arguments, what);
    vsnprintf(name, sizeof name, what, arguments);
    va_end(arguments);
    return sned_fail(
        error, SNED_ERROR_DATA,
        "%s: JSON cannot hold it: its name is not UTF-8, a number of it is not finite, or memory is out",
        name);
}

sned_status print_json(json_t *object, sned_error *error)
{
    if (!object)
        return sned_fail(
            error, SNED_ERROR_DATA,
            "JSON cannot hold the result: a text is not UTF-8, a number is not finite, or memory is out");
    int failed = json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
    json_decref(object);
    putchar('\n');
    return failed ? sned_fail(error, SNED_ERROR_IO, "standard output: cannot be written") : SNED_OK;
}
