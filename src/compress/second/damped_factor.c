/*
 * damped_factor.c - see damped_factor.h.
 *
 * Moments of a sample are singular wherever a channel is dead or constant, two are equal, or there are fewer
 * samples than channels; and those that were added up in float32 may have eigenvalues a little below 0. What
 * is added to the diagonal lifts all of them. Each square of L's diagonal is a pivot of elimination, that is
 * the least x^T (H + D) x of an x with a 1 in one place, and so not below H + D's least eigenvalue: a pivot
 * well below D shows that the errors in H are as large as D, and that more is needed.
 *
 * Elimination goes from the last row up, in blocks, so that almost all of it is matrix products; rows and
 * columns are scaled to a diagonal of ones before, for float32 to be enough. The upper triangle keeps H
 * meanwhile, for the next damping.
 */
#include "compress/second/damped_factor.h"
#include "base/memory.h"

#include <dnnl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* As shares of H's mean diagonal. At the last the other entries hardly matter: rounding to the nearest. */
static const double first_damping = 0.01, damping_growth = 10, last_damping = 1e6;

enum { BLOCK = 64, STRIP = 512 };

struct elimination {
    float *h; /* [n][n] */
    size_t n;
    double *diagonal; /* [n]: of H */
    double *root;     /* [n]: of the damped diagonal */
    double extra;     /* what is added to it */
    float *square;    /* [STRIP][STRIP], or [n][n] where that is less */
};

/* The lower triangle, damped and scaled, from the upper one; false where the diagonal has no root. */
static bool restore(struct elimination *e)
{
    for (size_t i = 0; i < e->n; i++) {
        const double damped = e->diagonal[i] + e->extra;
        if (!(damped > 0) || isinf(damped))
            return false;
        e->root[i] = sqrt(damped);
    }
    for (size_t i = 0; i < e->n; i++) {
        float *row = e->h + i * e->n;
        for (size_t j = 0; j < i; j++)
            row[j] = (float)(e->h[j * e->n + i] / (e->root[i] * e->root[j]));
        row[i] = 1;
    }
    return true;
}

/* Rows `first` to before `end` among themselves, in doubles. False where a pivot is below half of what was
 * added, or no number. */
static bool eliminate_block(struct elimination *e, size_t first, size_t end)
{
    double block[BLOCK][BLOCK];
    const size_t size = end - first;
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j <= i; j++)
            block[i][j] = e->h[(first + i) * e->n + first + j];
    for (size_t i = size; i-- > 0;) {
        const double pivot = block[i][i], root = e->root[first + i];
        if (!(pivot * root * root >= e->extra / 2) || isinf(pivot))
            return false;
        for (size_t j = 0; j <= i; j++)
            block[i][j] /= sqrt(pivot);
        for (size_t j = 0; j < i; j++)
            for (size_t k = 0; k <= j; k++)
                block[j][k] -= block[i][j] * block[i][k];
    }
    for (size_t i = 0; i < size; i++) {
        for (size_t j = 0; j <= i; j++)
            e->h[(first + i) * e->n + first + j] = (float)block[i][j];
    }
    return true;
}

/* The block's rows to the left of it: L_bb^T X = H_b. */
static void solve_left(struct elimination *e, size_t first, size_t end)
{
    for (size_t i = end; i-- > first;) {
        float *row = e->h + i * e->n;
        for (size_t r = i + 1; r < end; r++) {
            const float *other = e->h + r * e->n;
            const float share = other[i];
            for (size_t j = 0; j < first; j++)
                row[j] -= share * other[j];
        }
        for (size_t j = 0; j < first; j++)
            row[j] /= row[i];
    }
}

/* Takes X^T X from the lower triangle of what is left, `left` rows, X being rows `first` to before `end`. */
static sned_status subtract(struct elimination *e, size_t left, size_t first, size_t end, sned_error *error)
{
    const float *x = e->h + first * e->n;
    const dnnl_dim_t stride = (dnnl_dim_t)e->n, rows = (dnnl_dim_t)(end - first);
    for (size_t from = 0; from < left; from += STRIP) {
        const size_t to = left - from < STRIP ? left : from + STRIP;
        const dnnl_dim_t size = (dnnl_dim_t)(to - from);
        if ((from > 0 && dnnl_sgemm('T', 'N', size, (dnnl_dim_t)from, rows, -1, x + from, stride, x, stride,
                                    1, e->h + from * e->n, stride) != dnnl_success) ||
            dnnl_sgemm('T', 'N', size, size, rows, 1, x + from, stride, x + from, stride, 0, e->square,
                       size) != dnnl_success)
            return sned_fail(error, SNED_ERROR_MEMORY, "oneDNN: no matrix product");
        for (size_t i = 0; i < to - from; i++)
            for (size_t j = 0; j <= i; j++)
                e->h[(from + i) * e->n + from + j] -= e->square[i * (to - from) + j];
    }
    return SNED_OK;
}

static sned_status eliminate(struct elimination *e, bool *done, sned_error *error)
{
    *done = restore(e);
    for (size_t end = e->n; *done && end > 0;) {
        const size_t first = end > BLOCK ? end - BLOCK : 0;
        *done = eliminate_block(e, first, end);
        if (*done) {
            solve_left(e, first, end);
            SNED_TRY(subtract(e, first, first, end, error));
        }
        end = first;
    }
    return SNED_OK;
}

/* Back to H's scale, and each row divided by its last element. */
static void finish_rows(struct elimination *e)
{
    for (size_t i = 0; i < e->n; i++) {
        float *row = e->h + i * e->n;
        for (size_t j = 0; j < i; j++)
            row[j] = (float)(row[j] * e->root[j] / (row[i] * e->root[i]));
        row[i] = (float)(row[i] * e->root[i]);
    }
}

static double turn_up(struct elimination *e)
{
    double trace = 0;
    for (size_t i = 0; i < e->n; i++) {
        for (size_t j = 0; j < i; j++)
            e->h[j * e->n + i] = e->h[i * e->n + j];
        e->diagonal[i] = e->h[i * e->n + i];
        trace += fmax(e->diagonal[i], 0);
    }
    return trace;
}

sned_status damped_factor(float *h, size_t n, sned_error *error)
{
    const size_t strip = n < STRIP ? n : STRIP;
    struct elimination e = {.h = h, .n = n};
    bool done = false;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&e.diagonal, n, sizeof *e.diagonal, error));
    SNED_TRY_DONE(sned_alloc(&e.root, n, sizeof *e.root, error));
    SNED_TRY_DONE(sned_alloc(&e.square, strip, strip * sizeof *e.square, error));
    const double trace = turn_up(&e);
    for (double share = first_damping; !done && share <= last_damping; share *= damping_growth) {
        /* Of an input that is always the same, any rounding is as good. */
        e.extra = trace > 0 ? share * trace / (double)n : share / first_damping;
        SNED_TRY_DONE(eliminate(&e, &done, error));
    }
    if (done)
        finish_rows(&e);
    else
        status = sned_fail(error, SNED_ERROR_DATA, "moments that are no numbers");
done:
    free(e.diagonal);
    free(e.root);
    free(e.square);
    return status;
}
