/*
 * test_files.c - files in, and files out that are either complete or not there.
 */
#include "base/file.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *scratch_path(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/sned-test-%ld-%s", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid(),
             name);
    return path;
}

static void an_output_replaces_its_target_only_at_commit(void **state)
{
    char path[256];
    struct output output;
    struct file_map map;
    scratch_path(path, sizeof path, "output");
    assert_int_equal(sned_file_write(path, "old", 3, NULL), SNED_OK);
    assert_int_equal(sned_output_open(&output, path, NULL), SNED_OK);
    assert_int_equal(sned_output_write(&output, "newer", 5, NULL), SNED_OK);
    assert_int_equal(sned_file_map(&map, path, NULL), SNED_OK);
    assert_int_equal(map.size, 3);
    sned_file_unmap(&map);
    assert_int_equal(sned_output_commit(&output, NULL), SNED_OK);
    assert_int_equal(sned_file_map(&map, path, NULL), SNED_OK);
    assert_memory_equal(map.data, "newer", 5);
    sned_file_unmap(&map);
    unlink(path);
}

/* The number of a process that has ended. */
static pid_t dead_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return child;
}

static void an_output_removes_what_killed_processes_left_for_its_target_alone(void **state)
{
    const int dead = (int)dead_process(), alive = (int)getppid();
    const struct {
        const char *format; /* of the file's name, from a process's number */
        int process;
        bool stays;
    } files[] = {
        {".out.%d.tmp", dead, false},          {".out.%d.tmp", alive, true},
        {".other.%d.tmp", dead, true},         {".out.%d.tmp.bak", dead, true},
        {".out.-%d.tmp", dead, true},          {"out.%d.tmp", dead, true},
        {".out.0000000000%d.tmp", dead, true}, /* longer than any number of a process */
        {".out.%d-0123abcd.tmp", dead, false}, {".out.%d-0123abcd.tmp", alive, true},
        {".out.%d-0123abc.tmp", dead, true},   {".out.%d-0123abcX.tmp", dead, true},
    };
    char folder[256], path[512], name[64];
    struct output output;
    scratch_path(folder, sizeof folder, "left");
    assert_int_equal(mkdir(folder, 0700), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, files[i].format, files[i].process);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        fclose(fopen(path, "w"));
    }
    snprintf(path, sizeof path, "%s/out", folder);
    assert_int_equal(sned_output_open(&output, path, NULL), SNED_OK);
    sned_output_abort(&output);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, files[i].format, files[i].process);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        if ((access(path, F_OK) == 0) != files[i].stays)
            fail_msg("%s %s", name, files[i].stays ? "is gone" : "is still there");
        unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void a_finished_output_still_leaves_the_old_file_until_commit(void **state)
{
    char path[256];
    struct output output;
    struct stat info;
    scratch_path(path, sizeof path, "finished");
    assert_int_equal(sned_file_write(path, "old", 3, NULL), SNED_OK);
    assert_int_equal(sned_output_open(&output, path, NULL), SNED_OK);
    assert_int_equal(sned_output_write(&output, "newer", 5, NULL), SNED_OK);
    assert_int_equal(sned_output_finish(&output, NULL), SNED_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 3);
    assert_int_equal(sned_output_commit(&output, NULL), SNED_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 5);
    unlink(path);
}

static void an_aborted_output_leaves_the_old_file_and_nothing_else(void **state)
{
    char path[256], temporary[512];
    struct output output;
    struct stat info;
    scratch_path(path, sizeof path, "aborted");
    assert_int_equal(sned_file_write(path, "old", 3, NULL), SNED_OK);
    assert_int_equal(sned_output_open(&output, path, NULL), SNED_OK);
    snprintf(temporary, sizeof temporary, "%s", output.temporary);
    assert_int_equal(stat(temporary, &info), 0);
    sned_output_abort(&output);
    sned_output_abort(&output);
    assert_int_not_equal(stat(temporary, &info), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 3);
    unlink(path);
}

/* A stranger in a shared folder who guesses the name gains nothing: the name is another each time, and what
 * is there already is never opened. */
static void a_planted_link_is_not_written_through(void **state)
{
    char path[256], victim[256], first[512];
    struct output output;
    struct stat info;
    scratch_path(path, sizeof path, "planted");
    scratch_path(victim, sizeof victim, "victim");
    assert_int_equal(sned_file_write(victim, "precious", 8, NULL), SNED_OK);
    assert_int_equal(sned_output_open(&output, path, NULL), SNED_OK);
    snprintf(first, sizeof first, "%s", output.temporary);
    sned_output_abort(&output);
    assert_int_equal(symlink(victim, first), 0);
    assert_int_equal(sned_file_write(path, "new", 3, NULL), SNED_OK);
    assert_int_equal(lstat(first, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(stat(victim, &info), 0);
    assert_int_equal(info.st_size, 8);
    assert_null(fopen(first, "wbx")); /* what O_EXCL says of a link */
    unlink(first);
    unlink(victim);
    unlink(path);
}

static void a_file_is_read_up_to_a_limit(void **state)
{
    char path[256];
    struct buffer buffer = {0};
    scratch_path(path, sizeof path, "read");
    assert_int_equal(sned_file_write(path, "0123456789", 10, NULL), SNED_OK);
    assert_int_equal(sned_file_read(&buffer, path, 4, NULL), SNED_OK);
    assert_int_equal(buffer.size, 4);
    assert_int_equal(sned_file_read(&buffer, path, SIZE_MAX, NULL), SNED_OK);
    assert_int_equal(buffer.size, 14);
    assert_memory_equal(buffer.data, "01230123456789", 14);
    sned_buffer_free(&buffer);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(sned_file_read(&buffer, path, SIZE_MAX, NULL), SNED_ERROR_IO);
    unlink(path);
}

static void a_full_disk_is_an_error_at_commit(void **state)
{
    struct output output;
    sned_error error;
    if (access("/dev/full", W_OK) != 0)
        skip();
    char path[256];
    scratch_path(path, sizeof path, "full");
    assert_int_equal(sned_file_write(path, "old", 3, NULL), SNED_OK);
    assert_int_equal(sned_output_open(&output, path, NULL), SNED_OK);
    output.stream = freopen("/dev/full", "wb", output.stream);
    assert_non_null(output.stream);
    sned_output_write(&output, "bytes", 5, NULL);
    assert_int_equal(sned_output_commit(&output, &error), SNED_ERROR_IO);
    assert_non_null(strstr(error.message, path));
    struct file_map map;
    assert_int_equal(sned_file_map(&map, path, NULL), SNED_OK);
    assert_memory_equal(map.data, "old", 3);
    sned_file_unmap(&map);
    unlink(path);
}

static void files_that_cannot_be_used_are_named(void **state)
{
    struct file_map map;
    struct output output;
    sned_error error;
    assert_int_equal(sned_file_map(&map, "/nonexistent/file", &error), SNED_ERROR_IO);
    assert_non_null(strstr(error.message, "/nonexistent/file"));
    assert_int_equal(sned_file_map(&map, "/", &error), SNED_ERROR_IO);
    assert_int_equal(sned_output_open(&output, "/nonexistent/file", &error), SNED_ERROR_IO);
    assert_int_equal(sned_output_open(&output, "/dev/null", &error), SNED_ERROR_IO);
    assert_int_equal(sned_output_open(&output, "/tmp", &error), SNED_ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_output_replaces_its_target_only_at_commit),
        cmocka_unit_test(an_output_removes_what_killed_processes_left_for_its_target_alone),
        cmocka_unit_test(a_finished_output_still_leaves_the_old_file_until_commit),
        cmocka_unit_test(an_aborted_output_leaves_the_old_file_and_nothing_else),
        cmocka_unit_test(a_planted_link_is_not_written_through),
        cmocka_unit_test(a_file_is_read_up_to_a_limit),
        cmocka_unit_test(a_full_disk_is_an_error_at_commit),
        cmocka_unit_test(files_that_cannot_be_used_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
