/*
 * report.c - calling a reporter that may not be there.
 */
#include "base/report.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

void sned_report_progress(const struct reporter *reporter, const struct progress *progress)
{
    if (reporter && reporter->progress)
        reporter->progress(reporter->argument, progress);
}

void sned_report(const struct reporter *reporter, const char *format, ...)
{
    if (reporter && reporter->message) {
        char line[1024];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(line, sizeof line, format, arguments);
        va_end(arguments);
        sned_text_plain(line);
        reporter->message(reporter->argument, line);
    }
}
