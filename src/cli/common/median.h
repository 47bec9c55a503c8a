/*
 * median.h - the middle one of some numbers.
 */
#ifndef SNED_CLI_COMMON_MEDIAN_H
#define SNED_CLI_COMMON_MEDIAN_H

/* Of [count], 1 at least, which are put into order. */
double median(double *values, int count);

#endif
