/*
 * vector_cycles.c - see vector_cycles.h.
 */
#include "accel/program/vector_cycles.h"
#include "accel/program/numbers.h"
#include "accel/program/reduce.h"

int64_t vector_cycles(const struct vector_work *w, const struct accel_config *config)
{
    switch ((enum vector_operation)w->operation) {
    case VECTOR_ADD:
        return 12 + 2 * divide_up(w->length, config->sums);
    case VECTOR_LRN:
        return 18 + divide_up(w->length, config->lrn) * (w->channels + w->lrn_after);
    case VECTOR_REDUCE:
        return reduce_cycles(w->channels, w->height, w->width, w->wide, config);
    default: /* a window row and three of its columns a cycle, for as many results as fit a read */
        return 12 + w->channels * w->out_height * divide_up(w->out_width, pool_outputs(config)) *
                        w->kernel_height * divide_up(w->kernel_width, 3);
    }
}
