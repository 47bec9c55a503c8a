/*
 * calls.h - what the files behind executor.h share: thread counts, and copies in and out of oneDNN's layouts.
 */
#ifndef SNED_TRAIN_EXECUTOR_CALLS_H
#define SNED_TRAIN_EXECUTOR_CALLS_H

#include "train/executor/plan.h"

/* OpenMP's thread count belongs to the calling thread: it is set for the time of a call and put back. */
int executor_threads_enter(const struct executor *executor);
void executor_threads_leave(int before);

/* `memory` from or to row-major floats of the caller's. */
sned_status executor_copy_out(struct executor *executor, dnnl_memory_t memory, float *values,
                              sned_error *error);
sned_status executor_copy_in(struct executor *executor, dnnl_memory_t memory, const float *values,
                             sned_error *error);

/* Weights that are rounded on their way to their operator: rounded anew (parameters.c). */
sned_status parameters_refresh(struct executor *executor, sned_error *error);

#endif
