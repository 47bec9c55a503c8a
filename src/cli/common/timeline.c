/*
 * timeline.c - a picture of what each unit did when: a row a unit, a bar a descriptor, a colour a layer.
 */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/common/simulation.h"

#include <stdarg.h>
#include <stdio.h>

enum { LEFT = 70, WIDTH = 1100, ROW = 34, TOP = 40 };

static const char *const unit_names[SIM_UNITS] = {"load", "conv", "vector", "fc", "store"};

static sned_status append(struct buffer *text, sned_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static sned_status append(struct buffer *text, sned_error *error, const char *format, ...)
{
    char line[1024];
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    return sned_buffer_append(text, line, (size_t)(length < (int)sizeof line ? length : (int)sizeof line - 1),
                              error);
}

/* A layer's name without what XML would take for its own. */
static void plain(char *out, size_t size, const char *name)
{
    size_t at = 0;
    for (; *name && at + 1 < size; name++)
        out[at++] = *name == '<' || *name == '>' || *name == '&' || *name == '"' ? '_' : *name;
    out[at] = 0;
    sned_text_plain(out);
}

static sned_status append_bar(struct buffer *text, const struct accel_program *program,
                              const struct sim_event *event, uint64_t first, double scale, sned_error *error)
{
    char name[81] = "";
    if (event->layer < program->layer_count)
        plain(name, sizeof name, program->layers[event->layer].name);
    const double x = LEFT + (double)(event->begin - first) * scale,
                 width = (double)(event->end - event->begin) * scale;
    return append(text, error,
                  "<rect x='%.2f' y='%d' width='%.2f' height='%d' fill='hsl(%d 60%% 60%%)'><title>%s: %llu "
                  "cycles</title></rect>\n",
                  x, TOP + event->unit * ROW, width > .5 ? width : .5, ROW - 8, event->layer * 67 % 360, name,
                  (unsigned long long)(event->end - event->begin));
}

sned_status timeline_write(const char *path, const struct accel_program *program,
                           const struct sim_event *events, size_t count, sned_error *error)
{
    struct buffer text = {0};
    uint64_t first = count ? events[0].begin : 0, last = first + 1;
    sned_status status;
    for (size_t i = 0; i < count; i++) {
        first = events[i].begin < first ? events[i].begin : first;
        last = events[i].end > last ? events[i].end : last;
    }
    const double scale = (double)WIDTH / (double)(last - first);
    SNED_TRY_DONE(
        append(&text, error,
               "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' "
               "font-size='12'>\n<text x='%d' y='20'>%s, %llu cycles</text>\n",
               LEFT + WIDTH + 20, TOP + SIM_UNITS * ROW + 10, LEFT, program->config->name,
               (unsigned long long)(last - first)));
    for (int u = 0; u < SIM_UNITS; u++)
        SNED_TRY_DONE(
            append(&text, error, "<text x='8' y='%d'>%s</text>\n", TOP + u * ROW + 18, unit_names[u]));
    for (size_t i = 0; i < count; i++)
        SNED_TRY_DONE(append_bar(&text, program, &events[i], first, scale, error));
    SNED_TRY_DONE(append(&text, error, "</svg>\n"));
    SNED_TRY_DONE(sned_file_write(path, text.data, text.size, error));
done:
    sned_buffer_free(&text);
    return status;
}
