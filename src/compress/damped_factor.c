/*
 * damped_factor.c - see damped_factor.h.
 *
 * Moments of a sample are singular wherever a channel is dead or constant, two are equal, or there are fewer
 * samples than channels; and those that were added up in float32 may have eigenvalues a little below 0. What
 * is added to the diagonal lifts all of them. Each square of L's diagonal is a pivot of elimination, that is
 * the least x^T (H + D) x of an x with a 1 in one place, and so not below H + D's least eigenvalue: a pivot
 * well below D shows that the errors in H are as large as D, and that more is needed.
 */
#include "compress/damped_factor.h"

#include <math.h>

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

static double second_moment(const float *covariance, const double *mean, size_t n, size_t i, size_t j)
{
    return covariance[i * n + j] + (mean ? mean[i] * mean[j] : 0);
}

bool damped_factor(double *factor, const float *covariance, const double *mean, size_t n)
{
    double trace = 0;
    for (size_t i = 0; i < n; i++)
        trace += fmax(second_moment(covariance, mean, n, i, i), 0);
    /* Of an input that is always the same, any rounding is as good. */
    const double unit = trace > 0 ? trace / (double)n : 1;
    for (double share = first_damping; share <= last_damping; share *= damping_growth) {
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j <= i; j++)
                factor[i * n + j] = second_moment(covariance, mean, n, i, j);
            factor[i * n + i] += share * unit;
        }
        if (factorize(factor, n, share * unit / 2))
            return true;
    }
    return false;
}
