/*
 * parameters.c - prints a configuration as the RTL's parameters: `parameters zcu104` gives "Lanes=16
 * Columns=2 ...". With two arguments, one of them: `parameters zcu104 FcReads`.
 */
#include "accel/program/config.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const struct accel_config *c;
    sned_error error;
    if (argc < 2 || accel_config_find(&c, argv[1], &error) != SNED_OK) {
        fprintf(stderr, "%s\n", argc < 2 ? "usage: parameters CONFIG [NAME]" : error.message);
        return 1;
    }
    const struct {
        const char *name;
        long long value;
    } parameters[] = {{"Lanes", c->lanes},
                      {"Columns", c->collectors},
                      {"Pixels", c->pixels},
                      {"HalfRows", c->half_rows},
                      {"Slots", c->slots},
                      {"Group", c->drain},
                      {"TableRows", c->table_rows},
                      {"TablePairs", c->table_pairs},
                      {"StreamWords", c->stream_words},
                      {"LineBytes", c->line_bytes},
                      {"Lines", c->activation_bytes / c->line_bytes},
                      {"Multipliers", c->vector},
                      {"LrnLanes", c->lrn},
                      {"AddLanes", c->sums},
                      {"FcReads", c->fc_ports},
                      {"FcLanes", c->fc_lanes / c->fc_ports},
                      {"FcRows", c->fc_rows},
                      {"ReadBeats", c->read_beats}};
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (argc == 2)
            printf("%s=%lld ", parameters[i].name, parameters[i].value);
        else if (strcmp(argv[2], parameters[i].name) == 0)
            printf("%lld", parameters[i].value);
    if (argc == 2) {
        printf("Name=%d'h", 8 * 16);
        for (const char *letter = c->name; *letter; letter++)
            printf("%02x", *letter);
    }
    printf("\n");
    return 0;
}
