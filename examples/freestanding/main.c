/*
 * main.c - LeNet-5 looks at a digit, on a processor without an operating system: a program to start your own
 * from.
 *
 * It is sned.h as everywhere, but for three things: the network is an array of constants, which may lie in
 * flash; all memory is one array; and there is no printf, so that a board has one function to write with.
 */
#include "board.h"
#include "picture.h"
#include "sned_freestanding.h"

#include <stdbool.h>
#include <string.h>

/* lenet5.c, which `sned export --c-array` makes. */
extern const unsigned char lenet5_sned[];
extern const size_t lenet5_sned_size;

enum { CLASSES = 10 };
static _Alignas(64) unsigned char memory[MEMORY];

/* ---- writing ---- */

static void write_number(uint64_t number)
{
    char text[24], *at = text + sizeof text - 1;
    *at = 0;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    board_write(at);
}

static void write_figure(const char *what, uint64_t number)
{
    board_write(what);
    write_number(number);
    board_write("\n");
}

/* In hundredths, and as the bits that it is. */
static void write_score(int class, float score)
{
    char bits[] = "  00000000\n";
    uint32_t left;
    memcpy(&left, &score, sizeof left);
    for (int i = 9; i >= 2; i--, left >>= 4)
        bits[i] = "0123456789abcdef"[left & 15];
    write_number((uint64_t) class);
    board_write(score < 0 ? "  -" : "   ");
    const uint64_t hundredths = (uint64_t)((score < 0 ? -score : score) * 100 + 0.5f);
    write_number(hundredths / 100);
    board_write(hundredths % 100 < 10 ? ".0" : ".");
    write_number(hundredths % 100);
    board_write(bits);
}

/* ---- the network ---- */

static uint64_t nanoseconds(void)
{
    return (uint64_t)(1e9 * sned_clock());
}

static void tell_step(void *user, const sned_step_time *time)
{
    board_write(time->kernel);
    write_figure(" ", time->nanoseconds);
}

/* Whether the context runs the picture and the network says what it is. */
static bool look(sned_context *context, sned_error *error)
{
    float scores[CLASSES];
    int best = 0;
    if (sned_context_set_step_done(context, tell_step, NULL, error) != SNED_OK ||
        sned_run_pixels(context, picture, 1, scores, error) != SNED_OK)
        return false;
    for (int i = 0; i < CLASSES; i++) {
        write_score(i, scores[i]);
        best = scores[i] > scores[best] ? i : best;
    }
    write_figure("It is a ", (uint64_t)best);
    return true;
}

int main(void)
{
    sned_model *model = NULL;
    sned_context *context = NULL;
    sned_error error;
    sned_freestanding_use(memory, sizeof memory);
    const uint64_t began = nanoseconds();
    bool done = sned_open_memory(&model, lenet5_sned, lenet5_sned_size, &error) == SNED_OK;
    write_figure("opening ", nanoseconds() - began);
    const size_t opening = sned_freestanding_used();
    done = done && sned_context_new(&context, model, &error) == SNED_OK && look(context, &error);
    if (done) {
        write_figure("bytes of memory to open: ", opening);
        write_figure("and to run: ", sned_freestanding_used());
        write_figure("of stack: ", board_stack_used());
    } else {
        board_write(error.message);
        board_write("\n");
    }
    sned_context_free(context);
    sned_close(model);
    return done ? 0 : 1;
}
