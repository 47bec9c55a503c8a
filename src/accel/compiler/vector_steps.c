/*
 * vector_steps.c - steps of the vector unit that several kinds of nodes need: compile.h.
 */
#include "accel/compiler/compile.h"
#include "accel/compiler/walk.h"
#include "accel/program/vector_cycles.h"

sned_status compile_work(struct compiler *c, int node, const struct vector_work *work, sned_error *error)
{
    return step_add(&c->steps, node,
                    &(struct task){.work = {.unit = CODE_VECTOR, .u.vector = *work},
                                   .cycles = vector_cycles(work, c->config)},
                    error);
}

sned_status compile_walk(struct compiler *c, int node, const struct vector_work *walk, sned_error *error)
{
    struct vector_work step;
    int64_t at[2] = {0, 0};
    while (walk_next(&step, at, walk, c->config))
        SNED_TRY(compile_work(c, node, &step, error));
    return SNED_OK;
}

sned_status compile_runs(struct compiler *c, int node, const struct spot *in, const struct spot *second,
                         const struct spot *out, const struct vector_work *sum, sned_error *error)
{
    const bool solid = spot_is_solid(in) && spot_is_solid(second) && spot_is_solid(out);
    const int64_t rows = (int64_t)out->height * out->pitch;
    for (int channel = 0; channel < (solid ? 1 : out->extent.channels); channel++) {
        struct vector_work work = *sum;
        work.operation = VECTOR_ADD;
        work.base = in->base + (int64_t)channel * in->plane;
        work.second = second->base + (int64_t)channel * second->plane;
        work.out_base = out->base + (int64_t)channel * out->plane;
        work.length = solid ? out->extent.channels * rows : rows;
        SNED_TRY(compile_work(c, node, &work, error));
    }
    return SNED_OK;
}
