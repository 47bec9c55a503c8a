/*
 * html.c - see html.h.
 */
#include "cli/report/html.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct html *html, const char *text, size_t size)
{
    if (html->status == SNED_OK)
        html->status = sned_buffer_append(&html->text, text, size, html->error);
}

void html_own(struct html *html, const char *markup)
{
    append(html, markup, strlen(markup));
}

static const char *entity(char character)
{
    switch (character) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    }
    return NULL;
}

static void append_escaped(struct html *html, const char *text)
{
    char *plain = NULL;
    if (html->status == SNED_OK)
        html->status = sned_strdup(&plain, text, html->error);
    if (html->status != SNED_OK)
        return;
    sned_text_plain(plain);
    for (const char *at = plain; *at;) {
        const size_t harmless = strcspn(at, "<>&\"'");
        append(html, at, harmless);
        at += harmless;
        if (*at) {
            append(html, entity(*at), strlen(entity(*at)));
            at++;
        }
    }
    free(plain);
}

/* One conversion, from its '%' on. Returns what is behind it. */
static const char *put_conversion(struct html *html, const char *format, va_list *list)
{
    const size_t length = 2 + strspn(format + 1, ".0123456789");
    const char kind = format[length - 1];
    char conversion[16] = "", text[400];
    if (length < sizeof conversion)
        memcpy(conversion, format, length);
    if (kind == 's')
        append_escaped(html, va_arg(*list, const char *));
    else if (kind == 'd')
        append(html, text, (size_t)snprintf(text, sizeof text, conversion, va_arg(*list, int)));
    else if (kind == 'f')
        append(html, text, (size_t)snprintf(text, sizeof text, conversion, va_arg(*list, double)));
    else
        append(html, "%", 1);
    return format + length;
}

void html_put(struct html *html, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    while (*format) {
        const size_t length = strcspn(format, "%");
        append(html, format, length);
        format += length;
        if (*format)
            format = put_conversion(html, format, &list);
    }
    va_end(list);
}
