/*
 * compile_gemm.c - a Gemm on the FC engine: its stream, and a descriptor; several where it has more outputs
 * than the engine has rows.
 */
#include "accel/compiler/compile.h"
#include "accel/program/fc_stream.h"
#include "accel/program/numbers.h"

#include <string.h>

static sned_status compile_part(struct compiler *c, int index, const struct fc_gemm *gemm, int first,
                                sned_error *error)
{
    const struct accel_config *config = c->config;
    const struct spot *in = placement_input(c->placement, index);
    const struct spot *out = placement_spot(c->placement, c->graph->nodes[index].outputs[0]);
    const struct fc_shape shape = {config->fc_ports, config->fc_lanes / config->fc_ports, config->fc_rows};
    struct fc_stream stream;
    struct step_data data;
    uint8_t *bytes;
    SNED_TRY(fc_stream_make(&stream, gemm, &shape, error));
    sned_status status = step_data(&c->steps, (int)stream.beats, &data, &bytes, error);
    if (status == SNED_OK) {
        memcpy(bytes, stream.bytes, stream.beats * FC_BEAT_BYTES);
        const struct fc_work work = {.is_signed = gemm->is_signed,
                                     .base = in->base,
                                     .plane = in->plane,
                                     .out_base = out->base + first,
                                     .second = out->base + first + (out->wide ? out->bytes / 2 : 0),
                                     .pitch = in->pitch,
                                     .width = in->extent.width,
                                     .height = in->extent.height,
                                     .inputs = gemm->inputs,
                                     .outputs = gemm->outputs,
                                     .low = gemm->low,
                                     .high = gemm->high,
                                     .wide = gemm->wide,
                                     .port0 = data.address + stream.start[0],
                                     .port1 = data.address + stream.start[1],
                                     .port2 = data.address + stream.start[2],
                                     .port3 = data.address + stream.start[3]};
        /* Of the inputs three in four are not 0, about: more behind a pool, fewer behind another Gemm. */
        const int64_t cycles = (int64_t)stream.beats / c->config->fc_ports * 3 / 4 + gemm->inputs / 8;
        status = step_add(&c->steps, index,
                          &(struct task){.work = {.unit = CODE_FC, .u.fc = work}, .cycles = cycles}, error);
    }
    fc_stream_free(&stream);
    return status;
}

sned_status compile_gemm(struct compiler *c, int index, sned_error *error)
{
    const struct node *node = &c->graph->nodes[index];
    const struct tensor *weights = &c->graph->tensors[node_weights(node, 0)];
    const struct spot *in = placement_input(c->placement, index);
    const struct spot *out = placement_spot(c->placement, node->outputs[0]);
    const int outputs = (int)weights->shape.dim[0], inputs = (int)weights->shape.dim[1];
    const int most = c->config->fc_lanes * c->config->fc_rows;
    const int32_t *bias = node_bias(node, 0) >= 0 ? c->graph->tensors[node_bias(node, 0)].data : NULL;
    if (out->plane != 1 || !spot_is_plain(in))
        return sned_fail(error, SNED_ERROR_UNSUPPORTED, "the FC engine writes bytes that are neighbours");
    for (int first = 0; first < outputs; first += most)
        SNED_TRY(compile_part(
            c, index,
            &(struct fc_gemm){.inputs = inputs,
                              .outputs = outputs - first < most ? outputs - first : most,
                              .weights = (const int8_t *)weights->data + (size_t)first * (size_t)inputs,
                              .bias = bias ? bias + first : NULL,
                              .scalings = node->rules[0].scalings + first,
                              .low = node->rules[0].low,
                              .high = node->rules[0].high,
                              .is_signed = in->is_signed,
                              .wide = out->wide},
            first, error));
    return SNED_OK;
}
