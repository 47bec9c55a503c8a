/*
 * program.h - a compiled program of a random network, pictures for it, and what the golden model makes of
 * them: for the C++ of Verilator's harnesses.
 */
#ifndef SNED_TESTS_RTL_PROGRAM_H
#define SNED_TESTS_RTL_PROGRAM_H

#include "accel/program/program.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rtl_program {
    struct accel_program program;
    size_t images;            /* a multiple of program.images */
    uint8_t *inputs, *golden; /* [images][program.input.bytes], [images][program.output_bytes] */
};

/* The same for a seed: `lists` lists of `list_images` images each. False where the compiler says that the
 * network does not fit the configuration; *program is then empty. */
bool rtl_program_make(struct rtl_program *program, uint64_t seed, const char *config, int lists,
                      int list_images);
void rtl_program_free(struct rtl_program *program);

#ifdef __cplusplus
}
#endif

#endif
