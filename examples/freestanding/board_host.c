/*
 * board_host.c - the program where it is written: to try main.c on, and the library's freestanding build.
 */
#include "board.h"

#include <stdio.h>

void board_write(const char *text)
{
    fputs(text, stdout);
}

size_t board_stack_used(void)
{
    return 0;
}
