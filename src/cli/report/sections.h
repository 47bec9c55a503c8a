/*
 * sections.h - the parts of the page that have files of their own.
 */
#ifndef SNED_CLI_REPORT_SECTIONS_H
#define SNED_CLI_REPORT_SECTIONS_H

#include "cli/report/facts.h"
#include "cli/report/html.h"

/* How it looks, for the head, and the few lines of script that sort a table, for the end (style.c). */
void style_put(struct html *html);
void script_put(struct html *html);
/* Where the bytes are, the table of layers, their weights before and after (layers_section.c). */
void layers_put(struct html *html, const struct report_facts *facts);

#endif
