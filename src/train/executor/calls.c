/*
 * calls.c - see calls.h.
 */
#include "train/executor/calls.h"

#include <omp.h>
#include <string.h>

int executor_threads_enter(const struct executor *executor)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(executor->options.threads);
    return before;
}

void executor_threads_leave(int before)
{
    omp_set_num_threads(before);
}

/* ---- copies ---- */

static sned_status transfer(struct executor *executor, dnnl_memory_t memory, float *values, bool out,
                            sned_error *error)
{
    dnnl_memory_desc_t plain = layout_plain_like(layout_of(memory));
    dnnl_memory_t row_major = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t primitive = NULL;
    if (dnnl_memory_desc_equal(layout_of(memory), &plain)) {
        float *data = layout_data(memory);
        memcpy(out ? values : data, out ? data : values, dnnl_memory_desc_get_size(&plain));
        return SNED_OK;
    }
    int threads = executor_threads_enter(executor);
    sned_status status;
    SNED_TRY_DONE(
        onednn_check(dnnl_memory_create(&row_major, &plain, executor->engine, values), "a copy", error));
    dnnl_memory_t from = out ? memory : row_major, to = out ? row_major : memory;
    SNED_TRY_DONE(
        onednn_check(dnnl_reorder_primitive_desc_create(&description, layout_of(from), executor->engine,
                                                        layout_of(to), executor->engine, NULL),
                     "a copy", error));
    SNED_TRY_DONE(onednn_check(dnnl_primitive_create(&primitive, description), "a copy", error));
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    SNED_TRY_DONE(
        onednn_check(dnnl_primitive_execute(primitive, executor->stream, 2, arguments), "a copy", error));
    SNED_TRY_DONE(onednn_check(dnnl_stream_wait(executor->stream), "a copy", error));
done:
    executor_threads_leave(threads);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(description);
    dnnl_memory_destroy(row_major);
    return status;
}

sned_status executor_copy_out(struct executor *executor, dnnl_memory_t memory, float *values,
                              sned_error *error)
{
    return transfer(executor, memory, values, true, error);
}

sned_status executor_copy_in(struct executor *executor, dnnl_memory_t memory, const float *values,
                             sned_error *error)
{
    return transfer(executor, memory, (float *)values, false, error);
}
