/*
 * gather.h - a run's facts, gathered as it goes: what the network was, what the file holds, how it came
 * about.
 *
 * Both do nothing where --report was not given, so that a command calls one after the other:
 *
 *     report_begin(&facts, "pack", &model, options)      before anything changes the graph
 *     ...                                                what the command knows: points, wants, report_tell
 *     report_finish(&facts, &outcome, integer, ...)      once the result is in its file
 */
#ifndef SNED_CLI_REPORT_GATHER_H
#define SNED_CLI_REPORT_GATHER_H

#include "cli/common/outcome.h"
#include "cli/report/facts.h"

/* The float network's layers and weights, as they are with batch norms folded; starts the clock. */
sned_status report_begin(struct report_facts *facts, const char *command, const struct model *model,
                         const struct options *options, sned_error *error);
/* What became of them, by their names; how dear their bits are, on images that trained nothing (NULL: it is
 * not measured); the page, into --report's file. */
sned_status report_finish(struct report_facts *facts, const struct outcome *outcome,
                          const struct graph *integer, const struct images *images,
                          const struct options *options, const struct reporter *reporter, sned_error *error);

#endif
