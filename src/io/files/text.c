/*
 * text.c - what editors leave around and in a text.
 */
#include "io/files/text.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 30 };

const char *text_behind_mark(const char *text)
{
    return strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
}

static sned_status check_text(const struct file_map *map, const char *path, sned_error *error)
{
    const uint8_t *bytes = map->data;

    if (map->size >= 2 && (bytes[0] ^ bytes[1]) == 1 && (bytes[0] & bytes[1]) == 0xfe)
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: is UTF-16: save it as UTF-8", path);
    if (map->size > TEXT_MAX || (map->size && memchr(bytes, 0, map->size)))
        return sned_fail(error, SNED_ERROR_FORMAT, "%s: not a text", path);
    return SNED_OK;
}

sned_status text_read(char **text, const char *path, sned_error *error)
{
    sned_status status;
    struct file_map map = {0};

    *text = NULL;
    SNED_TRY_DONE(sned_file_map(&map, path, error));
    SNED_TRY_DONE(check_text(&map, path, error));
    SNED_TRY_DONE(sned_alloc(text, map.size + 1, 1, error));
    if (map.size)
        memcpy(*text, map.data, map.size);
    const char *behind = text_behind_mark(*text);
    memmove(*text, behind, strlen(behind) + 1);
done:
    sned_file_unmap(&map);
    return status;
}

char *text_next_line(char **cursor)
{
    char *line = *cursor, *end;

    if (!*line)
        return NULL;
    end = strchr(line, '\n');
    *cursor = end ? end + 1 : line + strlen(line);
    if (!end)
        end = *cursor;
    while (end > line && isspace((unsigned char)end[-1]))
        end--;
    *end = 0;
    while (isspace((unsigned char)*line))
        line++;
    return line;
}

sned_status text_check_name(const char *name, const char *path, size_t line, sned_error *error)
{
    if (sned_text_is_utf8(name))
        return SNED_OK;
    return sned_fail(error, SNED_ERROR_FORMAT,
                     "%s:%zu: is not UTF-8 (Latin-1, or a code page?): save the text as UTF-8", path, line);
}
