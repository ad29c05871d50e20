/* Checked sizes and aligned blocks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"

/* a*b or a+b into *out; false where it does not fit. */
static inline bool mfd_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline bool mfd_add(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* n*size bytes, zeroed; NULL on overflow or lack of memory. n == 0 gives a unique pointer. */
void *mfd_calloc(size_t n, size_t size) MFD_MUST_CHECK;

/* Grow `p` to n*size bytes; NULL on failure, `p` then still valid. */
void *mfd_realloc(void *p, size_t n, size_t size) MFD_MUST_CHECK;

/* n*size bytes on a 64-byte boundary, not zeroed, tail readable up to the next 64 bytes;
 * release with free(). */
void *mfd_aligned(size_t n, size_t size) MFD_MUST_CHECK;

/* Copies of a string, or of n bytes with a NUL behind; NULL on lack of memory. */
char *mfd_strdup(const char *s) MFD_MUST_CHECK;
char *mfd_strndup(const char *s, size_t n) MFD_MUST_CHECK;
