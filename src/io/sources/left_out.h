/*
 * left_out.h - files that are passed over, counted by their endings, so that it can be said in one line.
 */
#ifndef SNED_IO_SOURCES_LEFT_OUT_H
#define SNED_IO_SOURCES_LEFT_OUT_H

#include <stddef.h>

enum { LEFT_OUT_ENDINGS = 64, LEFT_OUT_ENDING_SIZE = 12, LEFT_OUT_TEXT = 192 };

/* {0} is none. */
struct left_out {
    size_t count; /* files, in all */
    struct left_out_ending {
        char ending[LEFT_OUT_ENDING_SIZE]; /* ".webp", in small letters; "" where a name has none */
        size_t count;
    } endings[LEFT_OUT_ENDINGS]; /* [kinds]; what finds no room is counted in `count` alone */
    size_t kinds;
};

void left_out_add(struct left_out *left_out, const char *path);
/* ".webp 2, .bmp 1": the most frequent first, at most five kinds. */
void left_out_text(struct left_out *left_out, char text[LEFT_OUT_TEXT]);

#endif
