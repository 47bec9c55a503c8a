/*
 * pack_again.c - what bytes a packed network becomes on this machine: pack_again FILE.sned... For each file
 * and each way of packing it, by default and in one format for all layers, a line with size and hash. Two
 * machines that agree on all lines write the same files (bench/aarch64.sh).
 */
#include "base/file.h"
#include "base/hash.h"
#include "codec/codec.h"

#include <stdio.h>
#include <stdlib.h>

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

static sned_status pack_again(const char *path, sned_error *error)
{
    struct buffer file = {0};
    struct graph *graph = NULL;
    int *force = NULL;
    sned_status status;
    SNED_TRY_DONE(sned_file_read(&file, path, SIZE_MAX, error));
    SNED_TRY_DONE(sned_unpack(&graph, file.data, file.size, NULL, NULL, error));
    SNED_TRY_DONE(sned_alloc(&force, (size_t)graph->node_count, sizeof *force, error));
    SNED_TRY_DONE(print_packed(path, graph, NULL, "default", error));
    for (int format = 0; format < FORMAT_COUNT; format++) {
        for (int n = 0; n < graph->node_count; n++)
            force[n] = format;
        SNED_TRY_DONE(print_packed(path, graph, force, sned_format_name((enum weight_format)format), error));
    }
done:
    free(force);
    sned_graph_free(graph);
    sned_buffer_free(&file);
    return status;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        sned_error error = {0};
        if (pack_again(argv[i], &error) != SNED_OK) {
            fprintf(stderr, "%s\n", error.message);
            return 1;
        }
    }
    return argc > 1 ? 0 : 2;
}
