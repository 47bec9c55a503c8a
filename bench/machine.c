/*
 * machine.c - what this machine can do at most: machine [MILLISECONDS]. Prints JSON, each number of one core
 * and of all at once:
 *
 *     gmacs   10^9 multiply-accumulates of bytes a second, of the instructions that a column of
 *             micro-kernels is made of (SNED_CPU's names), on registers alone
 *     gbytes  10^9 bytes a second, read from an array larger than the caches
 *
 * They are the bounds that a kernel's speed is a share of: a convolution's the first, a fully connected
 * layer's at batch 1 the second. Of the short trials that fit into MILLISECONDS (300) the best counts, so
 * that a busy machine hardly lowers a bound; of all cores it is the sum over threads that run at once.
 */
#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#define HAS_DOT_PRODUCTS (getauxval(AT_HWCAP) >> 20 & 1) /* HWCAP_ASIMDDP */
#endif

/* SUMS that do not wait for each other: more than an instruction's latency times how many begin in a cycle */
enum { SUMS = 12, STEPS = 20000, MOST_THREADS = 256 };
static const size_t array_bytes = (size_t)256 << 20, piece_bytes = (size_t)4 << 20;
static const unsigned char *array;

/* What is timed, and how many multiply-accumulates or bytes one call of it is. */
struct work {
    const char *name; /* NULL ends a list */
    double amount;
    int64_t (*run)(void);
};

/* STEPS times, each of SUMS: sum = STEP(sum, a, b). The compiler has to compute anew what follows from
 * what the empty assembly may change. */
#define RUN_STEPS(SUM, VECTOR, ZERO, VALUE, STEP, REGISTER)                                                  \
    SUM sums[SUMS];                                                                                          \
    VECTOR a = VALUE(3), b = VALUE(1);                                                                       \
    int64_t total = 0;                                                                                       \
    for (int s = 0; s < SUMS; s++)                                                                           \
        sums[s] = ZERO(0);                                                                                   \
    for (int i = 0; i < STEPS; i++) {                                                                        \
        _Pragma("GCC unroll 12") for (int s = 0; s < SUMS; s++)                                              \
        {                                                                                                    \
            __asm__ volatile("" : REGISTER(a));                                                              \
            sums[s] = STEP(sums[s], a, b);                                                                   \
        }                                                                                                    \
    }                                                                                                        \
    for (int s = 0; s < SUMS; s++)                                                                           \
        total += (int64_t)sums[s][0];                                                                        \
    return total

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bw,avx512vnni"))) static int64_t run_avx512vnni(void)
{
    RUN_STEPS(__m512i, __m512i, _mm512_set1_epi32, _mm512_set1_epi8, _mm512_dpbusd_epi32, "+v");
}

/* As assembler, which every compiler passes on. */
__attribute__((target("avx2"))) static inline __m256i step_avxvnni(__m256i sum, __m256i a, __m256i b)
{
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
    return sum;
}

__attribute__((target("avx2"))) static int64_t run_avxvnni(void)
{
    RUN_STEPS(__m256i, __m256i, _mm256_set1_epi32, _mm256_set1_epi8, step_avxvnni, "+x");
}

/* CPUID, leaf 7, subleaf 1: bit 4 of EAX. */
static bool has_avxvnni(void)
{
    unsigned a, b, c, d;
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

/* Products of bytes to sums of two, of four, and to what is there: three instructions. */
__attribute__((target("avx2"))) static inline __m256i step_avx2(__m256i sum, __m256i a, __m256i b)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), b));
}

__attribute__((target("avx2"))) static int64_t run_avx2(void)
{
    RUN_STEPS(__m256i, __m256i, _mm256_set1_epi32, _mm256_set1_epi8, step_avx2, "+x");
}
#elif defined(__aarch64__)
__attribute__((target("+dotprod"))) static int64_t run_neon_dot(void)
{
    RUN_STEPS(int32x4_t, int8x16_t, vdupq_n_s32, vdupq_n_s8, vdotq_s32, "+w");
}

/* Products of 16 bytes to 16 bits, and pairs of those to what is there: four instructions. */
static inline int32x4_t step_neon(int32x4_t sum, int8x16_t a, int8x16_t b)
{
    const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    return vpadalq_s16(vpadalq_s16(sum, low), vmull_high_s8(a, b));
}

static int64_t run_neon(void)
{
    RUN_STEPS(int32x4_t, int8x16_t, vdupq_n_s32, vdupq_n_s8, step_neon, "+w");
}
#endif

/* The array's next piece, in four sequences at once, for which processors fetch more ahead than for one; of
 * vectors that every machine here has: of longer ones compilers keep the sums in memory, which is slower than
 * what is to be measured. Pieces are small, that trials are short; before one comes again the caches have had
 * all the others. */
static int64_t read_piece(void)
{
    typedef uint64_t lanes __attribute__((vector_size(16), may_alias));
    static _Thread_local size_t place;
    const lanes *values = (const lanes *)(array + place);
    const size_t length = piece_bytes / 4 / sizeof *values;
    lanes sums[4] = {0};
    for (size_t i = 0; i < length; i++)
        for (size_t s = 0; s < 4; s++)
            sums[s] += values[s * length + i];
    place = (place + piece_bytes) % array_bytes;
    return (int64_t)(sums[0][0] + sums[1][1] + sums[2][0] + sums[3][1]);
}

/* What this machine has, ended by a name of NULL. */
static void list_instructions(struct work list[4])
{
    int count = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw"))
        list[count++] = (struct work){"avx512vnni", 64.0 * SUMS * STEPS, run_avx512vnni};
    if (has_avxvnni())
        list[count++] = (struct work){"avxvnni", 32.0 * SUMS * STEPS, run_avxvnni};
    if (__builtin_cpu_supports("avx2"))
        list[count++] = (struct work){"avx2", 32.0 * SUMS * STEPS, run_avx2};
#elif defined(__aarch64__)
    if (HAS_DOT_PRODUCTS)
        list[count++] = (struct work){"neon_dot", 16.0 * SUMS * STEPS, run_neon_dot};
    list[count++] = (struct work){"neon", 16.0 * SUMS * STEPS, run_neon};
#endif
    list[count] = (struct work){0};
}

struct trial {
    const struct work *work;
    double seconds, best;  /* to try for; 10^9 a second */
    volatile int64_t kept; /* what was computed is used */
};

static void *run_trials(void *argument)
{
    struct trial *trial = argument;
    for (double begin = sned_clock(), now = begin; now - begin < trial->seconds;) {
        const double before = now;
        trial->kept = trial->work->run();
        now = sned_clock();
        const double rate = 1e-9 * trial->work->amount / (now - before);
        if (rate > trial->best)
            trial->best = rate;
    }
    return NULL;
}

/* The best of so many threads, added up; below 0 where they cannot be had. */
static double best_of(const struct work *work, int threads, double seconds)
{
    static struct trial trials[MOST_THREADS];
    pthread_t handles[MOST_THREADS];
    double sum = 0;
    int started = 0;
    for (; started < threads; started++) {
        trials[started] = (struct trial){.work = work, .seconds = seconds};
        if (pthread_create(&handles[started], NULL, run_trials, &trials[started]))
            break;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(handles[i], NULL);
        sum += trials[i].best;
    }
    return started == threads ? sum : -1;
}

int main(int count, char **arguments)
{
    const double seconds = 1e-3 * (count > 1 ? strtod(arguments[1], NULL) : 300);
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const int cores = online < 1 ? 1 : online > MOST_THREADS ? MOST_THREADS : (int)online;
    unsigned char *memory = aligned_alloc(64, array_bytes);
    struct work instructions[4], reading = {"read", (double)piece_bytes, read_piece};
    if (!memory) {
        fprintf(stderr, "machine: no memory for an array of %zu bytes\n", array_bytes);
        return 1;
    }
    memset(memory, 1, array_bytes); /* pages of its own, not the one of zeros */
    array = memory;
    list_instructions(instructions);
    printf("{\"cores\": %d, \"gmacs\": {", cores);
    for (const struct work *work = instructions; work->name; work++)
        printf("%s\"%s\": [%.1f, %.1f]", work == instructions ? "" : ", ", work->name,
               best_of(work, 1, seconds), best_of(work, cores, seconds));
    printf("}, \"gbytes\": [%.1f, %.1f]}\n", best_of(&reading, 1, seconds),
           best_of(&reading, cores, seconds));
    free(memory);
    return 0;
}
