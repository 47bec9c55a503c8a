/*
 * cmocka.h - the few words of cmocka that checkkernels uses, for a machine that has no cmocka: the cross
 * build finds this file where others find the library's. A failed assertion ends the program.
 */
#ifndef SNED_TESTS_AARCH64_CMOCKA_H
#define SNED_TESTS_AARCH64_CMOCKA_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    int (*setup_func)(void **state), (*teardown_func)(void **state);
    void *initial_state;
};

#define cmocka_unit_test(function)                                                                           \
    {                                                                                                        \
#function, function, NULL, NULL, NULL                                                                \
    }

__attribute__((format(printf, 1, 2), noreturn)) static inline void fail_msg(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n[  FAILED  ] 1 test(s).\n");
    exit(1);
}

#define print_message(...) printf(__VA_ARGS__)
#define assert_true(condition)                                                                               \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fail_msg("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                                   \
    } while (0)
#define assert_non_null(pointer)        assert_true((pointer) != NULL)
#define assert_int_equal(a, b)          assert_true((a) == (b))
#define assert_ptr_equal(a, b)          assert_true((a) == (b))
#define assert_string_equal(a, b)       assert_true(strcmp(a, b) == 0)
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
#define cmocka_run_group_tests(tests, begin, end)                                                            \
    _cmocka_run_group_tests(#tests, tests, sizeof(tests) / sizeof(tests)[0], NULL, NULL)

static inline int _cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                          int (*begin)(void **state), int (*end)(void **state))
{
    for (size_t i = 0; i < count; i++) {
        void *state = tests[i].initial_state;
        tests[i].test_func(&state);
        printf("[       OK ] %s\n", tests[i].name);
    }
    printf("[  PASSED  ] %zu test(s).\n", count);
    return 0;
}

#endif
