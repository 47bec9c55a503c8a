/*
 * channels.h - which channels of a float graph's activations can be given other units together.
 */
#ifndef SNED_COMPRESS_QUANTIZE_CHANNELS_H
#define SNED_COMPRESS_QUANTIZE_CHANNELS_H

#include "graph/channels.h"

/*
 * All channels of a class may be divided by one positive factor, and the network's function stays:
 * the filters that make them are divided, the columns of weights that read them multiplied, and every
 * operator between is linear in that factor, as ReLU is (Nagel et al. 2019, "Data-free quantization through
 * weight equalization and bias correction"). fixed[root]: something reads or makes them that is not.
 */
sned_status channels_find(struct channels *channels, const struct graph *graph, sned_error *error);

#endif
