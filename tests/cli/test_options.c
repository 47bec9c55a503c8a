/*
 * test_options.c - the table of options and the commands that take them.
 */
#include "cli/options/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool some_command_takes(enum option_key key)
{
    for (int i = 0; commands[i]; i++)
        for (int k = 0; commands[i]->keys[k]; k++)
            if (commands[i]->keys[k] == key)
                return true;
    return key == OPTION_JSON || key == OPTION_QUIET; /* which all take */
}

static void every_option_is_one_of_a_command(void **state)
{
    (void)state;
    for (int key = 1; key < OPTION_COUNT; key++)
        if (!some_command_takes((enum option_key)key))
            fail_msg("option %d of the table is no command's", key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_one_of_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
