/*
 * scores.c - what networks make of an image, where there is no system: the lines of tests/aarch64/scores.c,
 * as far as their comma, for each of the networks that the program carries (cortex_m.sh makes
 * networks.c).
 */
#include "base/hash.h"
#include "base/random.h"
#include "board.h"
#include "sned_freestanding.h"

#include <string.h>

extern const struct carried {
    const char *name;
    const unsigned char *begin, *end;
} networks[];

enum { MOST = 4096 /* elements of an input, and scores */ };
static _Alignas(64) unsigned char memory[MEMORY];
static uint8_t pixels[MOST];
static float values[MOST], scores[MOST];

static void write_hash(uint64_t hash)
{
    char digits[17] = "";
    for (int i = 15; i >= 0; i--, hash >>= 4)
        digits[i] = "0123456789abcdef"[hash & 15];
    board_write(digits);
}

static sned_status run(sned_context *context, const sned_model_info *info, sned_error *error)
{
    const size_t elements = (size_t)info->channels * (size_t)info->height * (size_t)info->width;
    struct random random;
    if (elements > MOST || info->classes > MOST)
        return SNED_ERROR_LIMIT;
    sned_random_seed(&random, 17, 0);
    for (size_t i = 0; i < elements; i++)
        values[i] = (float)(pixels[i] = (uint8_t)sned_random_next(&random));
    return *info->color ? sned_run_pixels(context, pixels, 1, scores, error)
                        : sned_run_values(context, values, 1, scores, error);
}

static sned_status look(const struct carried *network, sned_error *error)
{
    sned_model *model = NULL;
    sned_context *context = NULL;
    sned_status status =
        sned_open_memory(&model, network->begin, (size_t)(network->end - network->begin), error);
    if (status == SNED_OK)
        status = sned_context_new(&context, model, error);
    if (status == SNED_OK)
        status = run(context, sned_model_get_info(model), error);
    if (status == SNED_OK) {
        board_write(network->name);
        board_write(": ");
        write_hash(sned_hash(scores, (size_t)sned_model_get_info(model)->classes * sizeof *scores));
        board_write("\n");
    }
    sned_context_free(context);
    sned_close(model);
    return status;
}

int main(void)
{
    for (const struct carried *network = networks; network->name; network++) {
        sned_error error = {0};
        sned_freestanding_use(memory, sizeof memory);
        if (look(network, &error) != SNED_OK) {
            board_write(network->name);
            board_write(": ");
            board_write(error.message);
            board_write("\n");
            return 1;
        }
    }
    return 0;
}
