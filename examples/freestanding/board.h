/*
 * board.h - what main.c needs of a board: board_NAME.c has it.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>

void board_write(const char *text);
/* Bytes of the stack, at most; 0: nobody knows. */
size_t board_stack_used(void);

#endif
