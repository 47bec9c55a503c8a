/*
 * driver.c - see driver.h.
 */
#include "accel/driver/driver.h"
#include "accel/program/registers.h"

#include <string.h>

enum { PAGE = 4096, RESET_READS = 1 << 22 };

static size_t whole_pages(size_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

size_t driver_memory(const struct accel_program *program, size_t images)
{
    return whole_pages(program->image.size) + whole_pages(images * (size_t)program->input.bytes) +
           whole_pages(images * (size_t)program->output_bytes);
}

/* ---- what is at the other end ---- */

static sned_status read_name(const struct accel_transport *t, char name[ACCEL_NAME_BYTES + 1],
                             sned_error *error)
{
    int length = 0;
    for (int i = ACCEL_NAME_BYTES / 4 - 1; i >= 0; i--) {
        uint32_t word;
        SNED_TRY(t->read_register(t->context, REGISTER_NAME + 4 * i, &word, error));
        for (int byte = 3; byte >= 0; byte--)
            if (word >> 8 * byte & 255)
                name[length++] = (char)(word >> 8 * byte);
    }
    name[length] = 0;
    return SNED_OK;
}

static sned_status check(const struct accel_transport *t, const struct accel_program *program,
                         sned_error *error)
{
    uint32_t magic, version;
    char name[ACCEL_NAME_BYTES + 1];
    SNED_TRY(t->read_register(t->context, REGISTER_MAGIC, &magic, error));
    SNED_TRY(t->read_register(t->context, REGISTER_VERSION, &version, error));
    if (magic != ACCEL_MAGIC || version != ACCEL_VERSION)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "no sned accelerator of version %d answers here (magic %08x, version %u)",
                         ACCEL_VERSION, (unsigned)magic, (unsigned)version);
    SNED_TRY(read_name(t, name, error));
    if (strcmp(name, program->config->name) != 0)
        return sned_fail(error, SNED_ERROR_UNSUPPORTED,
                         "the program is compiled for the configuration '%s', the accelerator is '%.16s'",
                         program->config->name, name);
    return SNED_OK;
}

/* Stops whatever it is at, and waits until nothing of it is on its way to memory any more. */
static sned_status reset(const struct accel_transport *t, sned_error *error)
{
    uint32_t control = 1;
    SNED_TRY(t->write_register(t->context, REGISTER_CONTROL, CONTROL_RESET, error));
    for (int i = 0; i < RESET_READS && control; i++)
        SNED_TRY(t->read_register(t->context, REGISTER_CONTROL, &control, error));
    if (control)
        return sned_fail(error, SNED_ERROR_LIMIT,
                         "the accelerator cannot be reset: memory does not answer it");
    return SNED_OK;
}

/* ---- a run ---- */

struct setting {
    int offset;
    uint64_t value;
    int words;
};

static sned_status write_settings(const struct accel_transport *t, const struct setting *settings, int count,
                                  sned_error *error)
{
    for (int i = 0; i < count; i++)
        for (int word = 0; word < settings[i].words; word++)
            SNED_TRY(t->write_register(t->context, settings[i].offset + 4 * word,
                                       (uint32_t)(settings[i].value >> 32 * word), error));
    return SNED_OK;
}

static const char *error_text(uint32_t code)
{
    static const char *const texts[] = {
        [ACCEL_ERROR_NONE] = "it stopped without an error",
        [ACCEL_ERROR_DESCRIPTOR] = "a descriptor of no unit, or a list without an end",
        [ACCEL_ERROR_TOKENS] = "more tokens than units may have",
        [ACCEL_ERROR_STILL] = "nothing has begun or ended for too long",
        [ACCEL_ERROR_READ] = "a read of memory failed",
        [ACCEL_ERROR_WRITE] = "a write to memory failed",
        [ACCEL_ERROR_FC] = "an FC weight for a row that there is not",
    };
    return code < sizeof texts / sizeof *texts ? texts[code] : "an unknown error";
}

static sned_status finish(const struct accel_transport *t, uint64_t *cycles, sned_error *error)
{
    uint32_t status, code, low, high;
    const sned_status waited = t->wait(t->context, error);
    if (waited != SNED_OK) {
        reset(t, NULL);
        return waited;
    }
    SNED_TRY(t->read_register(t->context, REGISTER_STATUS, &status, error));
    SNED_TRY(t->read_register(t->context, REGISTER_ERROR, &code, error));
    SNED_TRY(t->read_register(t->context, REGISTER_CYCLES, &low, error));
    SNED_TRY(t->read_register(t->context, REGISTER_CYCLES + 4, &high, error));
    SNED_TRY(t->write_register(t->context, REGISTER_STATUS, 0, error));
    *cycles = low | (uint64_t)high << 32;
    if (!(status & STATUS_DONE) || status & STATUS_ERROR) {
        SNED_TRY(reset(t, error));
        return sned_fail(error, SNED_ERROR_DATA, "the accelerator stopped with error %u: %s", (unsigned)code,
                         error_text(code));
    }
    return SNED_OK;
}

sned_status driver_run(const struct accel_transport *t, const struct accel_program *program,
                       const uint8_t *inputs, size_t images, uint8_t *outputs, uint64_t *cycles,
                       sned_error *error)
{
    const size_t input_bytes = (size_t)program->input.bytes, output_bytes = (size_t)program->output_bytes;
    const size_t input = whole_pages(program->image.size), output = input + whole_pages(images * input_bytes);
    SNED_TRY(check(t, program, error));
    if (!images || images % (size_t)program->images)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%zu images for a list of %d", images, program->images);
    if (driver_memory(program, images) > t->size)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%zu images need %zu bytes of memory; there are %zu",
                         images, driver_memory(program, images), t->size);
    /* A process before may have died amid its run; and a damaged program, even one that came to its end, may
     * have left units half-way. */
    SNED_TRY(reset(t, error));
    SNED_TRY(t->write_memory(t->context, 0, program->image.data, program->image.size, error));
    SNED_TRY(t->write_memory(t->context, input, inputs, images * input_bytes, error));
    const struct setting settings[] = {{REGISTER_BASE, t->base, 2},
                                       {REGISTER_LIST, t->base + (uint64_t)program->list, 2},
                                       {REGISTER_INPUT, t->base + input, 2},
                                       {REGISTER_OUTPUT, t->base + output, 2},
                                       {REGISTER_INPUT_STEP, input_bytes * (size_t)program->images, 1},
                                       {REGISTER_OUTPUT_STEP, output_bytes * (size_t)program->images, 1},
                                       {REGISTER_COUNT, (uint64_t)program->descriptor_count, 1},
                                       {REGISTER_LISTS, images / (size_t)program->images, 1},
                                       {REGISTER_CONTROL, CONTROL_START, 1}};
    SNED_TRY(write_settings(t, settings, sizeof settings / sizeof *settings, error));
    SNED_TRY(finish(t, cycles, error));
    return t->read_memory(t->context, output, outputs, images * output_bytes, error);
}

/* ---- what it did ---- */

static sned_status read_counter(const struct accel_transport *t, int layer, enum accel_counter counter,
                                bool is_long, uint64_t *value, sned_error *error)
{
    const uint32_t select = (uint32_t)layer | (uint32_t)counter << 16;
    uint32_t lower, upper = 0;
    SNED_TRY(t->write_register(t->context, REGISTER_SELECT, select, error));
    SNED_TRY(t->read_register(t->context, REGISTER_COUNTER, &lower, error));
    if (is_long) {
        SNED_TRY(t->write_register(t->context, REGISTER_SELECT, select | SELECT_UPPER, error));
        SNED_TRY(t->read_register(t->context, REGISTER_COUNTER, &upper, error));
    }
    *value += lower | (uint64_t)upper << 32;
    return SNED_OK;
}

sned_status driver_counters(const struct accel_transport *t, int layer, struct accel_counters *c,
                            sned_error *error)
{
    const struct {
        enum accel_counter counter;
        uint64_t *value;
    } all[] = {{COUNTER_CONV, &c->conv},       {COUNTER_VECTOR, &c->vector},
               {COUNTER_FC, &c->fc},           {COUNTER_ISSUED, &c->issued},
               {COUNTER_WEIGHTS, &c->weights}, {COUNTER_ACTIVATIONS, &c->activations},
               {COUNTER_DRAIN, &c->drain},     {COUNTER_HEADERS, &c->headers},
               {COUNTER_LOADED, &c->words},    {COUNTER_FC_LOADED, &c->words}};
    uint32_t low, high;
    *c = (struct accel_counters){0};
    if (layer >= ACCEL_COUNTED_LAYERS)
        return SNED_OK;
    SNED_TRY(t->read_register(t->context, REGISTER_CYCLES, &low, error));
    SNED_TRY(t->read_register(t->context, REGISTER_CYCLES + 4, &high, error));
    /* 64 lanes in a run of 2^26 cycles do not need upper bits. */
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        SNED_TRY(read_counter(t, layer, all[i].counter, high || low >> 26, all[i].value, error));
    return SNED_OK;
}
