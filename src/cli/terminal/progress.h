/*
 * progress.h - a reporter that shows work on stderr: a bar on a terminal, plain lines elsewhere.
 */
#ifndef SNED_CLI_TERMINAL_PROGRESS_H
#define SNED_CLI_TERMINAL_PROGRESS_H

#include "base/report.h"
#include <stdbool.h>

struct display {
    bool terminal, bar_drawn;
    double last_shown;  /* seconds on the monotonic clock */
    char last_task[64]; /* plain lines: a task's first and last moments are always shown */
};
/* `display` lives as long as the reporter; quiet gives a reporter that says nothing. */
struct reporter display_reporter(struct display *display, bool quiet);
/* Ends the line of a bar that is still drawn. */
void display_finish(struct display *display);

#endif
