/*
 * print.c - print.h.
 */
#include "cli/terminal/print.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void print_line(const char *format, ...)
{
    char short_line[1024], *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length < 0) { /* no memory: the line is cut, as sned_fail cuts */
        va_start(arguments, format);
        vsnprintf(short_line, sizeof short_line, format, arguments);
        va_end(arguments);
        line = NULL;
    }
    char *text = line ? line : short_line;
    sned_text_plain(text);
    puts(text);
    free(line);
}
