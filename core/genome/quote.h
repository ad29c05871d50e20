/* Hostile text in messages. */
#pragma once

#include <stddef.h>

struct mfd_quoted {
    char text[56];
};

/* The n bytes at s between quotes, at most 40 of them ("..." where cut), everything but printable
 * ASCII as '?'. Use as mfd_quote(s, n).text inside one expression. */
struct mfd_quoted mfd_quote(const char *s, size_t n);
