/*
 * json.h - results as JSON: what cannot be held in it (a name that is not UTF-8, no memory) fails, by name.
 */
#ifndef SNED_CLI_TERMINAL_JSON_H
#define SNED_CLI_TERMINAL_JSON_H

#include "base/error.h"
#include <jansson.h>

/* `item` goes into `array`, which takes it over, also on failure; it is NULL where json_pack could not make
 * it. `what` names it in the error: "layer 'conv1'". */
sned_status json_append(json_t *array, json_t *item, sned_error *error, const char *what, ...)
    __attribute__((format(printf, 4, 5)));
/* Prints a JSON object on stdout and releases it; NULL (it could not be made) is an error. */
sned_status print_json(json_t *object, sned_error *error);

#endif
