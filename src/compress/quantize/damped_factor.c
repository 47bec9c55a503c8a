/*
 * damped_factor.c - see damped_factor.h.
 *
 * Moments of a sample are singular wherever a channel is dead or constant, two are equal, or there are fewer
 * samples than channels; and those that were added up in float32 may have eigenvalues a little below 0. What
 * is added to the diagonal lifts all of them. Each square of L's diagonal is a pivot of elimination, that is
 * the least x^T (H + D) x of an x with a 1 in one place, and so not below H + D's least eigenvalue: a pivot
 * well below D shows that the errors in H are as large as D, and that more is needed.
 */
#include "compress/quantize/damped_factor.h"
#include "base/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* As shares of H's mean diagonal. At the last the other entries hardly matter: rounding to the nearest. */
static const double first_damping = 0.01, damping_growth = 10, last_damping = 1e6;

/* From the last row up, in place, the lower triangle; then each row divided by its diagonal. False where a
 * square of the diagonal is below `least`, or no number. */
static bool factorize(double *h, size_t n, double least)
{
    for (size_t i = n; i-- > 0;) {
        double *row = h + i * n;
        if (!(row[i] >= least) || isinf(row[i]))
            return false;
        const double diagonal = sqrt(row[i]);
        for (size_t j = 0; j <= i; j++)
            row[j] /= diagonal;
        for (size_t j = 0; j < i; j++) {
            double *other = h + j * n;
            const double share = row[j];
            for (size_t k = 0; k <= j; k++)
                other[k] -= share * row[k];
        }
        for (size_t j = 0; j < i; j++)
            row[j] /= diagonal;
    }
    return true;
}

/* The lower triangle from the upper one and the diagonal that is kept beside it. */
static void restore(double *h, const double *diagonal, size_t n, double extra)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            h[i * n + j] = h[j * n + i];
        h[i * n + i] = diagonal[i] + extra;
    }
}

sned_status damped_factor(double *h, size_t n, sned_error *error)
{
    double *diagonal, trace = 0;
    SNED_TRY(sned_alloc(&diagonal, n, sizeof *diagonal, error));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            h[j * n + i] = h[i * n + j];
        diagonal[i] = h[i * n + i];
        trace += fmax(diagonal[i], 0);
    }
    bool done = false;
    for (double share = first_damping; !done && share <= last_damping; share *= damping_growth) {
        /* Of an input that is always the same, any rounding is as good. */
        const double extra = trace > 0 ? share * trace / (double)n : share / first_damping;
        restore(h, diagonal, n, extra);
        done = factorize(h, n, extra / 2);
    }
    free(diagonal);
    return done ? SNED_OK : sned_fail(error, SNED_ERROR_DATA, "moments that are no numbers");
}
