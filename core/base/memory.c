#include "core/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define HUGE_BLOCK (2 * HUGE_PAGE) /* from here on a block is worth huge pages */

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

/* Large blocks ask for huge pages: they are read and written from end to end, and a page of 4 KiB
 * at a time would cost as much in address translation and faults as it saves in memory. */
void *mfd_aligned(size_t n, size_t size)
{
    size_t bytes, rounded;
    if (!mfd_mul(n, size, &bytes) || !mfd_add(bytes, 127, &bytes))
        return NULL;
    bytes &= ~(size_t)63;
    if (bytes < HUGE_BLOCK || !mfd_add(bytes, HUGE_PAGE - 1, &rounded))
        return aligned_alloc(64, bytes);
    rounded &= ~(HUGE_PAGE - 1);
    void *p = aligned_alloc(HUGE_PAGE, rounded);
#ifdef MADV_HUGEPAGE
    if (p)
        (void)madvise(p, rounded, MADV_HUGEPAGE); /* a wish: where it fails, pages are small */
#endif
    return p;
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
