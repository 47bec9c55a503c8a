/*
 * system.c - base/system.h's small pieces and its random keys, and base/clock.h's clock, where there are none
 * of the latter.
 *
 * The key of a table of names is no secret here: a file that is made for it can make its names fall together,
 * which costs time for as many as fit into the array, and no more.
 */
#include "base/system.h"
#include "sned_freestanding.h"

#include <string.h>

/* There is no page. */
void sned_system_read_often(const void *at)
{
}

size_t sned_system_piece(void)
{
    return 1 << 12;
}

sned_status sned_system_random(void *key, size_t size, sned_error *error)
{
    memset(key, 0x5e, size);
    return SNED_OK;
}

__attribute__((weak)) double sned_clock(void)
{
    return 0;
}
