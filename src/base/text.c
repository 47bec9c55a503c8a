/*
 * text.c - UTF-8 decoded strictly (RFC 3629), and what a terminal would obey taken out of it.
 */
#include "base/text.h"
#include "base/format.h"

#include <stdint.h>
#include <string.h>

/* The bytes of the character at `text`, at most 4, and its code point; 0: not UTF-8. The 0 at the end of a
 * text is no continuation, so nothing behind it is read. */
static size_t decode(const char *text, uint32_t *code)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *bytes = (const uint8_t *)text;
    size_t length = bytes[0] < 0x80 ? 1 : bytes[0] < 0xc0 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    *code = length == 1 ? bytes[0] : length == 0 ? 0 : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (bytes[i] & 0x3f);
    }
    bool is_surrogate = *code >= 0xd800 && *code < 0xe000;
    return bytes[0] >= 0xf8 || is_surrogate || *code < least[length] || *code > 0x10ffff ? 0 : length;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void sned_text_plain(char *text)
{
    char *to = text;
    while (*text) {
        uint32_t code;
        size_t length = decode(text, &code);
        if (length == 0 || is_control(code)) {
            *to++ = '?';
            text += length ? length : 1;
        } else {
            memmove(to, text, length);
            to += length;
            text += length;
        }
    }
    *to = 0;
}

bool sned_text_is_utf8(const char *text)
{
    uint32_t code;
    size_t length = 1;
    while (*text && (length = decode(text, &code)))
        text += length;
    return length != 0;
}

size_t sned_text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((uint8_t)*text & 0xc0) != 0x80;
    return width;
}

const char *sned_text_noun(size_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

void sned_text_list(char *list, size_t size, const char *word)
{
    static const char more[] = "...";
    const size_t length = strlen(list), left = size - length;
    const char *comma = length ? ", " : "";
    const size_t needed = strlen(comma) + strlen(word) + strlen(", ") + sizeof more;
    if (length >= strlen(more) && strcmp(list + length - strlen(more), more) == 0)
        return;
    sned_format(list + length, left, "%s%s", comma, needed <= left ? word : more);
}
