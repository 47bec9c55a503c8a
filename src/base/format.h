/*
 * format.h - numbers and names as text.
 *
 * libsned's running part uses these in the place of stdio, of which src/freestanding needs so much alone.
 */
#ifndef SNED_BASE_FORMAT_H
#define SNED_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* As vsnprintf and snprintf. Of their conversions the running part uses %s, %.60s and %.*s, %d and %u, these
 * with ll or z before them, %g, and no others (tests/freestanding/cortex_m.sh). */
int sned_format_list(char *text, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int sned_format(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
