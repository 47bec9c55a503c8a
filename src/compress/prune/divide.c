/*
 * divide.c - how many weights each layer may keep of a total.
 */
#include "base/memory.h"
#include "compress/prune/prune.h"

#include <math.h>
#include <stdlib.h>

/* A layer's adaptive scores, highest first. */
struct ladder {
    float *scores;
    size_t count; /* weights still kept */
    size_t least;
};

static int compare_descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

static sned_status ladder_make(struct ladder *ladder, const struct prune_share *share, sned_error *error)
{
    double sum = 0;
    SNED_TRY(sned_alloc(&ladder->scores, share->count, sizeof *ladder->scores, error));
    for (size_t i = 0; i < share->count; i++)
        if (!share->mask || share->mask[i] != 0)
            ladder->scores[ladder->count++] = share->scores[i];
    qsort(ladder->scores, ladder->count, sizeof *ladder->scores, compare_descending);
    for (size_t i = 0; i < ladder->count; i++) {
        double square = (double)ladder->scores[i] * ladder->scores[i];
        sum += square;
        ladder->scores[i] = sum > 0 ? (float)(square / sum) : 0;
    }
    ladder->least = share->least < ladder->count ? share->least : ladder->count;
    if (ladder->least == 0 && ladder->count > 0)
        ladder->least = 1;
    return SNED_OK;
}

/* How many of a layer's scores are at or above the threshold. They fall, so that halving finds it. */
static size_t ladder_keep(const struct ladder *ladder, double threshold)
{
    size_t low = 0, high = ladder->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ladder->scores[middle] >= threshold)
            low = middle + 1;
        else
            high = middle;
    }
    return low > ladder->least ? low : ladder->least;
}

static size_t keep_at(const struct ladder *ladders, struct prune_share *shares, int count, double threshold)
{
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        shares[i].keep = ladder_keep(&ladders[i], threshold);
        total += shares[i].keep;
    }
    return total;
}

sned_status prune_divide(struct prune_share *shares, int share_count, size_t total, sned_error *error)
{
    struct ladder *ladders = NULL;
    double low = log(1e-38), high = 0.7; /* logarithms: keeps more than the total, keeps fewer */
    sned_status status = SNED_OK;
    SNED_TRY_DONE(sned_alloc(&ladders, (size_t)share_count, sizeof *ladders, error));
    for (int i = 0; i < share_count; i++)
        SNED_TRY_DONE(ladder_make(&ladders[i], &shares[i], error));
    for (int i = 0; i < 64; i++) {
        double middle = (low + high) / 2;
        if (keep_at(ladders, shares, share_count, exp(middle)) > total)
            low = middle;
        else
            high = middle;
    }
    size_t kept = keep_at(ladders, shares, share_count, exp(high));
    for (int i = 0; i < share_count; i++) /* what equal scores at the threshold left over */
        while (kept < total && shares[i].keep < ladders[i].count &&
               ladders[i].scores[shares[i].keep] >= exp(low)) {
            shares[i].keep++;
            kept++;
        }
done:
    for (int i = 0; ladders && i < share_count; i++)
        free(ladders[i].scores);
    free(ladders);
    return status;
}
