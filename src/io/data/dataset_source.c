/*
 * dataset_source.c - what all kinds of data sets share: how one is closed.
 */
#include "io/data/dataset_source.h"

#include "io/data/labels.h"

void source_close(struct source *source)
{
    if (!source)
        return;
    class_names_free(source->class_names, source->class_count);
    source->kind->close(source);
}
