/*
 * golden.c - the descriptors in their order, their tokens, and the loads and stores: golden.h.
 */
#include "accel/golden/golden.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static sned_status refuse(sned_error *error, const char *what)
{
    return sned_fail(error, SNED_ERROR_DATA, "%s", what);
}

/* ---- loads ---- */

static uint32_t item_of(const uint8_t *word, int item)
{
    const uint8_t *at = word + 3 * item;
    return (uint32_t)(at[0] | at[1] << 8 | at[2] << 16);
}

static sned_status load_word(struct golden *g, const struct load_work *load, int64_t index,
                             const uint8_t *word, sned_error *error)
{
    const struct accel_config *config = g->program->config;
    if (load->kind == LOAD_ACTIVATIONS) {
        const int64_t place = load->place + index * DDR_WORD;
        if (place + DDR_WORD > config->activation_bytes)
            return refuse(error, "a load beyond the activation memory");
        memcpy(g->memory + place, word, DDR_WORD);
    } else if (load->kind == LOAD_ROWS) {
        for (int i = 0; i < DDR_WORD / ROW_BYTES; i++) {
            const int64_t row = load->place + index * (DDR_WORD / ROW_BYTES) + i;
            if (row < config->table_rows)
                table_row_unpack(&g->rows[row], word + i * ROW_BYTES);
        }
    } else if (load->kind == LOAD_STREAMS) {
        const int64_t lane = index / load->lane_words, at = load->place + index % load->lane_words;
        if (lane >= config->lanes || at >= config->stream_words)
            return refuse(error, "a load beyond a lane's stream buffer");
        for (int i = 0; i < STREAM_ITEMS; i++)
            g->streams[(lane * config->stream_words + at) * STREAM_ITEMS + i] = item_of(word, i);
    } else if (load->kind == LOAD_TABLE) {
        for (int i = 0; i < 8; i++)
            g->lrn[(load->place + index * 8 + i) % LRN_TABLE_SIZE] =
                (uint16_t)(word[2 * i] | word[2 * i + 1] << 8);
    }
    return SNED_OK;
}

static sned_status load_pair(struct golden *g, int64_t first, const uint8_t *bytes, sned_error *error)
{
    const struct accel_config *config = g->program->config;
    const int each = config->lanes / config->collectors;
    struct table_pair pair;
    table_pair_unpack(&pair, bytes);
    pair.number += (int)first;
    if (pair.collector >= config->collectors || pair.lane >= each || pair.number >= config->table_pairs)
        return refuse(error, "a pair for a lane that there is not");
    g->pairs[(pair.collector * each + pair.lane) * config->table_pairs + pair.number] = pair;
    return SNED_OK;
}

static sned_status run_load(struct golden *g, const struct load_work *load, sned_error *error)
{
    const uint8_t *from = load->moves ? g->input : g->program->image.data;
    const int64_t room =
        load->moves ? (int64_t)g->program->input.bytes * g->program->images : (int64_t)g->program->image.size;
    if ((load->address + load->words) * DDR_WORD > room)
        return refuse(error, "a load beyond the program's image");
    from += load->address * DDR_WORD;
    if (load->kind == LOAD_STREAMS && load->words != load->lane_words * g->program->config->lanes)
        return refuse(error, "streams that are not of all lanes");
    if (load->kind == LOAD_PAIRS)
        for (int64_t i = 0; i + 1 < load->words; i += 2)
            SNED_TRY(load_pair(g, load->place, from + i * DDR_WORD, error));
    for (int64_t i = 0; i < load->words && load->kind != LOAD_PAIRS; i++)
        SNED_TRY(load_word(g, load, i, from + i * DDR_WORD, error));
    return SNED_OK;
}

static sned_status run_store(struct golden *g, const struct store_work *store, sned_error *error)
{
    const int64_t bytes = store->words * DDR_WORD, first = store->address * DDR_WORD;
    if (store->place + bytes > g->program->config->activation_bytes ||
        first + bytes > g->program->output_bytes * g->program->images)
        return refuse(error, "a store beyond the activation memory or the results");
    memcpy(g->output + first, g->memory + store->place, (size_t)bytes);
    return SNED_OK;
}

/* ---- the list ---- */

/* In the list's order each token must be there: a unit that waits for a later descriptor waits for ever. */
static sned_status take_tokens(struct golden *g, const struct descriptor *d, sned_error *error)
{
    for (int from = 0; from < CODE_COUNT; from++)
        if (d->wait >> from & 1 && g->tokens[from][d->unit]-- <= 0)
            return refuse(error, "it waits for a unit that is done");
    return SNED_OK;
}

static sned_status run_descriptor(struct golden *g, const struct descriptor *d, sned_error *error)
{
    SNED_TRY(take_tokens(g, d, error));
    for (int to = 0; to < CODE_COUNT; to++)
        g->tokens[d->unit][to] += d->post >> to & 1;
    switch (d->unit) {
    case CODE_LOAD:
        return run_load(g, &d->u.load, error);
    case CODE_CONV:
        return golden_conv(g, &d->u.conv, error);
    case CODE_VECTOR:
        return golden_vector(g, &d->u.vector, error);
    case CODE_FC:
        return golden_gemm(g, &d->u.fc, error);
    default:
        return run_store(g, &d->u.store, error);
    }
}

static sned_status run_list(struct golden *g, sned_error *error)
{
    const struct buffer *image = &g->program->image;
    const size_t list = (size_t)g->program->list;
    for (size_t i = 0; list + (i + 1) * DESCRIPTOR_BYTES <= image->size; i++) {
        struct descriptor d;
        if (!descriptor_unpack(&d, image->data + list + i * DESCRIPTOR_BYTES))
            return sned_fail(error, SNED_ERROR_DATA, "descriptor %zu: there is no such unit", i);
        if (d.unit == CODE_END)
            return SNED_OK;
        SNED_TRY(sned_error_context(error, run_descriptor(g, &d, error), "descriptor %zu", i));
    }
    return refuse(error, "the list of descriptors has no end");
}

static void golden_free(struct golden *g)
{
    free(g->memory);
    free(g->rows);
    free(g->pairs);
    free(g->streams);
}

sned_status golden_run(const struct accel_program *program, const uint8_t *input, uint8_t *output,
                       sned_error *error)
{
    const struct accel_config *config = program->config;
    struct golden g = {.program = program, .input = input, .output = output};
    const size_t lanes = (size_t)config->lanes;
    sned_status status;
    SNED_TRY_DONE(sned_alloc(&g.memory, (size_t)config->activation_bytes, 1, error));
    SNED_TRY_DONE(sned_alloc(&g.rows, (size_t)config->table_rows, sizeof *g.rows, error));
    SNED_TRY_DONE(sned_alloc(&g.pairs, lanes * (size_t)config->table_pairs, sizeof *g.pairs, error));
    SNED_TRY_DONE(sned_alloc(&g.streams, lanes * (size_t)config->stream_words * STREAM_ITEMS,
                             sizeof *g.streams, error));
    SNED_TRY_DONE(run_list(&g, error));
done:
    golden_free(&g);
    return status;
}
