/*
 * board_mps2.c - Arm's MPS2 with a Cortex-M, as qemu-system-arm -M mps2-an385 has it: where it starts, how it
 * writes (semihosting), and its clock (the processor's own, SysTick).
 */
#include "board.h"

#include <stdint.h>

/* ---- semihosting: a breakpoint that the debugger, here qemu, takes as a request ---- */

enum { WRITE_TEXT = 0x04, EXIT = 0x20, EXIT_OF_ITS_OWN = 0x20026 };

static void ask(uint32_t what, const void *with)
{
    register uint32_t r0 __asm__("r0") = what;
    register const void *r1 __asm__("r1") = with;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void board_write(const char *text)
{
    ask(WRITE_TEXT, text);
}

/* ---- time: SysTick counts down 24 bits at 25 MHz, and interrupts where it begins anew ---- */

enum { RELOAD = 0xffffff, HERTZ = 25000000 };
#define SYSTICK ((volatile uint32_t *)0xe000e010) /* control, reload, current */
static volatile uint32_t rounds;

static void count_round(void)
{
    rounds++;
}

static void start_clock(void)
{
    SYSTICK[1] = RELOAD;
    SYSTICK[2] = 0;
    SYSTICK[0] = 7;
}

/* In the place of the library's, which has none. */
double sned_clock(void);
double sned_clock(void)
{
    uint32_t before, current;
    do {
        before = rounds;
        current = SYSTICK[2];
    } while (before != rounds);
    return ((double)before * (RELOAD + 1.0) + (RELOAD - current)) / HERTZ;
}

/* ---- the stack: what was never written is still as start() made it ---- */

extern uint32_t stack_begin[], stack_end[]; /* mps2.ld's, as those below */
enum { UNTOUCHED = 0x5eed5eed };

size_t board_stack_used(void)
{
    const uint32_t *lowest = stack_begin;
    while (lowest < stack_end && *lowest == UNTOUCHED)
        lowest++;
    return (size_t)((const char *)stack_end - (const char *)lowest);
}

/* ---- the start ---- */

extern uint32_t data_begin[], data_end[], data_in_flash[], bss_begin[], bss_end[];
int main(void);

static void leave(uint32_t status)
{
    const uint32_t how[2] = {EXIT_OF_ITS_OWN, status};
    ask(EXIT, how);
    for (;;)
        continue;
}

static void start(void)
{
    const uint32_t *below_here = __builtin_frame_address(0);
    for (uint32_t *to = stack_begin; to < below_here - 16; to++)
        *to = UNTOUCHED;
    for (uint32_t *to = data_begin, *from = data_in_flash; to < data_end;)
        *to++ = *from++;
    for (uint32_t *to = bss_begin; to < bss_end;)
        *to++ = 0;
    start_clock();
    leave((uint32_t)main());
}

static void fault(void)
{
    board_write("a fault of the processor: too small a stack?\n");
    leave(2);
}

/* The stack's end, then who is called: at the start, for each kind of fault, and by the clock. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_end,     (void *)start, (void *)fault, (void *)fault,
    (void *)fault, (void *)fault, (void *)fault, [15] = (void *)count_round};
