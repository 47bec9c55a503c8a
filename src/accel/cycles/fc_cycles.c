/*
 * fc_cycles.c - see fc_cycles.h. A twin of rtl/fc in time: sned_fc_fetch, sned_fc_decode, sned_fc_lane,
 * sned_fc_drain.
 */
#include "accel/cycles/fc_cycles.h"
#include "accel/golden/fc.h"
#include "accel/program/numbers.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    WAITING = 32, /* words of a lane's FIFO */
    MARGIN = 9,   /* of them are kept free for what is on its way */
    DECODE = 5,   /* cycles from a beat to the lanes */
    ROOM = 2,     /* cycles until the port knows that a lane is full */
    LENGTHS_AHEAD = 32,
    LENGTHS_CHUNK = 8,
    BEGIN = 6,  /* cycles from start_i to the first request at the memory */
    LANE = 8,   /* from a lane's FIFO to its sum, and until the port knows */
    SCALE = 14, /* from a port's last sum to its write */
    GROUP = 11  /* from a group's last sum to the next but one, beyond a cycle each */
};

struct lane_queue {
    int entries[WAITING]; /* of each word that waits */
    int head, count;
};

struct port_model {
    const struct fc_stream *stream;
    const struct fc_shape *shape;
    const struct fc_memory *memory;
    int64_t now, beats;
    bool room[ROOM + 1];
    struct lane_queue *lanes; /* [shape->lanes] */
    uint8_t *decoding;        /* [DECODE][shape->lanes]: entries of beats on their way, by now mod DECODE */
    int64_t *finished;        /* [memory->requests]: when the last requests' data was there, a ring */
    int request;
};

/* ---- lanes ---- */

static void step(struct port_model *m)
{
    const int lanes = m->shape->lanes;
    uint8_t *arriving = m->decoding + (m->now % DECODE) * lanes;
    bool room = true;
    for (int l = 0; l < lanes; l++) {
        struct lane_queue *q = &m->lanes[l];
        if (q->count && --q->entries[q->head] == 0) {
            q->head = (q->head + 1) % WAITING;
            q->count--;
        }
        if (arriving[l])
            q->entries[(q->head + q->count++) % WAITING] = arriving[l];
        arriving[l] = 0;
        room &= q->count <= WAITING - MARGIN;
    }
    memmove(m->room, m->room + 1, ROOM * sizeof *m->room);
    m->room[ROOM] = room;
    m->now++;
}

static bool lanes_busy(const struct port_model *m)
{
    for (int l = 0; l < m->shape->lanes; l++) {
        bool busy = m->lanes[l].count;
        for (int i = 0; i < DECODE; i++)
            busy |= m->decoding[i * m->shape->lanes + l] != 0;
        if (busy)
            return true;
    }
    return false;
}

/* One beat, not before `earliest`; NULL: of no column. */
static void take_beat(struct port_model *m, int64_t earliest, const uint8_t *counts)
{
    while (m->now < earliest || (counts && !m->room[0]))
        step(m);
    if (counts)
        memcpy(m->decoding + (m->now % DECODE) * m->shape->lanes, counts, (size_t)m->shape->lanes);
    m->beats++;
    step(m);
}

/* ---- columns ---- */

static sned_status take_column(struct port_model *m, const struct fc_part *part, size_t beat, int beats,
                               int64_t arrival, sned_error *error)
{
    int place = 0;
    if (beat > part->limit || (size_t)beats > part->limit - beat)
        return sned_fail(error, SNED_ERROR_DATA, "fc stream: ends within a column");
    for (int b = 0; b < beats; b++) {
        int8_t weights[FC_ENTRIES];
        int rows[FC_ENTRIES];
        uint8_t counts[256] = {0};
        fc_beat_unpack(m->stream->bytes + (beat + (size_t)b) * FC_BEAT_BYTES, &place, weights, rows);
        for (int j = 0; j < FC_ENTRIES; j++)
            if (weights[j] && rows[j] < part->rows)
                counts[rows[j] % m->shape->lanes]++;
        take_beat(m, arrival, counts);
    }
    return SNED_OK;
}

/* When a request that is ready at `time` is with the memory. */
static int64_t issue(const struct port_model *m, int64_t time)
{
    return larger(time, m->finished[m->request % m->memory->requests]);
}

static void finish(struct port_model *m)
{
    m->finished[m->request++ % m->memory->requests] = m->now;
}

static int64_t drain_cycles(const struct port_model *m, int rows)
{
    /* Two groups are under way: short ones wait for each other. */
    const int64_t groups = divide_up(rows, m->shape->lanes);
    const int64_t waits = larger(0, GROUP - m->shape->lanes);
    return (m->stream->wide ? 2 : 1) * (rows + (groups > 1 ? (groups - 1) / 2 * waits : 0) + SCALE);
}

static sned_status run_port(struct port_model *m, int port, const uint8_t *inputs, sned_error *error)
{
    const int latency = m->memory->latency;
    struct fc_part part;
    SNED_TRY(fc_part_find(&part, m->stream, port, error));
    if (!part.rows)
        return SNED_OK;
    int asked = 0;
    for (; asked < part.length_beats && asked < LENGTHS_AHEAD; asked++)
        take_beat(m, BEGIN + latency, NULL);
    size_t column = part.column;
    int64_t walk = BEGIN + latency + 2;
    bool again = false; /* the four inputs that are walked over have had a column */
    for (int i = 0; i < m->stream->inputs; i++) {
        if (i % 4 == 0) {
            walk++;
            again = false;
        }
        /* Room for another chunk of lengths: it comes before the columns that are asked for later. */
        if (i % (FC_BEAT_BYTES * LENGTHS_CHUNK) == 0 && i)
            for (int n = 0; n < LENGTHS_CHUNK && asked < part.length_beats; n++, asked++)
                take_beat(m, walk + latency, NULL);
        if (inputs[i] && part.lengths[i]) {
            walk = issue(m, walk + again);
            again = true;
            SNED_TRY(take_column(m, &part, column, part.lengths[i], walk + latency, error));
            finish(m);
        }
        column += part.lengths[i];
    }
    walk = issue(m, walk + 2) + latency;
    while (lanes_busy(m))
        step(m);
    m->beats += (m->stream->wide ? 2 : 1) * (int64_t)part.record_beats;
    m->now = larger(m->now + LANE, walk) + drain_cycles(m, part.rows);
    return SNED_OK;
}

sned_status fc_cycles(struct fc_count *count, const struct fc_stream *stream, const struct fc_shape *shape,
                      const struct fc_memory *memory, const uint8_t *inputs, sned_error *error)
{
    *count = (struct fc_count){0};
    sned_status status = SNED_OK;
    for (int p = 0; p < stream->ports && status == SNED_OK; p++) {
        struct port_model m = {
            .stream = stream, .shape = shape, .memory = memory, .room = {true, true, true}};
        SNED_TRY_DONE(sned_alloc(&m.lanes, (size_t)shape->lanes, sizeof *m.lanes, error));
        SNED_TRY_DONE(sned_alloc(&m.decoding, (size_t)shape->lanes * DECODE, 1, error));
        SNED_TRY_DONE(sned_alloc(&m.finished, (size_t)memory->requests, sizeof *m.finished, error));
        status = run_port(&m, p, inputs, error);
        count->cycles = larger(count->cycles, m.now);
        count->beats += m.beats;
    done:
        free(m.lanes);
        free(m.decoding);
        free(m.finished);
    }
    return status;
}
