/*
 * print.h - the one way by which text that a file brings reaches standard output.
 */
#ifndef SNED_CLI_TERMINAL_PRINT_H
#define SNED_CLI_TERMINAL_PRINT_H

/* One line, its end added: what a terminal would obey (control characters in names and labels) is left out of
 * it, sned_text_plain. Whether it arrived is seen at the end of the program, as for all of stdout. */
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
