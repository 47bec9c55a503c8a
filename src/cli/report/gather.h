/*
 * gather.h - a run's facts, gathered as it goes: what the network was, what the file holds, how it came
 * about.
 *
 * All do nothing where --report was not given, so that a command calls one after the other:
 *
 *     report_begin(&facts, "pack", &model, options)      before anything changes the graph
 *     report_listen(&facts, &reporter)                   where what work says is the story of it
 *     ...                                                or what the command knows: points, report_tell
 *     report_finish(&facts, &outcome, integer, ...)      once the result is in its file
 */
#ifndef SNED_CLI_REPORT_GATHER_H
#define SNED_CLI_REPORT_GATHER_H

#include "cli/common/outcome.h"
#include "cli/report/facts.h"

/* Seconds of --time-budget that the report may take at the end, which the work before it does not have; 0:
 * there is no report, or no such budget. */
double report_seconds(const struct options *options);
/* The float network's layers and weights, as they are with batch norms folded; starts the clock. */
sned_status report_begin(struct report_facts *facts, const char *command, const struct model *model,
                         const struct options *options, sned_error *error);
/* From here on every line that `reporter` is told is a sentence of the report, too. `facts` outlives it. */
void report_listen(struct report_facts *facts, struct reporter *reporter, const struct options *options);
/* What became of them, by their names; how dear their bits are, on images that trained nothing (NULL: it is
 * not measured); the page, into --report's file. */
sned_status report_finish(struct report_facts *facts, const struct outcome *outcome,
                          const struct graph *integer, const struct images *images,
                          const struct options *options, const struct reporter *reporter, sned_error *error);

#endif
