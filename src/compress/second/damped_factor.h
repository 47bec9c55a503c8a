/*
 * damped_factor.h - the Cholesky factor of second moments that were measured, which are never quite right.
 */
#ifndef SNED_COMPRESS_SECOND_DAMPED_FACTOR_H
#define SNED_COMPRESS_SECOND_DAMPED_FACTOR_H

#include "base/error.h"

/*
 * With H = h [n][n], whose lower triangle is given, and D a multiple of the unit matrix: H + D = L^T L, L
 * lower triangular. h receives L's diagonal and, below it, each row of L divided by its last element; above
 * it lies what is undefined. D is a hundredth of H's mean diagonal, or as many times more as it takes for H +
 * D to be positive definite. SNED_ERROR_DATA where H has a NaN or an infinity.
 */
sned_status damped_factor(float *h, size_t n, sned_error *error);

#endif
