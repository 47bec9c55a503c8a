/*
 * text.h - text for a person's terminal: what strangers chose made fit for it, and words for numbers.
 */
#ifndef SNED_BASE_TEXT_H
#define SNED_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Names in models, labels and data sets are anybody's bytes: an escape sequence among them would move the
 * cursor or retitle the window, an override of the writing direction would show another name. In place, each
 * control character (C0, DEL, C1, line and paragraph separators, directions) and each byte that is not UTF-8
 * becomes one '?'; the text may become shorter.
 */
void sned_text_plain(char *text);

bool sned_text_is_utf8(const char *text);

/* Characters, for aligning columns: the bytes of UTF-8 that begin one. */
size_t sned_text_width(const char *text);

/* "1 image", "2 images": the noun for so many. */
const char *sned_text_noun(size_t count, const char *one, const char *many);

/* Another word at the end of a list, "a, b, c", in list [size]; what finds no room is "..." at its end. */
void sned_text_list(char *list, size_t size, const char *word);

#endif
