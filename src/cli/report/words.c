/*
 * words.c - see words.h.
 */
#include "cli/report/words.h"

#include <stdio.h>

const char *time_text(char text[32], double seconds)
{
    const long whole = (long)(seconds + 0.5);
    if (seconds < 10)
        snprintf(text, 32, "%.1f s", seconds);
    else if (whole < 60)
        snprintf(text, 32, "%ld s", whole);
    else if (whole < 3600)
        snprintf(text, 32, "%ld min %02ld s", whole / 60, whole % 60);
    else
        snprintf(text, 32, "%ld h %02ld min", whole / 3600, whole % 3600 / 60);
    return text;
}
