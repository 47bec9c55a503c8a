/*
 * uio.c - see uio.h.
 *
 * What orders the processor and the accelerator is the register that starts a run and those that are read at
 * its end: everything written to memory before a register is written is there for the accelerator, and
 * nothing is read from memory before a register that was read earlier. A fence at each register access sees
 * to it.
 */
#include "accel/driver/uio.h"
#include "accel/program/registers.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct uio {
    struct uio_files files;
    volatile uint32_t *registers; /* [UIO_REGISTER_BYTES / 4] */
    uint8_t *memory;              /* [size] */
    size_t size;
};

/* The compiler's own fence on ARM reaches other processors only ("inner shareable"). */
static void fence(void)
{
#ifdef __aarch64__
    __asm__ volatile("dsb sy" ::: "memory");
#else
    __sync_synchronize();
#endif
}

/* ---- registers ---- */

static sned_status read_register(void *context, int offset, uint32_t *value, sned_error *error)
{
    const struct uio *uio = context;
    if (offset < 0 || offset % 4 || offset >= UIO_REGISTER_BYTES)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "the accelerator has no register at %d", offset);
    *value = uio->registers[offset / 4];
    fence();
    return SNED_OK;
}

static sned_status write_register(void *context, int offset, uint32_t value, sned_error *error)
{
    const struct uio *uio = context;
    if (offset < 0 || offset % 4 || offset >= UIO_REGISTER_BYTES)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "the accelerator has no register at %d", offset);
    fence();
    uio->registers[offset / 4] = value;
    return SNED_OK;
}

/* ---- memory ---- */

/* Not memcpy: memory that the kernel maps as a device's takes aligned accesses only. `from` or `to` is the
 * device's. */
static void copy_to_device(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t i = 0;
    for (; i < size && (uintptr_t)(to + i) % 8; i++)
        *(volatile uint8_t *)(to + i) = from[i];
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, from + i, sizeof word);
        *(volatile uint64_t *)(void *)(to + i) = word;
    }
    for (; i < size; i++)
        *(volatile uint8_t *)(to + i) = from[i];
}

static void copy_from_device(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t i = 0;
    for (; i < size && (uintptr_t)(from + i) % 8; i++)
        to[i] = *(const volatile uint8_t *)(from + i);
    for (; i + 8 <= size; i += 8) {
        const uint64_t word = *(const volatile uint64_t *)(const void *)(from + i);
        memcpy(to + i, &word, sizeof word);
    }
    for (; i < size; i++)
        to[i] = *(const volatile uint8_t *)(from + i);
}

static sned_status check_range(const struct uio *uio, size_t offset, size_t size, sned_error *error)
{
    if (offset > uio->size || size > uio->size - offset)
        return sned_fail(error, SNED_ERROR_ARGUMENT, "%zu bytes at %zu of an accelerator's memory of %zu",
                         size, offset, uio->size);
    return SNED_OK;
}

static sned_status read_memory(void *context, size_t offset, void *data, size_t size, sned_error *error)
{
    const struct uio *uio = context;
    SNED_TRY(check_range(uio, offset, size, error));
    copy_from_device(data, uio->memory + offset, size);
    return SNED_OK;
}

static sned_status write_memory(void *context, size_t offset, const void *data, size_t size,
                                sned_error *error)
{
    const struct uio *uio = context;
    SNED_TRY(check_range(uio, offset, size, error));
    copy_to_device(uio->memory + offset, data, size);
    return SNED_OK;
}

/* ---- the interrupt ---- */

static int64_t milliseconds(void)
{
    return (int64_t)(1000 * sned_clock());
}

/* One interrupt, or *came = false at the time `end`. */
static sned_status wait_once(const struct uio *uio, int64_t end, bool *came, sned_error *error)
{
    const int32_t enable = 1;
    uint32_t count;
    *came = false;
    if (write(uio->files.interrupt, &enable, sizeof enable) != sizeof enable)
        return sned_fail(error, SNED_ERROR_IO, "cannot enable the accelerator's interrupt: %s",
                         strerror(errno));
    for (;;) {
        const int64_t left = end - milliseconds();
        struct pollfd asked = {.fd = uio->files.interrupt, .events = POLLIN};
        const int ready = poll(&asked, 1, left > 0 ? (int)left : 0);
        if (ready > 0)
            break;
        if (ready == 0)
            return SNED_OK;
        if (errno != EINTR)
            return sned_fail(error, SNED_ERROR_IO, "cannot wait for the accelerator's interrupt: %s",
                             strerror(errno));
    }
    errno = 0;
    if (read(uio->files.interrupt, &count, sizeof count) != sizeof count)
        return sned_fail(error, SNED_ERROR_IO, "cannot read the accelerator's interrupts: %s",
                         errno ? strerror(errno) : "too few bytes");
    *came = true;
    return SNED_OK;
}

/* An interrupt of a run before, which nobody waited for any more, is passed over: the status is not set. */
static sned_status wait_interrupt(void *context, sned_error *error)
{
    struct uio *uio = context;
    const int64_t end = milliseconds() + uio->files.timeout_ms;
    uint32_t status = 0;
    bool came = true;
    while (came) {
        SNED_TRY(wait_once(uio, end, &came, error));
        SNED_TRY(read_register(uio, REGISTER_STATUS, &status, error));
        if (came && status)
            return SNED_OK;
    }
    return sned_fail(error, SNED_ERROR_LIMIT, "no interrupt of the accelerator within %d ms; %s",
                     uio->files.timeout_ms,
                     status ? "it has stopped, so the interrupt does not reach this UIO device"
                            : "it is still at work, or hangs");
}

/* ---- open and close ---- */

static void close_files(const struct uio_files *files)
{
    if (files->interrupt >= 0 && files->interrupt != files->registers)
        close(files->interrupt);
    if (files->registers >= 0)
        close(files->registers);
    if (files->memory >= 0)
        close(files->memory);
}

void uio_close(struct accel_transport *transport)
{
    struct uio *uio = transport->context;
    if (uio) {
        if (uio->registers)
            munmap((void *)uio->registers, UIO_REGISTER_BYTES);
        if (uio->memory)
            munmap(uio->memory, uio->size);
        close_files(&uio->files);
        free(uio);
    }
    *transport = (struct accel_transport){0};
}

static sned_status map(void **mapped, int file, size_t size, off_t offset, const char *what,
                       sned_error *error)
{
    *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, offset);
    if (*mapped != MAP_FAILED)
        return SNED_OK;
    *mapped = NULL;
    return sned_fail(error, SNED_ERROR_IO, "cannot map the accelerator's %s: %s", what, strerror(errno));
}

sned_status uio_attach(struct accel_transport *transport, const struct uio_files *files, uint64_t memory_base,
                       size_t memory_size, sned_error *error)
{
    struct uio *uio;
    void *registers = NULL, *memory = NULL;
    sned_status status = sned_alloc(&uio, 1, sizeof *uio, error);
    *transport = (struct accel_transport){0};
    if (status != SNED_OK) {
        close_files(files);
        return status;
    }
    *uio = (struct uio){.files = *files, .size = memory_size};
    *transport = (struct accel_transport){.context = uio,
                                          .base = memory_base,
                                          .size = memory_size,
                                          .read_register = read_register,
                                          .write_register = write_register,
                                          .read_memory = read_memory,
                                          .write_memory = write_memory,
                                          .wait = wait_interrupt};
    if (memory_base % 4096)
        status = sned_fail(error, SNED_ERROR_ARGUMENT, "memory at %#llx: not a multiple of 4096",
                           (unsigned long long)memory_base);
    if (status == SNED_OK)
        status = map(&registers, files->registers, UIO_REGISTER_BYTES, 0, "registers", error);
    if (status == SNED_OK)
        status = map(&memory, files->memory, memory_size, files->memory_offset, "memory", error);
    uio->registers = registers;
    uio->memory = memory;
    if (status != SNED_OK)
        uio_close(transport);
    return status;
}

sned_status uio_open(struct accel_transport *transport, const char *device, const char *memory,
                     uint64_t memory_base, size_t memory_size, sned_error *error)
{
    struct uio_files files = {.memory = -1, .timeout_ms = UIO_TIMEOUT_MS};
    *transport = (struct accel_transport){0};
    files.registers = files.interrupt = open(device, O_RDWR | O_SYNC | O_CLOEXEC);
    if (files.registers < 0)
        return sned_fail(error, SNED_ERROR_IO, "%s: cannot open: %s", device, strerror(errno));
    files.memory = open(memory, O_RDWR | O_SYNC | O_CLOEXEC);
    if (files.memory < 0) {
        const int why = errno;
        close_files(&files);
        return sned_fail(error, SNED_ERROR_IO, "%s: cannot open: %s", memory, strerror(why));
    }
    if (strcmp(memory, "/dev/mem") == 0)
        files.memory_offset = (off_t)memory_base;
    return sned_error_context(error, uio_attach(transport, &files, memory_base, memory_size, error), "%s, %s",
                              device, memory);
}
