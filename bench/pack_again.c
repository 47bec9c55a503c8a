/*
 * pack_again.c - what bytes a packed network becomes on this machine: pack_again FILE.sned... For each file
 * and each way of packing it, by default and in one format for all layers, a line with size and hash. Two
 * machines that agree on all lines write the same files (bench/aarch64.sh).
 * pack_again FILE.sned FORMAT OUT.sned writes one of them (bench/peers_size.sh).
 */
#include "base/file.h"
#include "base/hash.h"
#include "codec/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sned_status print_packed(const char *path, const struct graph *graph, const int *force,
                                const char *format, sned_error *error)
{
    struct buffer packed = {0};
    const struct pack_options options = {.force = force};
    const sned_status status = sned_pack(graph, &options, &packed, NULL, NULL, error);
    if (status == SNED_OK)
        printf("%s %s %zu %016llx\n", path, format, packed.size,
               (unsigned long long)sned_hash(packed.data, packed.size));
    else if (status == SNED_ERROR_UNSUPPORTED)
        printf("%s %s unsupported\n", path, format);
    sned_buffer_free(&packed);
    return status == SNED_ERROR_UNSUPPORTED ? SNED_OK : status;
}

/* All nodes in one format; the caller frees *force. */
static sned_status force_format(int **force, const struct graph *graph, int format, sned_error *error)
{
    SNED_TRY(sned_alloc(force, (size_t)graph->node_count, sizeof **force, error));
    for (int n = 0; n < graph->node_count; n++)
        (*force)[n] = format;
    return SNED_OK;
}

static sned_status print_all(const char *path, const struct graph *graph, sned_error *error)
{
    SNED_TRY(print_packed(path, graph, NULL, "default", error));
    for (int format = 0; format < FORMAT_COUNT; format++) {
        int *force;
        SNED_TRY(force_format(&force, graph, format, error));
        const sned_status status =
            print_packed(path, graph, force, sned_format_name((enum weight_format)format), error);
        free(force);
        SNED_TRY(status);
    }
    return SNED_OK;
}

static sned_status write_one(const struct graph *graph, const char *name, const char *out, sned_error *error)
{
    struct buffer packed = {0};
    int *force = NULL, format = 0;
    sned_status status;
    while (format < FORMAT_COUNT && strcmp(name, sned_format_name((enum weight_format)format)) != 0)
        format++;
    SNED_TRY_DONE(force_format(&force, graph, format, error));
    SNED_TRY_DONE(sned_pack(graph, &(struct pack_options){.force = force}, &packed, NULL, NULL, error));
    SNED_TRY_DONE(sned_file_write(out, packed.data, packed.size, error));
done:
    free(force);
    sned_buffer_free(&packed);
    return status;
}

/* name: of one format, for the file `out`; NULL: prints all. */
static sned_status pack_again(const char *path, const char *name, const char *out, sned_error *error)
{
    struct buffer file = {0};
    struct graph *graph = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_file_read(&file, path, SIZE_MAX, error));
    SNED_TRY_DONE(sned_unpack(&graph, file.data, file.size, NULL, NULL, error));
    status = name ? write_one(graph, name, out, error) : print_all(path, graph, error);
done:
    sned_graph_free(graph);
    sned_buffer_free(&file);
    return status;
}

int main(int argc, char **argv)
{
    const bool writes = argc == 4 && !strstr(argv[2], ".sned");
    for (int i = 1; i < (writes ? 2 : argc); i++) {
        sned_error error = {0};
        if (pack_again(argv[i], writes ? argv[2] : NULL, writes ? argv[3] : NULL, &error) != SNED_OK) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
    }
    return argc > 1 ? 0 : 2;
}
