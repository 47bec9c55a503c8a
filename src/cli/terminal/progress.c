/*
 * progress.c - the bar and its plain twin.
 */
#include "cli/terminal/progress.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 24 };
static const double BAR_INTERVAL = 0.1, LINE_INTERVAL = 10; /* seconds between two updates */

/* "6432/s, 12 s left, loss 0.1234, 97.21 %": what is known of it. */
static void describe(char *text, size_t size, const struct progress *progress)
{
    size_t used = 0;
    text[0] = 0;
    if (progress->seconds > 0 && progress->done > 0) {
        double rate = (double)progress->done / progress->seconds;
        double left =
            (double)(progress->total > progress->done ? progress->total - progress->done : 0) / rate;
        used += (size_t)snprintf(text, size, "  %.*f/s, %.0f s left", rate < 10 ? 1 : 0, rate, left);
    }
    if (progress->loss >= 0 && used < size)
        used += (size_t)snprintf(text + used, size - used, ", loss %.4f", progress->loss);
    if (progress->accuracy >= 0 && used < size)
        snprintf(text + used, size - used, ", %.2f %%", progress->accuracy);
}

static void draw_bar(struct display *display, const struct progress *progress, const char *details)
{
    char bar[BAR_WIDTH + 1];
    size_t filled = progress->total ? progress->done * BAR_WIDTH / progress->total : 0;
    for (size_t i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR_WIDTH] = 0;
    fprintf(stderr, "\r%-14s [%s] %zu/%zu%s\x1b[K", progress->task, bar, progress->done, progress->total,
            details);
    display->bar_drawn = true;
}

static void show_progress(void *argument, const struct progress *progress)
{
    struct display *display = argument;
    double now = sned_clock();
    bool ended = progress->total && progress->done >= progress->total;
    bool fresh = strncmp(display->last_task, progress->task, sizeof display->last_task - 1) != 0;
    double interval = display->terminal ? BAR_INTERVAL : LINE_INTERVAL;
    if (!ended && (fresh ? !display->terminal : now - display->last_shown < interval)) {
        /* A plain line comes at the end of a task, and every LINE_INTERVAL of a long one; not at its
         * start. */
        if (fresh) {
            snprintf(display->last_task, sizeof display->last_task, "%s", progress->task);
            display->last_shown = now;
        }
        return;
    }
    char details[128];
    describe(details, sizeof details, progress);
    snprintf(display->last_task, sizeof display->last_task, "%s", progress->task);
    display->last_shown = now;
    if (display->terminal) {
        draw_bar(display, progress, details);
        if (ended)
            display_finish(display);
    } else {
        fprintf(stderr, "%s: %zu/%zu%s\n", progress->task, progress->done, progress->total, details);
    }
}

static void show_message(void *argument, const char *line)
{
    display_finish(argument);
    fprintf(stderr, "%s\n", line);
}

struct reporter display_reporter(struct display *display, bool quiet)
{
    *display = (struct display){.terminal = isatty(STDERR_FILENO)};
    return quiet ? (struct reporter){0} : (struct reporter){show_progress, show_message, display};
}

void display_finish(struct display *display)
{
    if (display->bar_drawn)
        fputc('\n', stderr);
    display->bar_drawn = false;
}
