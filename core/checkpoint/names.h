/* A list of names in order, such as the tracks of a model. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

#define MFD_NAME_MAX_BYTES 512
#define MFD_NAMES_MAX ((size_t)1 << 20)

struct mfd_names {
    char **at; /* n strings, NUL-terminated UTF-8 */
    size_t n, size;
};

#define MFD_NAMES_INIT                                                                             \
    {                                                                                              \
        0                                                                                          \
    }

/* Copy a name of n bytes to the end. MFD_EFORMAT where it is empty, longer than MFD_NAME_MAX_BYTES,
 * not UTF-8, or holds a control character; `what` names the list in messages. */
int mfd_names_add(struct mfd_names *names, const char *s, size_t n, const char *what,
                  struct mfd_error *err) MFD_MUST_CHECK;
/* MFD_EFORMAT where a name occurs twice, naming it. */
int mfd_names_check_unique(const struct mfd_names *names, const char *what,
                           struct mfd_error *err) MFD_MUST_CHECK;
/* One name a line (LF or CRLF); empty lines are skipped. */
int mfd_names_read(struct mfd_names *names, const char *path, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_names_deinit(struct mfd_names *names);
