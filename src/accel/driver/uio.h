/*
 * uio.h - an accelerator in the FPGA of a Linux board as the driver's transport.
 *
 * Its registers and its interrupt come through a UIO device (uio_pdrv_genirq), its memory through a device of
 * contiguous memory: u-dma-buf's /dev/udmabuf0, or /dev/mem for memory that the kernel was told to leave
 * alone. Both are opened with O_SYNC, so that the processor's cache holds none of it back.
 */
#ifndef SNED_ACCEL_DRIVER_UIO_H
#define SNED_ACCEL_DRIVER_UIO_H

#include "accel/driver/driver.h"

#include <sys/types.h>

enum { UIO_REGISTER_BYTES = 4096, UIO_TIMEOUT_MS = 10000 };

/*
 * `memory_base`: the buffer's address as the accelerator sees it (u-dma-buf tells it in
 * /sys/class/u-dma-buf/udmabuf0/phys_addr), a multiple of 4096; in /dev/mem it is the offset, too.
 * `memory_size`: bytes of it. SNED_ERROR_IO names the device that cannot be opened or mapped. On failure
 * *transport is empty.
 *
 * Its wait() is done within UIO_TIMEOUT_MS, and then SNED_ERROR_LIMIT.
 */
sned_status uio_open(struct accel_transport *transport, const char *device, const char *memory,
                     uint64_t memory_base, size_t memory_size, sned_error *error);
/* Takes what uio_open or uio_attach gave; an empty transport is fine. */
void uio_close(struct accel_transport *transport);

/* What uio_open has opened. */
struct uio_files {
    int registers, memory;
    int interrupt; /* a write of 1 as int32_t enables it; a read gives their number as uint32_t. A UIO
                      device's is its `registers` */
    off_t memory_offset;
    int timeout_ms; /* of wait() */
};

/* The inner half of uio_open, for tests. The files are the transport's from here on, and closed where this
 * fails. */
sned_status uio_attach(struct accel_transport *transport, const struct uio_files *files, uint64_t memory_base,
                       size_t memory_size, sned_error *error);

#endif
