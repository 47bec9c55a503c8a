/*
 * registers.h - the accelerator's AXI4-Lite registers, as rtl/control/sned_registers.sv has them. 32 bits
 * each.
 */
#ifndef SNED_ACCEL_PROGRAM_REGISTERS_H
#define SNED_ACCEL_PROGRAM_REGISTERS_H

enum { ACCEL_MAGIC = 0x44454e53 /* "SNED" */, ACCEL_VERSION = 1, ACCEL_NAME_BYTES = 16 };

enum accel_register {
    REGISTER_MAGIC = 0x000,
    REGISTER_VERSION = 0x004,
    /* Written: CONTROL_START, CONTROL_RESET; read: while it runs, while it is reset. */
    REGISTER_CONTROL = 0x008,
    REGISTER_STATUS = 0x00c,  /* STATUS_DONE, STATUS_ERROR; a write takes the interrupt back */
    REGISTER_ERROR = 0x010,   /* enum accel_error */
    REGISTER_CYCLES = 0x018,  /* 64 bits: of the last run */
    REGISTER_NAME = 0x020,    /* 16 bytes: the configuration's name, its last letter first */
    REGISTER_COUNTER = 0x030, /* what REGISTER_SELECT chose */
    REGISTER_BASE = 0x040,    /* 64 bits: addresses in DDR, multiples of 16 */
    REGISTER_LIST = 0x048,
    REGISTER_INPUT = 0x050,
    REGISTER_OUTPUT = 0x058,
    REGISTER_INPUT_STEP = 0x060, /* bytes from a list's images to the next */
    REGISTER_OUTPUT_STEP = 0x064,
    REGISTER_COUNT = 0x068, /* descriptors */
    REGISTER_LISTS = 0x06c, /* how often the list is done */
    REGISTER_SELECT = 0x070 /* layer | enum accel_counter << 16; SELECT_UPPER: its upper 32 bits */
};

enum { CONTROL_START = 1, CONTROL_RESET = 2, STATUS_DONE = 1, STATUS_ERROR = 2 };

#define SELECT_UPPER ((uint32_t)1 << 31)

/* Of each layer below ACCEL_COUNTED_LAYERS, since the start: rtl/control/sned_counters.sv. */
enum { ACCEL_COUNTED_LAYERS = 512 };
enum accel_counter {
    COUNTER_CONV, /* cycles of the unit */
    COUNTER_VECTOR,
    COUNTER_FC,
    COUNTER_ISSUED,      /* lane-cycles: an entry is multiplied */
    COUNTER_WEIGHTS,     /* its stream has no item */
    COUNTER_ACTIVATIONS, /* its half-tile is not filled */
    COUNTER_DRAIN,       /* adders or collector cannot take a round */
    COUNTER_HEADERS,     /* a header is read */
    COUNTER_LOADED,      /* words of DDR_WORD bytes, by loads */
    COUNTER_FC_LOADED    /* by the FC engine */
};

enum accel_error {
    ACCEL_ERROR_NONE,
    ACCEL_ERROR_DESCRIPTOR, /* of no unit, or the list has no end */
    ACCEL_ERROR_TOKENS,     /* more than 15 wait */
    ACCEL_ERROR_STILL,      /* nothing has begun or ended for 2^24 cycles (sned_top's LimitBits) */
    ACCEL_ERROR_READ,       /* a read of memory failed */
    ACCEL_ERROR_WRITE,
    ACCEL_ERROR_FC /* a weight for a row that there is not, or a Gemm that is too large */
};

#endif
