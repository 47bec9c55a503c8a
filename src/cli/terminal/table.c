/*
 * table.c - tables on stdout.
 */
#include "cli/terminal/table.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sned_status add_cell(struct table *table, char *text, sned_error *error)
{
    if (table->cells == table->capacity) {
        int capacity = table->capacity ? table->capacity * 2 : 64;
        sned_status status = sned_resize(&table->cell, (size_t)capacity, sizeof *table->cell, error);
        if (status != SNED_OK) {
            free(text);
            return status;
        }
        table->capacity = capacity;
    }
    table->cell[table->cells++] = text;
    return SNED_OK;
}

sned_status table_new(struct table *table, const char *const *titles, sned_error *error)
{
    sned_status status = SNED_OK;
    *table = (struct table){0};
    for (; titles[table->columns] && status == SNED_OK; table->columns++)
        status = table_cell(table, error, "%s", titles[table->columns]);
    return status;
}

sned_status table_cell(struct table *table, sned_error *error, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
    sned_text_plain(text);
    return add_cell(table, text, error);
}

static bool is_right(const struct table *table, int column)
{
    return table->cell[column][0] == '>';
}

static const char *cell_text(const struct table *table, int index)
{
    const char *text = table->cell[index];
    return index < table->columns && *text == '>' ? text + 1 : text;
}

static void measure(const struct table *table, size_t *widths)
{
    for (int i = 0; i < table->cells; i++) {
        size_t width = sned_text_width(cell_text(table, i)), *column = &widths[i % table->columns];
        *column = width > *column ? width : *column;
    }
}

sned_status table_print(const struct table *table, sned_error *error)
{
    size_t *widths;
    SNED_TRY(sned_alloc(&widths, (size_t)table->columns, sizeof *widths, error));
    measure(table, widths);
    for (int i = 0; i < table->cells; i++) {
        int column = i % table->columns;
        const char *text = cell_text(table, i);
        int blanks = (int)(widths[column] - sned_text_width(text));
        bool last = column == table->columns - 1;
        if (is_right(table, column))
            printf("%*s%s", blanks, "", text);
        else
            printf("%s%*s", text, last ? 0 : blanks, ""); /* no blanks at a line's end */
        fputs(last ? "\n" : "  ", stdout);
    }
    free(widths);
    return SNED_OK;
}

void table_free(struct table *table)
{
    for (int i = 0; i < table->cells; i++)
        free(table->cell[i]);
    free(table->cell);
    *table = (struct table){0};
}

const char *format_count(char text[32], uint64_t count)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count), used = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = 0;
    return text;
}

const char *format_bytes(char text[32], uint64_t bytes)
{
    if (bytes < 1000)
        snprintf(text, 32, "%" PRIu64 " B", bytes);
    else if (bytes < 1000000)
        snprintf(text, 32, "%.1f KB", (double)bytes / 1e3);
    else
        snprintf(text, 32, "%.2f MB", (double)bytes / 1e6);
    return text;
}
