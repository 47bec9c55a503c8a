/*
 * head.h - which of a network's outputs, its heads, the commands take: that one comes first, and labels,
 * scores and loss are about it (graph.h).
 */
#ifndef SNED_CLI_COMMON_HEAD_H
#define SNED_CLI_COMMON_HEAD_H

#include "base/report.h"
#include "graph/graph.h"

/* --head: puts the output of that name in front of the others, which keep their order. The names of the
 * classes are those of the output that was the first, and go where that is another now. */
sned_status head_take(struct graph *graph, const char *name, sned_error *error);
/* Of a network with several outputs, which one the labels are for. */
void head_tell(const struct graph *graph, const struct reporter *reporter);

#endif
