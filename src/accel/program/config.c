/*
 * config.c - the named parameter sets.
 *
 * zcu104 is what the cycle model chose for an XCZU7EV (docs/accelerator.md): 16 x 98 DSPs of 1,728, and 52
 * more that scale sums; DDR4-2400 x 64 at 80 % of 19.2 GB/s is 76.8 bytes at 200 MHz. ecp5 is for an
 * LFE5U-85F, with one 16-bit SDRAM; its clock is what fpga/ecp5 routed. ci is as small as all mechanisms
 * allow, for simulations of seconds.
 */
#include "accel/program/config.h"

#include <stdio.h>
#include <string.h>

static const struct accel_config configs[] = {
    {.name = "zcu104",
     .device = "XCZU7EV",
     .clock_mhz = 200,
     .lanes = 16,
     .pixels = 98,
     .half_rows = 256,
     .slots = 8,
     .drain = 8,
     .waiting = 4,
     .table_rows = 9216,
     .table_pairs = 64,
     .stream_words = 4096,
     .line_bytes = 64,
     .collectors = 2,
     .vector = 32,
     .lrn = 32,
     .sums = 64,
     .fc_lanes = 64,
     .fc_ports = 4,
     .fc_rows = 64,
     .read_beats = 128,
     .activation_bytes = 2 << 20,
     .ddr_bytes = 76.8},
    {.name = "ecp5",
     .device = "LFE5U-85F",
     .clock_mhz = 94,
     .lanes = 2,
     .pixels = 16,
     .half_rows = 256,
     .slots = 8,
     .drain = 8,
     .waiting = 4,
     .table_rows = 2048,
     .table_pairs = 32,
     .stream_words = 1024,
     .line_bytes = 8,
     .collectors = 1,
     .vector = 8,
     .lrn = 2,
     .sums = 8,
     .fc_lanes = 4,
     .fc_ports = 1,
     .fc_rows = 64,
     .read_beats = 32,
     .activation_bytes = 128 << 10,
     .ddr_bytes = 1.6},
    {.name = "ci",
     .device = "simulation",
     .clock_mhz = 100,
     .lanes = 2,
     .pixels = 16,
     .half_rows = 32,
     .slots = 8,
     .drain = 8,
     .waiting = 4,
     .table_rows = 1024,
     .table_pairs = 16,
     .stream_words = 512,
     .line_bytes = 8,
     .collectors = 1,
     .vector = 8,
     .lrn = 2,
     .sums = 8,
     .fc_lanes = 4,
     .fc_ports = 1,
     .fc_rows = 256,
     .read_beats = 32,
     .activation_bytes = 64 << 10,
     .ddr_bytes = 8},
    {.name = NULL},
};

sned_status accel_config_find(const struct accel_config **config, const char *name, sned_error *error)
{
    char names[128] = "";
    for (const struct accel_config *c = configs; c->name; c++) {
        if (strcmp(c->name, name) == 0) {
            *config = c;
            return SNED_OK;
        }
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", c->name);
    }
    return sned_fail(error, SNED_ERROR_ARGUMENT, "there is no configuration '%.40s'; there are: %s", name,
                     names);
}
