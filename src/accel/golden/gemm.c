/*
 * gemm.c - an FC descriptor: inputs gathered from the activation memory, fc.h, bytes back into it.
 */
#include "accel/golden/golden.h"
#include "accel/golden/fc.h"

#include "base/memory.h"

#include <stdlib.h>

static void gather(const struct golden *g, const struct fc_work *w, uint8_t *inputs)
{
    const int64_t mask = g->program->config->activation_bytes - 1;
    for (int64_t i = 0; i < w->inputs; i++) {
        const int64_t x = i % w->width, y = i / w->width % w->height, c = i / w->width / w->height;
        inputs[i] = g->memory[(w->base + c * w->plane + y * w->pitch + x) & mask];
    }
}

static void scatter(struct golden *g, const struct fc_work *w, const int32_t *results)
{
    const int64_t mask = g->program->config->activation_bytes - 1;
    for (int64_t k = 0; k < w->outputs; k++) {
        g->memory[(w->out_base + k) & mask] = (uint8_t)results[k];
        if (w->wide)
            g->memory[(w->second + k) & mask] = (uint8_t)(results[k] >> 8);
    }
}

sned_status golden_gemm(struct golden *g, const struct fc_work *w, sned_error *error)
{
    struct fc_stream stream = {
        .inputs = (int)w->inputs,
        .outputs = (int)w->outputs,
        .ports = g->program->config->fc_ports,
        .low = (int)w->low,
        .high = (int)w->high,
        .is_signed = w->is_signed,
        .wide = w->wide,
        .start = {(uint32_t)w->port0, (uint32_t)w->port1, (uint32_t)w->port2, (uint32_t)w->port3},
        .bytes = g->program->image.data,
        .beats = g->program->image.size / DDR_WORD};
    uint8_t *inputs = NULL;
    int32_t *results = NULL;
    sned_status status;
    if (!w->inputs || !w->outputs || !w->width || !w->height)
        return sned_fail(error, SNED_ERROR_DATA, "a Gemm of nothing");
    SNED_TRY_DONE(sned_alloc(&inputs, (size_t)w->inputs, 1, error));
    SNED_TRY_DONE(sned_alloc(&results, (size_t)w->outputs, sizeof *results, error));
    gather(g, w, inputs);
    SNED_TRY_DONE(golden_fc_run(&stream, inputs, results, error));
    scatter(g, w, results);
done:
    free(inputs);
    free(results);
    return status;
}
