/*
 * damped_factor.h - the Cholesky factor of second moments that were measured, which are never quite right.
 */
#ifndef SNED_COMPRESS_DAMPED_FACTOR_H
#define SNED_COMPRESS_DAMPED_FACTOR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * With H = covariance [n][n] (its lower triangle), plus mean mean^T where `mean` [n] is not NULL, and D a
 * multiple of the unit matrix: H + D = L^T L, L lower triangular. factor [n][n] receives each row of L
 * divided by its element of the diagonal; what lies above that is undefined. D is a hundredth of H's mean
 * diagonal, or as many times more as it takes for H + D to be positive definite. False where H has a NaN or
 * an infinity.
 */
bool damped_factor(double *factor, const float *covariance, const double *mean, size_t n);

#endif
