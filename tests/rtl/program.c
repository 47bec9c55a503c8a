/*
 * program.c - see program.h.
 */
#include "tests/accel/accel_kinds.h"
#include "tests/common/accel_networks.h"

#include "rtl/program.h"

#include "accel/golden/golden.h"

/* cmocka's assertions work within its tests alone. */
static void must(sned_status status, const sned_error *error)
{
    if (status == SNED_OK)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static void make_pictures(struct rtl_program *p, const sned_model *model, struct random *random)
{
    const size_t in = (size_t)p->program.input.bytes, out = (size_t)p->program.output_bytes;
    sned_error error = {0};
    must(sned_alloc(&p->inputs, p->images, in, &error), &error);
    must(sned_alloc(&p->golden, p->images, out, &error), &error);
    for (size_t i = 0; i < p->images; i++) {
        struct accel_picture picture = accel_picture_new(&p->program, model, random);
        memcpy(p->inputs + i * in, picture.block, in);
        accel_picture_free(&picture);
    }
    for (size_t i = 0; i < p->images; i += (size_t)p->program.images)
        must(golden_run(&p->program, p->inputs + i * in, p->golden + i * out, &error), &error);
}

/* A network of images, or one of any kinds of nodes, with several outputs now and then. */
static struct graph *network_of(uint64_t seed, struct random *random)
{
    const enum accel_kind maker = (enum accel_kind)random_range(random, 1, KIND_COUNT - 1),
                          reader = (enum accel_kind)random_range(random, 1, KIND_COUNT - 1);
    struct graph *graph = seed % 2 ? accel_pair_network(seed, maker, reader) : NULL;
    return graph ? graph : accel_random_network(seed);
}

bool rtl_program_make(struct rtl_program *p, uint64_t seed, const char *config, int lists, int list_images)
{
    const struct accel_config *c;
    struct random random;
    sned_model *model;
    sned_error error = {0};
    const struct accel_request request = {.images = list_images, .parts = (int)(seed % 5)};
    sned_random_seed(&random, seed, 4);
    *p = (struct rtl_program){.images = (size_t)lists * (size_t)list_images};
    must(accel_config_find(&c, config, &error), &error);
    must(sned_model_from_graph(&model, network_of(seed, &random), &error), &error);
    const sned_status status = accel_compile(&p->program, sned_model_graph(model), c, &request, &error);
    if (status == SNED_OK)
        make_pictures(p, model, &random);
    else if (status != SNED_ERROR_UNSUPPORTED)
        must(status, &error);
    sned_close(model);
    return status == SNED_OK;
}

void rtl_program_free(struct rtl_program *p)
{
    accel_program_free(&p->program);
    free(p->inputs);
    free(p->golden);
    *p = (struct rtl_program){0};
}
