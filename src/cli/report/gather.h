/*
 * gather.h - a run's facts, gathered as it goes: what the network was, what the file holds, how it came about.
 *
 * All of it does nothing where --report was not given, so that a command calls one after the other:
 *
 *     report_begin(&facts, "pack", &model, options)       before anything changes the graph
 *     ...                                                 report_tell, facts.points: what the command knows
 *     report_end(&facts, &outcome, integer, options)      once the result is in its file
 *     report_sensitivity(&facts, integer, ...)            where there are images to look at
 *     report_write_page(&facts, options)
 */
#ifndef SNED_CLI_REPORT_GATHER_H
#define SNED_CLI_REPORT_GATHER_H

#include "cli/common/outcome.h"
#include "cli/report/facts.h"

/* The float network's layers and weights, as they are with batch norms folded; starts the clock. */
sned_status report_begin(struct report_facts *facts, const char *command, const struct model *model,
                         const struct options *options, sned_error *error);
/* What became of them, by their names; stops the clock. */
void report_end(struct report_facts *facts, const struct outcome *outcome, const struct graph *integer,
                const struct options *options);
/* By its name; NULL where there is none. */
struct report_layer *report_layer_find(const struct report_facts *facts, const char *name);
/* The page, into --report's file. */
sned_status report_write_page(const struct report_facts *facts, const struct options *options,
                              sned_error *error);

#endif
