/* Many small blocks with one lifetime: strings and arrays of a table or a vocabulary. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

struct mfd_arena_chunk;
struct mfd_arena {
    struct mfd_arena_chunk *chunks; /* newest first */
    size_t left;                    /* bytes free in the newest */
};
#define MFD_ARENA_INIT                                                                             \
    {                                                                                              \
        0                                                                                          \
    }

/* n*size bytes, zeroed, aligned for any type; NULL on overflow or lack of memory. */
void *mfd_arena_calloc(struct mfd_arena *a, size_t n, size_t size) MFD_MUST_CHECK;
/* The n bytes at s with a NUL behind. */
char *mfd_arena_strndup(struct mfd_arena *a, const char *s, size_t n) MFD_MUST_CHECK;
char *mfd_arena_strdup(struct mfd_arena *a, const char *s) MFD_MUST_CHECK;
/* Free everything. */
void mfd_arena_deinit(struct mfd_arena *a);
