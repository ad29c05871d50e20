/* Is this text? */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF). */
bool mfd_utf8_valid(const char *s, size_t n);
