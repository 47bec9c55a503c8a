/*
 * table.h - aligned columns of text, and numbers as people write them.
 */
#ifndef SNED_CLI_TERMINAL_TABLE_H
#define SNED_CLI_TERMINAL_TABLE_H

#include "base/memory.h"

/* Collects cells row by row; columns whose title starts with '>' (not printed) are right-aligned. */
struct table {
    int columns;
    int cells; /* the titles included */
    char **cell;
    int capacity;
};
sned_status table_new(struct table *table, const char *const *titles,
                      sned_error *error); /* NULL at the end */
/* What a terminal would obey is taken out of the text (sned_text_plain): names come from files. */
sned_status table_cell(struct table *table, sned_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
sned_status table_print(const struct table *table, sned_error *error); /* to stdout */
void table_free(struct table *table);

/* "1,244,448" */
const char *format_count(char text[32], uint64_t count);
/* "8.7 MB", "44.1 KB", "812 B"; 1 KB is 1000 bytes */
const char *format_bytes(char text[32], uint64_t bytes);

#endif
