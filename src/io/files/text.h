/*
 * text.h - texts that people wrote: read whole, line by line.
 */
#ifndef SNED_IO_FILES_TEXT_H
#define SNED_IO_FILES_TEXT_H

#include "base/error.h"
#include <stddef.h>

/*
 * The file with a 0 behind it, a byte order mark taken out (owned: free). UTF-16, and a 0 inside, are
 * SNED_ERROR_FORMAT. Bytes need not be UTF-8: names of files are not always.
 */
sned_status text_read(char **text, const char *path, sned_error *error);

/* Cuts the next line out of *cursor, blanks at both ends left out; NULL at the end of the text. */
char *text_next_line(char **cursor);

/* A line that is to be shown and kept as a name must be UTF-8: SNED_ERROR_FORMAT names file and line. */
sned_status text_check_name(const char *name, const char *path, size_t line, sned_error *error);

/* Behind the byte order mark of a text in memory. */
const char *text_behind_mark(const char *text);

#endif
