/*
 * moments.h - first and second moments of what the filters of a Conv or Gemm read.
 */
#ifndef SNED_COMPRESS_QUANTIZE_MOMENTS_H
#define SNED_COMPRESS_QUANTIZE_MOMENTS_H

#include "compress/quantize/observe.h"

/* Filters are cut into blocks of whole input channels, of so many weights at most where a channel allows it:
 * what lies in different blocks is taken as unrelated. The second moments of a block take 400 MB at most. */
enum { MOMENTS_BLOCK = 10240 };

/* Of one layer. A filter of group g reads `columns` numbers at a position, [C/groups][R][S]. */
struct moments {
    int filters, groups, columns, block;
    size_t samples;
    float *origin; /* [groups][columns]: what the others are differences from; 0 for most columns */
    float *mean; /* [groups][columns]: of x - origin; sums until moments_finish, which makes means of them */
    float **second; /* [groups * blocks]: [size][size] each, of (x - origin) (x - origin)^T, likewise */
};

/* Blocks of a filter, and where they start; block `blocks` is the end. */
int moments_blocks(const struct moments *moments);
int moments_start(const struct moments *moments, int block);

/*
 * Moments of the inputs of every Conv and Gemm, from some positions of each image: moments
 * [node_count], those of other nodes zero. Released one by one by moments_free, then the array by free.
 * Activations are rounded where they have a quantization: these are the numbers that the integer network
 * reads.
 */
sned_status moments_measure(struct moments **moments, struct graph *graph,
                            const struct calibration_images *images,
                            const struct calibration_options *options, sned_error *error);
void moments_free(struct moments *moments);

double moments_mean(const struct moments *moments, int group, int column);
/* An entry of a block's covariance, or, where not `centred`, of E[x x^T]. */
double moments_second(const struct moments *moments, int group, int block, bool centred, int i, int j);
/* The lower triangle of h [size][size]: the same of columns order[0], order[1], .. of the block. */
void moments_fill(const struct moments *moments, int group, int block, bool centred, const int *order,
                  float *h);

#endif
