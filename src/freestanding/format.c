/*
 * format.c - base/format.h without stdio: the few conversions that it names.
 *
 * %g gives six digits, as printf does, by multiplications in double: the last one may be another.
 */
#include "base/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MOST_DIGITS = 24, PRECISION = 6 };

/* A text of `size` bytes, its 0 among them, of which `length` would be written if all fitted. */
struct text {
    char *to;
    size_t size, length;
};

static void put(struct text *text, char letter)
{
    if (text->length + 1 < text->size)
        text->to[text->length] = letter;
    text->length++;
}

static void put_string(struct text *text, const char *string, size_t most)
{
    for (; most > 0 && *string; string++, most--)
        put(text, *string);
}

static void put_unsigned(struct text *text, uint64_t number)
{
    char digits[MOST_DIGITS];
    int count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count > 0)
        put(text, digits[--count]);
}

static void put_signed(struct text *text, int64_t number)
{
    if (number < 0)
        put(text, '-');
    put_unsigned(text, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* ---- %g ---- */

/* A positive finite number as six digits, the first of which stands for 10^exponent. */
static uint32_t six_digits(double number, int *exponent)
{
    double scaled = number;
    int power = 0;
    for (; scaled >= 1e6; power++)
        scaled /= 10;
    for (; scaled < 1e5; power--)
        scaled *= 10;
    uint32_t digits = (uint32_t)(scaled + 0.5);
    if (digits == 1000000) {
        digits /= 10;
        power++;
    }
    *exponent = power + PRECISION - 1;
    return digits;
}

static void put_exponent(struct text *text, int exponent)
{
    put(text, 'e');
    put(text, exponent < 0 ? '-' : '+');
    exponent = exponent < 0 ? -exponent : exponent;
    if (exponent < 10)
        put(text, '0');
    put_unsigned(text, (uint64_t)exponent);
}

static void put_number(struct text *text, double number)
{
    char digits[PRECISION];
    int exponent = 0, count = PRECISION;
    uint32_t six = number > 0 ? six_digits(number, &exponent) : 0;
    for (int i = PRECISION - 1; i >= 0; i--, six /= 10)
        digits[i] = (char)('0' + six % 10);
    while (count > 1 && digits[count - 1] == '0')
        count--;
    const bool plain = exponent >= -4 && exponent < PRECISION;
    const int point = plain ? exponent : 0; /* behind which digit it stands */
    if (point < 0)
        put_string(text, "0.000", (size_t)(1 - point));
    for (int i = 0; i < count || i <= point; i++) {
        put(text, i < count ? digits[i] : '0');
        if (i == point && i + 1 < count)
            put(text, '.');
    }
    if (!plain)
        put_exponent(text, exponent);
}

static void put_double(struct text *text, double number)
{
    if (number < 0)
        put(text, '-');
    if (number != number)
        put_string(text, "nan", SIZE_MAX);
    else if (number - number != 0)
        put_string(text, "inf", SIZE_MAX);
    else
        put_number(text, number < 0 ? -number : number);
}

/* ---- a format ---- */

/* The arguments, by way of a pointer to a structure, since a va_list may be an array. */
struct arguments {
    va_list list;
};

/* Behind the % at `format`: .60 or .*, of strings alone. */
static const char *read_precision(const char *format, struct arguments *arguments, size_t *most)
{
    *most = SIZE_MAX;
    if (*format != '.')
        return format;
    if (*++format == '*') {
        const int given = va_arg(arguments->list, int);
        *most = given < 0 ? SIZE_MAX : (size_t)given;
        return format + 1;
    }
    for (*most = 0; *format >= '0' && *format <= '9'; format++)
        *most = *most * 10 + (size_t)(*format - '0');
    return format;
}

/* Behind that: z or ll, of an integer as long as `size`. */
static const char *read_size(const char *format, size_t *size)
{
    const bool is_long = format[0] == 'l' && format[1] == 'l';
    *size = *format == 'z' ? sizeof(size_t) : is_long ? sizeof(long long) : sizeof(int);
    return format + (*format == 'z') + 2 * is_long;
}

static uint64_t next_unsigned(struct arguments *arguments, size_t size)
{
    return size == sizeof(long long) ? va_arg(arguments->list, unsigned long long)
                                     : va_arg(arguments->list, unsigned);
}

static int64_t next_signed(struct arguments *arguments, size_t size)
{
    return size == sizeof(long long) ? va_arg(arguments->list, long long) : va_arg(arguments->list, int);
}

/* One conversion, from behind its %; what is behind it. */
static const char *convert(struct text *text, const char *format, struct arguments *arguments)
{
    size_t most, size;
    format = read_precision(format, arguments, &most);
    format = read_size(format, &size);
    switch (*format) {
    case 's':
        put_string(text, va_arg(arguments->list, const char *), most);
        break;
    case 'd':
        put_signed(text, next_signed(arguments, size));
        break;
    case 'u':
        put_unsigned(text, next_unsigned(arguments, size));
        break;
    case 'g':
        put_double(text, va_arg(arguments->list, double));
        break;
    case 0:
        return format;
    default:
        put(text, *format);
    }
    return format + 1;
}

int sned_format_list(char *text, size_t size, const char *format, va_list list)
{
    struct text made = {text, size, 0};
    struct arguments arguments;
    va_copy(arguments.list, list);
    while (*format)
        if (*format == '%')
            format = convert(&made, format + 1, &arguments);
        else
            put(&made, *format++);
    va_end(arguments.list);
    if (size > 0)
        text[made.length < size ? made.length : size - 1] = 0;
    return (int)made.length;
}

int sned_format(char *text, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int length = sned_format_list(text, size, format, list);
    va_end(list);
    return length;
}
