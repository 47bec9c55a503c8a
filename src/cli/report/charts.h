/*
 * charts.h - the pictures of a report, as SVG in the page: each with a title and a description for those who
 * hear it, nothing told by a colour alone, no text smaller on a phone.
 */
#ifndef SNED_CLI_REPORT_CHARTS_H
#define SNED_CLI_REPORT_CHARTS_H

#include "cli/report/facts.h"
#include "cli/report/html.h"

/* Bytes against accuracy: the networks that the search made, the one chosen, the float network, what was
 * wanted. For two points or more. */
void curve_put(struct html *html, const struct report_facts *facts);

/* A bar as wide as the bytes' share of `most`, in the parts that are known. */
void bytes_bar_put(struct html *html, const struct report_layer *layer, uint64_t most);

/* One layer's weights by value: before upwards, after downwards. */
void histogram_put(struct html *html, const struct report_layer *layer);

#endif
