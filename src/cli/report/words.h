/*
 * words.h - what the page says in words: times, sentences.
 */
#ifndef SNED_CLI_REPORT_WORDS_H
#define SNED_CLI_REPORT_WORDS_H

#include "cli/report/facts.h"

/* "12 s", "3 min 05 s", "2 h 10 min" */
const char *time_text(char text[32], double seconds);

#endif
