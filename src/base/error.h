/*
 * error.h - one way to fail.
 *
 * Every function that can fail returns sned_status and takes a sned_error, which may be NULL. The place that
 * finds the fault calls sned_fail with the whole sentence; callers pass the status on, or add where it
 * happened with sned_error_context. Library code never prints, never exits, never aborts on what a file says.
 */
#ifndef SNED_BASE_ERROR_H
#define SNED_BASE_ERROR_H

#include "sned.h"

/* Fills `error` (may be NULL) and returns `status`. The message is one line, whatever a file's own
 * strings bring into it (sned_text_plain); what is too long is cut. */
sned_status sned_fail(sned_error *error, sned_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "where: " before the message of a failed call, and returns `status` unchanged; a no-op on SNED_OK. */
sned_status sned_error_context(sned_error *error, sned_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Return at once where nothing has to be cleaned up. */
#define SNED_TRY(call)                                                                                       \
    do {                                                                                                     \
        sned_status try_status_ = (call);                                                                    \
        if (try_status_ != SNED_OK)                                                                          \
            return try_status_;                                                                              \
    } while (0)

/* Jump to `done`, with the status in the local variable `status`, where something has. */
#define SNED_TRY_DONE(call)                                                                                  \
    do {                                                                                                     \
        status = (call);                                                                                     \
        if (status != SNED_OK)                                                                               \
            goto done;                                                                                       \
    } while (0)

#endif
