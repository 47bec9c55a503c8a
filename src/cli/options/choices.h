/*
 * choices.h - the options that take one of a few words. Parsing and completion read the same lists.
 */
#ifndef SNED_CLI_OPTIONS_CHOICES_H
#define SNED_CLI_OPTIONS_CHOICES_H

#include "cli/options/options.h"

/* The words that an option takes, NULL at the end; NULL where it takes anything else. */
const char *const *choice_words(enum option_key key);

/* Which of choice_words(key) `text` is. */
sned_status choice_find(int *index, enum option_key key, const char *text, sned_error *error);

#endif
