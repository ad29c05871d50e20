/* One run of mfd: its settings, its connection and where the answer goes. */
#pragma once

#include <jansson.h>
#include <signal.h>
#include <stdio.h>

#include "client/lib/client.h"
#include "client/mfd/settings.h"
#include "client/mfd/sheet.h"

/* Exit codes, as the manual page tells them. */
enum mfd_exit {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,       /* the server refused, or a file could not be read or written */
    EXIT_USAGE = 2,        /* the command line is wrong */
    EXIT_UNREACHABLE = 3,  /* no connection to the server, or it broke */
    EXIT_ITEMS = 4,        /* done, but some items were skipped or failed */
    EXIT_BUSY = 5,         /* the server stayed overloaded */
    EXIT_DENIED = 6,       /* the API key is missing or does not allow it */
    EXIT_INTERRUPTED = 130 /* SIGINT or SIGTERM */
};

struct app {
    const struct command *command;
    struct settings set;
    struct mfd_client *client;
    FILE *out;
    enum format format;       /* settled: never FORMAT_AUTO */
    struct sheet_style style; /* of tables on `out` */
    bool talks;               /* stderr is a terminal and nobody asked for quiet */
    bool colour_errors;
    size_t ok, skipped, failed; /* items so far */
    char *default_model;        /* of the server, once it was looked up; owned */
};

/* Non-zero once a signal asked to stop. */
extern volatile sig_atomic_t app_interrupted;

/* Connect `client` and settle formats from settings and terminals. */
int app_open(struct app *app, struct mfd_error *err) MFD_MUST_CHECK;
void app_close(struct app *app);

/* Columns of the terminal behind a descriptor, or what COLUMNS says. */
size_t app_terminal_width(int fd);

/* A line on stderr, where anybody reads it. */
void app_note(const struct app *app, const char *fmt, ...) MFD_PRINTF(2, 3);

/* "/api/v1/models/NAME" and `rest` (may be NULL), the model being --model or the server's default,
 * which is looked up. Append to `path`. */
int app_model_path(struct app *app, struct mfd_buffer *path, const char *rest,
                   struct mfd_error *err) MFD_MUST_CHECK;
