/*
 * story.h - what a compression did and why: its curve, and a sentence for each decision.
 */
#ifndef SNED_CLI_REPORT_STORY_H
#define SNED_CLI_REPORT_STORY_H

#include "cli/report/facts.h"

/* Into facts that report_begin has made, else nothing. */
sned_status story_of_compress(struct report_facts *facts, const struct compress_result *result,
                              const struct compress_options *options, sned_error *error);

#endif
