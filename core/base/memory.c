#include "core/base/memory.h"

#include <stdlib.h>
#include <string.h>

void *mfd_calloc(size_t n, size_t size)
{
    size_t bytes;
    if (!mfd_mul(n, size, &bytes))
        return NULL;
    return calloc(bytes ? bytes : 1, 1);
}

void *mfd_realloc(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (!mfd_mul(n, size, &bytes))
        return NULL;
    return realloc(p, bytes ? bytes : 1);
}

void *mfd_aligned(size_t n, size_t size)
{
    size_t bytes;
    if (!mfd_mul(n, size, &bytes) || !mfd_add(bytes, 127, &bytes))
        return NULL;
    return aligned_alloc(64, bytes & ~(size_t)63);
}

char *mfd_strndup(const char *s, size_t n)
{
    char *copy = mfd_calloc(n + 1, 1);
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

char *mfd_strdup(const char *s)
{
    return mfd_strndup(s, strlen(s));
}
