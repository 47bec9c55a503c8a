/*
 * table.h - the entries of the feeder's and the collectors' tables, as they lie in DDR.
 *
 *     row, 64 bits       63   56 55     48 47      24 23       0
 *                       +-------+---------+----------+----------+
 *                       |   0   | columns |  shift   | channel  |  sned_feeder: channel in bytes,
 *                       +-------+---------+----------+----------+  shift and columns signed
 *
 *     pair, 256 bits     208  207     200 199  192 191  184  175        152 151      128 127   64 63     0
 *                       +----+-----------+--------+--------+---+------------+------------+--------+--------+
 *                       |ends| collector |  lane  | number | 0 | channel 1  | channel 0  |filter 1|filter 0|
 *                       +----+-----------+--------+--------+---+------------+------------+--------+--------+
 *     filter             50    49   48    43 42         27 26         0
 *                       +-----+----+--------+-------------+------------+
 *                       |upper|used| shift  |  multiplier | bias       |  sned_pkg: filter_t
 *                       +-----+----+--------+-------------+------------+
 */
#ifndef SNED_ACCEL_PROGRAM_TABLE_H
#define SNED_ACCEL_PROGRAM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

enum { ROW_BYTES = 8, PAIR_BYTES = 32, SUM_BITS = 27, COLUMN_BITS = 6, SHIFT_BITS = 24 };

struct table_row {
    int channel, shift, columns;
};

struct table_filter {
    int32_t bias;
    int multiplier, shift;
    bool used, upper;
};

struct table_pair {
    struct table_filter filters[2];
    int channel[2]; /* where the filters' planes begin, from the Conv's out_base on */
    int number, lane, collector;
    bool ends; /* the lane's last */
};

void table_row_pack(uint8_t bytes[ROW_BYTES], const struct table_row *row);
void table_row_unpack(struct table_row *row, const uint8_t bytes[ROW_BYTES]);
void table_pair_pack(uint8_t bytes[PAIR_BYTES], const struct table_pair *pair);
void table_pair_unpack(struct table_pair *pair, const uint8_t bytes[PAIR_BYTES]);

#endif
