/*
 * left_out.c - a small table of endings.
 */
#include "io/sources/left_out.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void left_out_add(struct left_out *left_out, const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    char ending[LEFT_OUT_ENDING_SIZE];
    size_t i = 0;

    snprintf(ending, sizeof ending, "%s", dot ? dot : "");
    for (char *letter = ending; *letter; letter++)
        *letter = (char)tolower((unsigned char)*letter);
    left_out->count++;
    while (i < left_out->kinds && strcmp(left_out->endings[i].ending, ending) != 0)
        i++;
    if (i == LEFT_OUT_ENDINGS)
        return;
    if (i == left_out->kinds)
        strcpy(left_out->endings[left_out->kinds++].ending, ending);
    left_out->endings[i].count++;
}

static int compare_endings(const void *a, const void *b)
{
    const struct left_out_ending *left = a, *right = b;

    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    return strcmp(left->ending, right->ending);
}

void left_out_text(struct left_out *left_out, char text[LEFT_OUT_TEXT])
{
    size_t length = 0, shown = left_out->kinds < 5 ? left_out->kinds : 5;

    *text = 0;
    qsort(left_out->endings, left_out->kinds, sizeof *left_out->endings, compare_endings);
    for (size_t i = 0; i < shown; i++) {
        const struct left_out_ending *row = &left_out->endings[i];
        length += (size_t)snprintf(text + length, LEFT_OUT_TEXT - length, "%s%s %zu", i ? ", " : "",
                                   *row->ending ? row->ending : "no ending", row->count);
    }
    if (shown < left_out->kinds)
        snprintf(text + length, LEFT_OUT_TEXT - length, ", ...");
}
