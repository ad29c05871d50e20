/* Newline-delimited JSON out of a stream of bytes. */
#pragma once

#include <jansson.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/* Takes one document (borrowed); a negative status ends the stream. */
typedef int (*mfd_lines_handler)(void *arg, json_t *document, struct mfd_error *err);

struct mfd_lines {
    mfd_lines_handler handler;
    void *arg;
    size_t limit;           /* bytes of one line */
    size_t count;           /* documents so far */
    struct mfd_buffer rest; /* the line begun */
};
#define MFD_LINES_INIT                                                                             \
    {                                                                                              \
        .limit = (size_t)64 << 20                                                                  \
    }

void mfd_lines_deinit(struct mfd_lines *lines);
/* A mfd_client_sink: `arg` is the struct mfd_lines. MFD_EFORMAT names the line that is no JSON. */
int mfd_lines_add(void *arg, const char *bytes, size_t n, struct mfd_error *err) MFD_MUST_CHECK;
/* The stream has ended: what is left is the last line. */
int mfd_lines_end(struct mfd_lines *lines, struct mfd_error *err) MFD_MUST_CHECK;
