/*
 * fc_cycles.h - how long the FC engine takes for a stream and its inputs.
 *
 * Requests, beats and the lanes' queues are counted cycle by cycle, each port by itself. Left out: ports that
 * wait for each other's inputs, an activation memory or a memory of DDR that is busy with others.
 */
#ifndef SNED_ACCEL_CYCLES_FC_CYCLES_H
#define SNED_ACCEL_CYCLES_FC_CYCLES_H

#include "accel/program/fc_stream.h"

struct fc_memory {
    int latency;  /* cycles from a request to its first beat */
    int requests; /* in flight at most: those that sned_axi_read and the memory hold */
};

struct fc_count {
    int64_t cycles; /* from start_i to the last write */
    int64_t beats;  /* of all ports */
};

/* inputs [stream->inputs]: 0 or not is what counts. SNED_ERROR_DATA as golden_fc_run has it. */
sned_status fc_cycles(struct fc_count *count, const struct fc_stream *stream, const struct fc_shape *shape,
                      const struct fc_memory *memory, const uint8_t *inputs, sned_error *error);

#endif
