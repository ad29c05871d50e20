/* The text of a configuration: [section], key = value, comments after # or ; at the beginning of a
 * line. A value runs to the end of its line, blanks at either end taken off. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

#define MFD_INI_KEY_MAX 200 /* bytes of a key */

/* A piece of the text. */
struct mfd_ini_piece {
    const char *s;
    size_t n;
};
bool mfd_ini_is(struct mfd_ini_piece piece, const char *word);
/* From s to `end`, without blanks at either end. */
struct mfd_ini_piece mfd_ini_trim(const char *s, const char *end);

/* Who reads it; a failure ends the reading. */
struct mfd_ini_reader {
    int (*section)(void *arg, struct mfd_ini_piece name, struct mfd_error *err);
    int (*value)(void *arg, struct mfd_ini_piece section, struct mfd_ini_piece key,
                 struct mfd_ini_piece value, struct mfd_error *err);
    void *arg;
};
/* The n bytes of a file called `name`; errors name it and the line. MFD_EFORMAT. */
int mfd_ini_parse(const char *text, size_t n, const char *name, const struct mfd_ini_reader *reader,
                  struct mfd_error *err) MFD_MUST_CHECK;
