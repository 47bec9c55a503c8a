/*
 * manual_completion.c - the tables behind bash completion.
 *
 * What an argument takes is read off the usage line, where a person reads it too: NET is a network of `sned
 * new`, MODEL.onnx a file of that ending, "glyphs|pictures" one of the two.
 */
#include "cli/options/choices.h"
#include "cli/manual.h"
#include "zoo/zoo.h"

#include <string.h>

static bool word_is(const char *word, int length, const char *other)
{
    return (size_t)length == strlen(other) && !strncmp(word, other, strlen(other));
}

static bool word_ends(const char *word, int length, const char *ending)
{
    int tail = (int)strlen(ending);
    return length >= tail && !strncmp(word + length - tail, ending, (size_t)tail);
}

static void list(FILE *out, const char *const *words)
{
    fputs("words", out);
    for (int i = 0; words[i]; i++)
        fprintf(out, " %s", words[i]);
}

/* "glyphs|pictures" */
static void list_alternatives(FILE *out, const char *word, int length)
{
    fputs("words ", out);
    for (int i = 0; i < length; i++)
        fputc(word[i] == '|' ? ' ' : word[i], out);
}

/* The usage line's arguments that are no options, by place from 0: "MODEL", "[MODEL]", "IMAGE...". False
 * beyond the last. The word starts at *word, *length long. */
static bool find_argument(const struct command *command, int place, const char **word, int *length)
{
    *word = command->arguments;
    for (int i = 0;; i++) {
        *word += strspn(*word, " ");
        *length = (int)strcspn(*word, " ");
        if (!*length || **word == '-' || !strncmp(*word, "[-", 2))
            return false;
        if (i == place)
            return true;
        *word += *length;
    }
}

static void describe_argument(FILE *out, const char *word, int length)
{
    if (!strncmp(word, "IMAGE", strlen("IMAGE"))) /* folders are offered with files */
        fprintf(out, "files jpg JPG jpeg JPEG png PNG%s",
                memmem(word, (size_t)length, "VALUES", 6) ? " npy npz" : "");
    else if (memchr(word, '|', (size_t)length))
        list_alternatives(out, word, length);
    else if (word_is(word, length, "NET"))
        list(out, zoo_names);
    else if (word_ends(word, length, ".onnx"))
        fputs("files onnx", out);
    else if (word_ends(word, length, ".sned"))
        fputs("files sned", out);
    else if (word_is(word, length, "MODEL") || word_is(word, length, "[MODEL]"))
        fputs("files onnx sned", out);
    else
        fputs("files", out);
}

static void describe_value(FILE *out, const struct option_row *row)
{
    if (choice_words(row->key))
        list(out, choice_words(row->key));
    else if (!strcmp(row->argument, "FOLDER"))
        fputs("folders", out);
    else if (!strcmp(row->argument, "MODEL"))
        describe_argument(out, row->argument, (int)strlen(row->argument));
    else if (row->key == OPTION_DATA || !strcmp(row->argument, "FILE"))
        fputs("files", out);
    else
        fputs("anything", out);
}

static void name_option(FILE *out, const struct option_row *row)
{
    if (row->letter)
        fprintf(out, " -%c", row->letter);
    fprintf(out, " --%s", row->name);
}

static void write_options(FILE *out)
{
    fputs("_sned_options() {\n    case $1 in\n", out);
    for (int i = 0; commands[i]; i++) {
        fprintf(out, "        %s) echo words", commands[i]->name);
        for (int k = 0; commands[i]->keys[k]; k++)
            name_option(out, &option_table[commands[i]->keys[k]]);
        name_option(out, &option_table[OPTION_JSON]);
        name_option(out, &option_table[OPTION_QUIET]);
        fputs(" --help ;;\n", out);
    }
    fputs("    esac\n}\n", out);
}

static void write_values(FILE *out)
{
    fputs("_sned_value() {\n    case $1 in\n", out);
    for (int i = 1; i < OPTION_COUNT; i++) {
        const struct option_row *row = &option_table[i];
        if (!row->argument)
            continue;
        fputs("        ", out);
        if (row->letter)
            fprintf(out, "-%c | ", row->letter);
        fprintf(out, "--%s) echo ", row->name);
        describe_value(out, row);
        fputs(" ;;\n", out);
    }
    fputs("    esac\n}\n", out);
}

/* A last argument with dots stands for all that follow. */
static void write_arguments(FILE *out)
{
    const char *word;
    int length;
    fputs("_sned_argument() {\n    case $1:$2 in\n", out);
    for (int i = 0; commands[i]; i++) {
        for (int place = 0; find_argument(commands[i], place, &word, &length); place++) {
            if (word_ends(word, length, "..."))
                fprintf(out, "        %s:*) echo ", commands[i]->name);
            else
                fprintf(out, "        %s:%d) echo ", commands[i]->name, place);
            describe_argument(out, word, length);
            fputs(" ;;\n", out);
        }
    }
    fputs("    esac\n}\n", out);
}

void manual_completion(FILE *out)
{
    fputs("# sned - completion for bash, written by the build from the tables behind sned --help.\n\n"
          "_sned_commands() {\n    echo words",
          out);
    for (int i = 0; commands[i]; i++)
        fprintf(out, " %s", commands[i]->name);
    fputs(" --help --version\n}\n", out);
    write_options(out);
    write_values(out);
    write_arguments(out);
}
