/*
 * plan_table.h - how an integer network will be run: its steps, the form that each one takes, and where what
 * they read and make lies in memory.
 */
#ifndef SNED_CLI_STEPS_PLAN_TABLE_H
#define SNED_CLI_STEPS_PLAN_TABLE_H

#include "base/error.h"
#include "sned.h"

#include <jansson.h>

/* As a table, and as an object (a new reference). */
sned_status plan_table_print(const sned_model *model, sned_error *error);
sned_status plan_table_json(json_t **object, const sned_model *model, sned_error *error);

#endif
