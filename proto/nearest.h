/* Which known names a mistaken one may have meant. */
#pragma once

#include <stddef.h>

#define MFD_NEAREST 3

/* The up to MFD_NEAREST candidates nearest to `word` by edit distance (case counts half), nearest
 * first, that are near enough to be worth a hint. candidate(ctx, i) is the i-th of n, borrowed.
 * Names longer than 64 bytes are compared by their first 64. Returns their count. */
size_t mfd_nearest(const char *word, const char *(*candidate)(const void *ctx, size_t i),
                   const void *ctx, size_t n, const char *found[MFD_NEAREST]);
