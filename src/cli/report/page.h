/*
 * page.h - the facts of a run as one page of HTML that needs nothing else: no network, font or script.
 */
#ifndef SNED_CLI_REPORT_PAGE_H
#define SNED_CLI_REPORT_PAGE_H

#include "cli/report/facts.h"
#include "cli/report/html.h"

/* The whole page, written beside `path` and renamed over it. */
sned_status report_write(const char *path, const struct report_facts *facts, sned_error *error);

#endif
