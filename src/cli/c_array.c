/*
 * c_array.c - a file as an array of C.
 *
 * Bytes are decimal, as many to a line as fit, which compilers read quickest. Both names are declared before
 * they are defined, so that no warning asks for it.
 */
#include "cli/c_array.h"
#include "base/file.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 110, MOST_NAME = 64 };

/* Of the path's last part, up to its first dot: letters and digits as they are, all else as underscores,
 * never a digit in front, and an end that makes it no keyword. */
static void name_of(char name[MOST_NAME], const char *path)
{
    const char *slash = strrchr(path, '/'), *part = slash ? slash + 1 : path;
    int length = 0;
    if (!isalpha((unsigned char)*part))
        length += snprintf(name, MOST_NAME, "net_");
    for (; *part && *part != '.' && length < MOST_NAME - 6; part++)
        name[length++] = (char)(isalnum((unsigned char)*part) ? *part : '_');
    strcpy(name + length, "_sned");
}

static void write_bytes(FILE *stream, const struct buffer *bytes)
{
    int column = 0;
    for (size_t i = 0; i < bytes->size; i++) {
        const int width = bytes->data[i] > 99 ? 4 : bytes->data[i] > 9 ? 3 : 2;
        if (column + width > LINE) {
            putc('\n', stream);
            column = 0;
        }
        column += fprintf(stream, "%d,", bytes->data[i]);
    }
}

sned_status c_array_write(const char *path, const struct buffer *bytes, sned_error *error)
{
    struct output output = {0};
    char name[MOST_NAME];
    sned_status status;
    name_of(name, path);
    SNED_TRY_DONE(sned_output_open(&output, path, error));
    fprintf(output.stream,
            "/* A packed network, for sned_open_memory(&model, %s, %s_size, &error), in a file that has\n"
            " *     extern const unsigned char %s[];\n"
            " *     extern const size_t %s_size;\n"
            " */\n"
            "#include <stddef.h>\n"
            "extern const unsigned char %s[];\n"
            "extern const size_t %s_size;\n"
            "const size_t %s_size = %zu;\n"
            "const unsigned char %s[%zu] = {\n",
            name, name, name, name, name, name, name, bytes->size, name, bytes->size);
    write_bytes(output.stream, bytes);
    fputs("\n};\n", output.stream);
    status = sned_output_commit(&output, error);
done:
    sned_output_abort(&output);
    return status;
}
