/*
 * manual_page.c - manual pages in man(7)'s macros. The texts are those of --help; here they are only set.
 */
#include "cli/options/defaults.h"
#include "cli/manual.h"
#include "sned.h"

#include <stdlib.h>
#include <string.h>

/* Text as roff takes it literally. A dash that begins a word or stands in an option's name is one to type, so
 * it must come out as ASCII; roff is free to make a hyphen of the others. */
static void set_text(FILE *out, const char *text, size_t length)
{
    bool option = false, start = true;
    if (length && (*text == '.' || *text == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (start)
            option = c == '-';
        if (c == '\\')
            fputs("\\e", out);
        else if (c == '-' && option)
            fputs("\\-", out);
        else if (c == '~' || c == '^')
            fputs(c == '~' ? "\\(ti" : "\\(ha", out);
        else
            fputc(c, out);
        start = strchr(" ([\"", c) != NULL;
    }
}

static void set_line(FILE *out, const char *text)
{
    set_text(out, text, strlen(text));
    fputc('\n', out);
}

/* "-o, --output=FILE", then what it does. */
static void set_option(FILE *out, const struct option_row *row)
{
    fputs(".TP\n", out);
    if (row->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB", out);
    char name[64];
    int length = snprintf(name, sizeof name, "--%s", row->name);
    set_text(out, name, (size_t)length);
    fputs("\\fR", out);
    if (row->argument)
        fprintf(out, "=\\fI%s\\fR", row->argument);
    fputc('\n', out);
    char *help = option_help(row);
    set_line(out, help ? help : row->help);
    free(help);
}

static void set_help_option(FILE *out, const char *what)
{
    fprintf(out, ".TP\n\\fB\\-\\-help\\fR\nPrint %s\n", what);
}

static void set_options(FILE *out, const struct command *command)
{
    fputs(".SH OPTIONS\n", out);
    for (int i = 0; command->keys[i]; i++)
        set_option(out, &option_table[command->keys[i]]);
    set_option(out, &option_table[OPTION_JSON]);
    set_option(out, &option_table[OPTION_QUIET]);
    set_help_option(out, "usage, options and what is said here");
}

static void set_commands(FILE *out)
{
    fputs(".SH COMMANDS\nEach has a page of its own.\n", out);
    for (int i = 0; commands[i]; i++) {
        fprintf(out, ".TP\n\\fBsned\\-%s\\fR(1)\n", commands[i]->name);
        set_line(out, commands[i]->summary);
    }
    fputs(".SH OPTIONS\n", out);
    set_help_option(out, "the commands");
    fputs(".TP\n\\fB\\-\\-version\\fR\nPrint the version\n"
          ".PP\nEvery command takes these:\n",
          out);
    set_option(out, &option_table[OPTION_JSON]);
    set_option(out, &option_table[OPTION_QUIET]);
    set_help_option(out, "what the command takes");
}

static void set_exit_status(FILE *out)
{
    fputs(".SH EXIT STATUS\n"
          ".TP\n0\nDone\n"
          ".TP\n1\nThe input or the run failed; one line on standard error says what, where and what to do\n"
          ".TP\n2\nWrong usage\n",
          out);
}

/* sned's page sees every command's, a command's page sees sned's and the others'. */
static void set_see_also(FILE *out, const struct command *command)
{
    fputs(".SH SEE ALSO\n", out);
    const char *joint = "";
    if (command) {
        fputs("\\fBsned\\fR(1)", out);
        joint = ",\n";
    }
    for (int i = 0; commands[i]; i++) {
        if (commands[i] == command)
            continue;
        fprintf(out, "%s\\fBsned\\-%s\\fR(1)", joint, commands[i]->name);
        joint = ",\n";
    }
    fputs("\n.PP\nREADME.md and docs/ in the documentation's folder, share/doc/sned\n", out);
}

static void set_title(FILE *out, const char *page, const char *summary)
{
    fprintf(out, ".TH ");
    for (const char *c = page; *c; c++)
        fputc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, out);
    /* No hyphens in names that a person may type, so none at all, and then no stretched lines. */
    fprintf(out, " 1 \"\" \"sned %s\" \"sned\"\n.nh\n.ad l\n.SH NAME\n%s \\- ", sned_version(), page);
    set_line(out, summary);
}

void manual_page(FILE *out, const struct command *command)
{
    char page[64];
    snprintf(page, sizeof page, "sned%s%s", command ? "-" : "", command ? command->name : "");
    set_title(out, page, command ? command->summary : program_summary);
    fputs(".SH SYNOPSIS\n", out);
    if (command) {
        fprintf(out, "\\fBsned %s\\fR ", command->name);
        set_text(out, command->arguments, strlen(command->arguments));
        fputs(" [\\fIOPTION\\fR...]\n.SH DESCRIPTION\n", out);
        set_line(out, command->text);
        set_options(out, command);
    } else {
        fputs("\\fBsned\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]\n", out);
        set_commands(out);
    }
    set_exit_status(out);
    set_see_also(out, command);
}
