/*
 * facts.c - see facts.h.
 */
#include "cli/report/facts.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sned_status report_tell(struct report_facts *facts, sned_error *error, const char *format, ...)
{
    char *sentence = NULL;
    va_list list;
    va_start(list, format);
    const int length = vasprintf(&sentence, format, list);
    va_end(list);
    if (length < 0)
        return sned_fail(error, SNED_ERROR_MEMORY, "out of memory");
    sned_status status =
        sned_resize(&facts->decisions, (size_t)facts->decision_count + 1, sizeof *facts->decisions, error);
    if (status == SNED_OK)
        facts->decisions[facts->decision_count++] = sentence;
    else
        free(sentence);
    return status;
}

struct report_layer *report_layer_find(const struct report_facts *facts, const char *name)
{
    for (int i = 0; i < facts->layer_count; i++)
        if (!strcmp(facts->layers[i].name, name))
            return &facts->layers[i];
    return NULL;
}

void report_facts_free(struct report_facts *facts)
{
    for (int i = 0; i < facts->layer_count; i++)
        free(facts->layers[i].name);
    for (int i = 0; i < facts->decision_count; i++)
        free(facts->decisions[i]);
    free(facts->layers);
    free(facts->points);
    free(facts->decisions);
    free(facts->command_line);
    free(facts->network);
    free(facts->model);
    free(facts->data);
    free(facts->output);
    *facts = (struct report_facts){0};
}
