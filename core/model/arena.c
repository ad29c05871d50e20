#include "core/model/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

#define CHUNK ((size_t)64 << 10)

struct mfd_arena_chunk {
    struct mfd_arena_chunk *next;
    size_t size; /* bytes behind this header */
    alignas(max_align_t) char bytes[];
};

static struct mfd_arena_chunk *new_chunk(struct mfd_arena *a, size_t size)
{
    size_t total;
    if (!mfd_add(size, sizeof(struct mfd_arena_chunk), &total))
        return NULL;
    struct mfd_arena_chunk *c = mfd_calloc(1, total);
    if (!c)
        return NULL;
    c->size = size;
    c->next = a->chunks;
    a->chunks = c;
    a->left = size;
    return c;
}

void *mfd_arena_calloc(struct mfd_arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (!mfd_mul(n, size, &bytes) || !mfd_add(bytes, alignof(max_align_t) - 1, &bytes))
        return NULL;
    bytes &= ~(alignof(max_align_t) - 1);
    if (bytes > a->left && !new_chunk(a, bytes > CHUNK ? bytes : CHUNK))
        return NULL;
    if (!a->chunks) /* nothing asked of an empty arena: any pointer will do */
        return new_chunk(a, CHUNK) ? a->chunks->bytes : NULL;
    char *p = a->chunks->bytes + (a->chunks->size - a->left);
    a->left -= bytes;
    return p;
}

char *mfd_arena_strndup(struct mfd_arena *a, const char *s, size_t n)
{
    size_t size;
    if (!mfd_add(n, 1, &size))
        return NULL;
    char *copy = mfd_arena_calloc(a, size, 1);
    if (copy && n)
        memcpy(copy, s, n);
    return copy;
}

char *mfd_arena_strdup(struct mfd_arena *a, const char *s)
{
    return mfd_arena_strndup(a, s, strlen(s));
}

void mfd_arena_deinit(struct mfd_arena *a)
{
    for (struct mfd_arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    *a = (struct mfd_arena)MFD_ARENA_INIT;
}
