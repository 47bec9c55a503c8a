/*
 * html.h - a page that grows: markup stands in the format, and whatever %s brings is escaped in its place.
 *
 * What layers, labels and paths are called is anybody's bytes. A text that is not ours comes through %s, and
 * %s cannot break out: control characters and bytes that are no UTF-8 become '?' (sned_text_plain), the five
 * characters that mean something in HTML and XML become entities.
 */
#ifndef SNED_CLI_REPORT_HTML_H
#define SNED_CLI_REPORT_HTML_H

#include "base/memory.h"

struct html {
    struct buffer text; /* UTF-8; sned_buffer_free */
    sned_status status; /* of the first put that failed: those after it do nothing */
    sned_error *error;
};
/* Markup of our own, a constant, as it stands. */
void html_own(struct html *html, const char *markup);
/* Of printf's conversions %s, %d, %f (with a precision) and %%, no more. */
void html_put(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
