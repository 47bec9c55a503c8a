/*
 * target.h - what a fuzz target is, and what the targets share: files that live in memory, and inputs that
 * stand for more than one file.
 *
 * A target is one function over bytes. libFuzzer calls it (fuzz/run), and so does replay.c, which needs no
 * clang. Whatever the bytes are, it must come back: what must hold beyond that is said with fuzz_require.
 */
#ifndef SNED_FUZZ_TARGET_H
#define SNED_FUZZ_TARGET_H

#include "base/error.h"
#include "io/pictures/input_form.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); /* always 0 */

/* Aborts, as a sanitizer would, and says which promise was broken. */
void fuzz_require(bool holds, const char *promise);
/* What a reader promises: an object, or an error of one line that says something. */
void fuzz_require_outcome(sned_status status, const void *object, const sned_error *error);

/*
 * File `slot` (0 to FUZZ_FILES - 1) gets these bytes, and its path is returned. It lies in memory; the path
 * is valid for this process alone, until the end.
 */
enum { FUZZ_FILES = 4 };
const char *fuzz_file(int slot, const void *data, size_t size);
/* A folder of this process's own, in memory where there is /dev/shm; removed at exit. */
const char *fuzz_folder(void);
/* Makes `name` ("set/a.tar": its folder is made too) in that folder another name of file `slot`. */
void fuzz_link(const char *name, int slot);

/*
 * One input that stands for three files, and for a choice of options:
 *
 *     options 1 byte | size of names 2 | size of labels 2 | names | labels | content, to the end
 *
 * Sizes are little endian and cut to what there is.
 */
struct fuzz_bytes {
    const uint8_t *data;
    size_t size;
};
struct fuzz_parts {
    uint8_t options;
    struct fuzz_bytes names, labels, content;
};
struct fuzz_parts fuzz_split(const uint8_t *data, size_t size);

/* Opens the data set `spec` as the options say (which input, how much memory, pictures or values), and reads
 * all of it.
 */
void fuzz_read_dataset(const char *spec, uint8_t options);
/* What pictures are brought to, by the lowest two bits of `options`: each way of resizing once. */
struct input_form fuzz_form(uint8_t options);

#endif
