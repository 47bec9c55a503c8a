/*
 * mask.c - the weights of highest score stay, the others go.
 *
 * The threshold is found by counting, not by sorting: scores are not negative, so that their bits, read as
 * integers, are in the order of their values; one histogram of the upper 16 bits finds the bucket, a second
 * of the lower 16 the exact value. Two passes, whatever the size of the layer.
 */
#include "base/memory.h"
#include "compress/prune/prune.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << 16 };

size_t prune_keep_count(size_t count, double density)
{
    double keep = (double)count * density + 0.5;
    if (keep < 1)
        return count < 1 ? count : 1;
    return keep >= (double)count ? count : (size_t)keep;
}

static uint32_t bits_of(float score)
{
    uint32_t bits;
    memcpy(&bits, &score, sizeof bits);
    return bits & 0x7fffffffu; /* -0 is 0 */
}

/* The bucket, counted from above, in which the `keep`-th highest lies; *above: how many are above it. */
static uint32_t find_bucket(const size_t *histogram, size_t keep, size_t *above)
{
    size_t sum = 0;
    for (uint32_t b = BUCKETS; b-- > 0;) {
        if (sum + histogram[b] >= keep) {
            *above = sum;
            return b;
        }
        sum += histogram[b];
    }
    *above = sum;
    return 0;
}

static size_t fill_histogram(size_t *histogram, const float *scores, const uint8_t *mask, size_t count,
                             bool upper, uint32_t bucket)
{
    size_t seen = 0;
    memset(histogram, 0, BUCKETS * sizeof *histogram);
    for (size_t i = 0; i < count; i++) {
        if (mask && !mask[i])
            continue;
        uint32_t bits = bits_of(scores[i]);
        if (upper)
            histogram[bits >> 16]++;
        else if (bits >> 16 == bucket)
            histogram[bits & 0xffff]++;
        seen++;
    }
    return seen;
}

sned_status prune_tensor(struct tensor *weights, const float *scores, size_t keep, sned_error *error)
{
    size_t count = sned_shape_elements(&weights->shape), above = 0, above_exact = 0;
    float *values = weights->data;
    size_t *histogram = NULL;
    sned_status status = SNED_OK;
    SNED_TRY_DONE(sned_alloc(&histogram, BUCKETS, sizeof *histogram, error));
    if (fill_histogram(histogram, scores, weights->mask, count, true, 0) <= keep)
        goto done; /* nothing to cut */
    uint32_t bucket = find_bucket(histogram, keep, &above);
    fill_histogram(histogram, scores, weights->mask, count, false, bucket);
    uint32_t threshold = bucket << 16 | find_bucket(histogram, keep - above, &above_exact);
    size_t ties = keep - above - above_exact; /* so many of those that equal the threshold stay */

    if (!weights->mask) {
        SNED_TRY_DONE(sned_alloc(&weights->mask, count, 1, error));
        memset(weights->mask, 1, count);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = bits_of(scores[i]);
        bool stays = weights->mask[i] != 0 && (bits > threshold || (bits == threshold && ties > 0));
        if (stays && bits == threshold)
            ties--;
        weights->mask[i] = stays;
        if (!stays)
            values[i] = 0;
    }
done:
    free(histogram);
    return status;
}
