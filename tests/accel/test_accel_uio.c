/*
 * test_accel_uio.c - the driver over the transport of a Linux board, whose devices are ordinary files here; a
 * thread plays the accelerator, with the golden model as its units.
 */
#include "tests/common/accel_networks.h"

#include "accel/golden/golden.h"
#include "accel/program/registers.h"
#include "accel/driver/uio.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BASE = 0x70000000, MEMORY = 1 << 20, IMAGES = 4 };

/* What the accelerator is to do when it is started. */
struct board {
    int interrupt; /* the other end of what the driver polls */
    int register_file, memory_file;
    uint32_t *registers; /* the device's side of both */
    uint8_t *memory;
    const struct accel_program *program;
    bool stray;          /* an interrupt of a run before comes first */
    bool silent;         /* none comes at all */
    int error;           /* enum accel_error */
    int started, resets; /* how often it was */
    bool is_right;       /* registers and memory held what they should */
    volatile bool leave;
};

static int file_of(size_t bytes)
{
    char path[] = "/tmp/sned-uio-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    unlink(path);
    assert_int_equal(ftruncate(file, (off_t)bytes), 0);
    return file;
}

static void *map_file(int file, size_t bytes)
{
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    assert_true(mapped != MAP_FAILED);
    return mapped;
}

static void set_name(uint32_t *registers, const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < length; i++)
        registers[REGISTER_NAME / 4 + i / 4] |= (uint32_t)name[length - 1 - i] << 8 * (i % 4);
}

static void board_new(struct board *board, const char *name, int timeout_ms,
                      struct accel_transport *transport)
{
    int sockets[2];
    sned_error error = {0};
    *board = (struct board){.register_file = file_of(UIO_REGISTER_BYTES), .memory_file = file_of(MEMORY)};
    board->registers = map_file(board->register_file, UIO_REGISTER_BYTES);
    board->memory = map_file(board->memory_file, MEMORY);
    board->registers[REGISTER_MAGIC / 4] = ACCEL_MAGIC;
    board->registers[REGISTER_VERSION / 4] = ACCEL_VERSION;
    set_name(board->registers, name);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    board->interrupt = sockets[1];
    const struct uio_files files = {.registers = board->register_file,
                                    .memory = board->memory_file,
                                    .interrupt = sockets[0],
                                    .timeout_ms = timeout_ms};
    if (uio_attach(transport, &files, BASE, MEMORY, &error) != SNED_OK)
        fail_msg("%s", error.message);
}

static void board_free(struct board *board, struct accel_transport *transport)
{
    uio_close(transport);
    assert_null(transport->context);
    munmap(board->registers, UIO_REGISTER_BYTES);
    munmap(board->memory, MEMORY);
    close(board->interrupt);
}

/* ---- the thread ---- */

static uint64_t address(const struct board *board, int offset)
{
    const uint32_t *words = board->registers + offset / 4;
    return words[0] | (uint64_t)words[1] << 32;
}

/* The program as it lies in memory, on the images that lie there. */
static bool work(struct board *board)
{
    const uint32_t *registers = board->registers;
    const struct accel_program *program = board->program;
    const uint64_t base = address(board, REGISTER_BASE);
    struct accel_program there = *program;
    if (base != BASE || address(board, REGISTER_LIST) != base + (uint64_t)program->list ||
        registers[REGISTER_COUNT / 4] != (uint32_t)program->descriptor_count)
        return false;
    there.image.data = board->memory + (base - BASE);
    for (uint32_t list = 0; list < registers[REGISTER_LISTS / 4]; list++) {
        const uint64_t input =
            address(board, REGISTER_INPUT) + (uint64_t)list * registers[REGISTER_INPUT_STEP / 4];
        const uint64_t output =
            address(board, REGISTER_OUTPUT) + (uint64_t)list * registers[REGISTER_OUTPUT_STEP / 4];
        if (golden_run(&there, board->memory + (input - BASE), board->memory + (output - BASE), NULL) !=
            SNED_OK)
            return false;
    }
    return true;
}

static void *be_reset(void *context)
{
    struct board *board = context;
    volatile uint32_t *control = board->registers + REGISTER_CONTROL / 4;
    while (!board->leave) {
        if (*control == CONTROL_RESET) {
            board->resets++;
            *control = 0;
        }
        sched_yield();
    }
    return NULL;
}

static void *play(void *context)
{
    struct board *board = context;
    volatile uint32_t *registers = board->registers;
    int32_t enable = 0;
    uint32_t count = 1;
    while (read(board->interrupt, &enable, sizeof enable) == sizeof enable && enable == 1) {
        if (board->stray) {
            board->stray = false;
            if (write(board->interrupt, &count, sizeof count) != sizeof count)
                break;
            continue;
        }
        if (registers[REGISTER_CONTROL / 4] != CONTROL_START)
            break;
        board->started++;
        if (board->silent)
            continue;
        board->is_right = board->error || work(board);
        registers[REGISTER_CYCLES / 4] = 77;
        registers[REGISTER_CYCLES / 4 + 1] = 1;
        registers[REGISTER_ERROR / 4] = (uint32_t)board->error;
        registers[REGISTER_STATUS / 4] = board->error ? STATUS_ERROR : STATUS_DONE;
        registers[REGISTER_CONTROL / 4] = 0;
        count++;
        if (write(board->interrupt, &count, sizeof count) != sizeof count)
            break;
    }
    return NULL;
}

/* driver_run against the thread: its status. */
static sned_status run(struct board *board, const struct accel_transport *transport,
                       const struct accel_program *program, const uint8_t *inputs, size_t images,
                       uint8_t *outputs, sned_error *error)
{
    uint64_t cycles = 0;
    board->program = program;
    pthread_t thread, reset_thread;
    assert_int_equal(pthread_create(&thread, NULL, play, board), 0);
    assert_int_equal(pthread_create(&reset_thread, NULL, be_reset, board), 0);
    const sned_status status = driver_run(transport, program, inputs, images, outputs, &cycles, error);
    shutdown(board->interrupt, SHUT_RD);
    pthread_join(thread, NULL);
    board->leave = true;
    pthread_join(reset_thread, NULL);
    if (status == SNED_OK)
        assert_int_equal(cycles, ((uint64_t)1 << 32) + 77);
    return status;
}

/* ---- programs ---- */

struct run {
    struct accel_program program;
    sned_model *model;
    uint8_t *inputs, *outputs, *golden;
};

static void run_new(struct run *r, uint64_t seed, int images)
{
    struct random random;
    const struct accel_config *config;
    sned_error error = {0};
    const struct accel_request request = {.images = images};
    sned_random_seed(&random, seed, 9);
    assert_int_equal(accel_config_find(&config, "ci", NULL), SNED_OK);
    assert_int_equal(sned_model_from_graph(&r->model, accel_random_network(seed), &error), SNED_OK);
    if (accel_compile(&r->program, sned_model_graph(r->model), config, &request, &error) != SNED_OK)
        fail_msg("%s", error.message);
    const size_t in = (size_t)r->program.input.bytes, out = (size_t)r->program.output_bytes;
    r->inputs = calloc(IMAGES, in);
    r->outputs = calloc(IMAGES, out);
    r->golden = calloc(IMAGES, out);
    for (int i = 0; i < IMAGES; i++) {
        struct accel_picture picture = accel_picture_new(&r->program, r->model, &random);
        memcpy(r->inputs + (size_t)i * in, picture.block, in);
        accel_picture_free(&picture);
    }
    for (int i = 0; i < IMAGES; i += images)
        assert_int_equal(
            golden_run(&r->program, r->inputs + (size_t)i * in, r->golden + (size_t)i * out, &error),
            SNED_OK);
}

static void run_free(struct run *r)
{
    free(r->inputs);
    free(r->outputs);
    free(r->golden);
    accel_program_free(&r->program);
    sned_close(r->model);
}

/* ---- tests ---- */

static void images_and_scores_lie_where_the_registers_say(void **state)
{
    for (int images = 1; images <= IMAGES; images *= 2) {
        struct board board;
        struct accel_transport transport;
        struct run r;
        sned_error error = {0};
        run_new(&r, (uint64_t)images, images);
        board_new(&board, "ci", UIO_TIMEOUT_MS, &transport);
        memset(board.memory, 0x5a, MEMORY);
        if (run(&board, &transport, &r.program, r.inputs, IMAGES, r.outputs, &error) != SNED_OK)
            fail_msg("%s", error.message);
        assert_true(board.is_right);
        assert_int_equal(board.started, 1);
        assert_memory_equal(r.outputs, r.golden, IMAGES * (size_t)r.program.output_bytes);
        assert_int_equal(board.registers[REGISTER_STATUS / 4], 0);
        /* Nothing behind what the driver said it needs. */
        for (size_t i = driver_memory(&r.program, IMAGES); i < MEMORY; i++)
            assert_int_equal(board.memory[i], 0x5a);
        board_free(&board, &transport);
        run_free(&r);
    }
}

static void expect_failure(struct board *board, struct accel_transport *transport, sned_status status,
                           const char *words)
{
    struct run r;
    sned_error error = {0};
    run_new(&r, 1, 1);
    assert_int_equal(run(board, transport, &r.program, r.inputs, 1, r.outputs, &error), status);
    if (!strstr(error.message, words))
        fail_msg("'%s' does not say '%s'", error.message, words);
    run_free(&r);
}

static void another_configuration_is_refused_by_name(void **state)
{
    struct board board;
    struct accel_transport transport;
    board_new(&board, "zcu104", UIO_TIMEOUT_MS, &transport);
    expect_failure(&board, &transport, SNED_ERROR_UNSUPPORTED,
                   "compiled for the configuration 'ci', the accelerator is 'zcu104'");
    assert_int_equal(board.resets, 0);
    board_free(&board, &transport);
}

static void what_is_no_accelerator_is_refused(void **state)
{
    struct board board;
    struct accel_transport transport;
    board_new(&board, "ci", UIO_TIMEOUT_MS, &transport);
    board.registers[REGISTER_MAGIC / 4] = 0xffffffff;
    expect_failure(&board, &transport, SNED_ERROR_UNSUPPORTED, "magic ffffffff");
    board_free(&board, &transport);
}

static void an_error_of_the_accelerator_is_told_and_reset(void **state)
{
    struct board board;
    struct accel_transport transport;
    board_new(&board, "ci", UIO_TIMEOUT_MS, &transport);
    board.error = ACCEL_ERROR_READ;
    expect_failure(&board, &transport, SNED_ERROR_DATA, "error 4: a read of memory failed");
    assert_int_equal(board.resets, 2); /* before the run and after it */
    board_free(&board, &transport);
}

static void no_interrupt_ends_in_bounded_time(void **state)
{
    struct board board;
    struct accel_transport transport;
    board_new(&board, "ci", 300, &transport);
    board.silent = true;
    expect_failure(&board, &transport, SNED_ERROR_LIMIT,
                   "no interrupt of the accelerator within 300 ms; it is still at work, or hangs");
    assert_int_equal(board.resets, 2); /* before the run and after it */
    board_free(&board, &transport);
}

static void an_interrupt_of_a_run_before_is_passed_over(void **state)
{
    struct board board;
    struct accel_transport transport;
    struct run r;
    sned_error error = {0};
    run_new(&r, 3, 1);
    board_new(&board, "ci", UIO_TIMEOUT_MS, &transport);
    board.stray = true;
    assert_int_equal(run(&board, &transport, &r.program, r.inputs, 1, r.outputs, &error), SNED_OK);
    assert_memory_equal(r.outputs, r.golden, (size_t)r.program.output_bytes);
    board_free(&board, &transport);
    run_free(&r);
}

static void what_cannot_be_reset_is_told(void **state)
{
    struct board board;
    struct accel_transport transport;
    struct run r;
    uint64_t cycles;
    sned_error error = {0};
    run_new(&r, 1, 1);
    board_new(&board, "ci", UIO_TIMEOUT_MS, &transport);
    /* Without its threads. */
    assert_int_equal(driver_run(&transport, &r.program, r.inputs, 1, r.outputs, &cycles, &error),
                     SNED_ERROR_LIMIT);
    assert_non_null(strstr(error.message, "cannot be reset"));
    assert_int_equal(board.registers[REGISTER_CONTROL / 4], CONTROL_RESET);
    board_free(&board, &transport);
    run_free(&r);
}

static void memory_of_any_place_and_length_is_copied(void **state)
{
    struct board board;
    struct accel_transport transport;
    uint8_t data[64], back[64];
    sned_error error = {0};
    board_new(&board, "ci", UIO_TIMEOUT_MS, &transport);
    for (int i = 0; i < 64; i++)
        data[i] = (uint8_t)(i + 1);
    for (size_t offset = 0; offset < 9; offset++)
        for (size_t size = 0; size < 40; size++) {
            memset(board.memory, 0, 128);
            memset(back, 0, sizeof back);
            assert_int_equal(transport.write_memory(transport.context, 32 + offset, data, size, &error),
                             SNED_OK);
            assert_int_equal(board.memory[31 + offset], 0);
            assert_memory_equal(board.memory + 32 + offset, data, size);
            assert_int_equal(board.memory[32 + offset + size], 0);
            assert_int_equal(transport.read_memory(transport.context, 32 + offset, back, size, &error),
                             SNED_OK);
            assert_memory_equal(back, data, size);
            assert_int_equal(back[size], 0);
        }
    assert_int_equal(transport.read_memory(transport.context, MEMORY - 8, back, 9, &error),
                     SNED_ERROR_ARGUMENT);
    assert_int_equal(transport.write_memory(transport.context, (size_t)-8, data, 16, &error),
                     SNED_ERROR_ARGUMENT);
    assert_int_equal(transport.write_register(transport.context, 4096, 0, &error), SNED_ERROR_ARGUMENT);
    board_free(&board, &transport);
}

static void devices_are_opened_by_name(void **state)
{
    char registers[] = "/tmp/sned-uio-XXXXXX", memory[] = "/tmp/sned-memory-XXXXXX";
    const int files[2] = {mkstemp(registers), mkstemp(memory)};
    struct accel_transport transport;
    sned_error error = {0};
    uint32_t magic = ACCEL_MAGIC, value;
    assert_int_equal(write(files[0], &magic, sizeof magic), sizeof magic);
    assert_int_equal(ftruncate(files[0], UIO_REGISTER_BYTES), 0);
    assert_int_equal(ftruncate(files[1], MEMORY), 0);

    assert_int_equal(uio_open(&transport, registers, memory, BASE, MEMORY, &error), SNED_OK);
    assert_int_equal(transport.base, BASE);
    assert_int_equal(transport.size, MEMORY);
    assert_int_equal(transport.read_register(transport.context, REGISTER_MAGIC, &value, &error), SNED_OK);
    assert_int_equal(value, ACCEL_MAGIC);
    uio_close(&transport);
    uio_close(&transport);

    assert_int_equal(uio_open(&transport, registers, memory, BASE + 16, MEMORY, &error), SNED_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "0x70000010"));
    assert_int_equal(uio_open(&transport, registers, "/nowhere/udmabuf0", BASE, MEMORY, &error),
                     SNED_ERROR_IO);
    assert_non_null(strstr(error.message, "/nowhere/udmabuf0: cannot open"));
    assert_int_equal(uio_open(&transport, "/nowhere/uio0", memory, BASE, MEMORY, &error), SNED_ERROR_IO);
    assert_non_null(strstr(error.message, "/nowhere/uio0: cannot open"));
    assert_int_equal(uio_open(&transport, registers, memory, BASE, 0, &error), SNED_ERROR_IO);
    assert_non_null(strstr(error.message, "cannot map the accelerator's memory"));
    assert_null(transport.context);
    for (int i = 0; i < 2; i++)
        close(files[i]);
    unlink(registers);
    unlink(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_and_scores_lie_where_the_registers_say),
        cmocka_unit_test(another_configuration_is_refused_by_name),
        cmocka_unit_test(what_is_no_accelerator_is_refused),
        cmocka_unit_test(an_error_of_the_accelerator_is_told_and_reset),
        cmocka_unit_test(no_interrupt_ends_in_bounded_time),
        cmocka_unit_test(an_interrupt_of_a_run_before_is_passed_over),
        cmocka_unit_test(what_cannot_be_reset_is_told),
        cmocka_unit_test(memory_of_any_place_and_length_is_copied),
        cmocka_unit_test(devices_are_opened_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
