/*
 * report.h - how long work tells of itself: a callback, so that libraries never print.
 */
#ifndef SNED_BASE_REPORT_H
#define SNED_BASE_REPORT_H

#include <stddef.h>

/* One moment of a loop: what it is, how far, how fast. Values that are not known are negative. */
struct progress {
    const char *task;      /* "epoch 3/10", "calibrate", "decode" */
    size_t done, total;    /* items, e.g. images */
    double seconds;        /* since this task began */
    double loss, accuracy; /* running means; accuracy in percent */
};

/* Zero-initialised: reports nothing. `message` takes one line: a decision, a warning, a result. */
struct reporter {
    void (*progress)(void *argument, const struct progress *progress);
    void (*message)(void *argument, const char *line);
    void *argument;
};

/* Both accept a NULL reporter. */
void sned_report_progress(const struct reporter *reporter, const struct progress *progress);
void sned_report(const struct reporter *reporter, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
