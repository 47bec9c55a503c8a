/*
 * error.c - the one-line error message and the names of the codes.
 */
#include "base/error.h"
#include "base/format.h"
#include "base/text.h"

#include <string.h>

sned_status sned_fail(sned_error *error, sned_status status, const char *format, ...)
{
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        error->status = status;
        sned_format_list(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        sned_text_plain(error->message);
    }
    return status;
}

sned_status sned_error_context(sned_error *error, sned_status status, const char *format, ...)
{
    if (error && status != SNED_OK) {
        char inner[sizeof error->message], where[sizeof error->message];
        memcpy(inner, error->message, sizeof inner);
        va_list arguments;
        va_start(arguments, format);
        sned_format_list(where, sizeof where, format, arguments);
        va_end(arguments);
        /* What happened matters more than where: the place gives way when both do not fit. */
        size_t room = sizeof error->message - 3;
        size_t inner_length = strlen(inner);
        int where_length = (int)(room > inner_length ? room - inner_length : 0);
        sned_format(error->message, sizeof error->message, "%.*s: %.*s", where_length, where, (int)room,
                    inner);
        sned_text_plain(error->message);
    }
    return status;
}

const char *sned_status_name(sned_status status)
{
    static const char *const names[] = {"ok",     "argument", "memory",   "io",          "truncated",
                                        "format", "version",  "checksum", "unsupported", "shape",
                                        "data",   "diverged", "limit"};
    size_t index = (size_t)status;
    return index < sizeof names / sizeof *names ? names[index] : "unknown";
}

#define STRINGIZE_(x) #x
#define STRINGIZE(x)  STRINGIZE_(x)

const char *sned_version(void)
{
    return STRINGIZE(SNED_VERSION_MAJOR) "." STRINGIZE(SNED_VERSION_MINOR) "." STRINGIZE(SNED_VERSION_PATCH);
}

int sned_version_number(void)
{
    return SNED_VERSION;
}
