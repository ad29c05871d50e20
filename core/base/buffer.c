#include "core/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"

void mfd_buffer_deinit(struct mfd_buffer *b)
{
    free(b->data);
    *b = (struct mfd_buffer)MFD_BUFFER_INIT;
}

void mfd_buffer_clear(struct mfd_buffer *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

char *mfd_buffer_reserve(struct mfd_buffer *b, size_t n)
{
    size_t need;
    if (b->failed)
        return NULL;
    if (!mfd_add(b->len, n, &need) || !mfd_add(need, 1, &need)) {
        b->failed = true;
        return NULL;
    }
    if (need > b->size) {
        size_t size = b->size ? b->size : 256;
        while (size < need && size <= (size_t)-1 / 2)
            size *= 2;
        if (size < need)
            size = need;
        char *data = mfd_realloc(b->data, size, 1);
        if (!data) {
            b->failed = true;
            return NULL;
        }
        b->data = data;
        b->size = size;
    }
    return b->data + b->len;
}

void mfd_buffer_add(struct mfd_buffer *b, const void *bytes, size_t n)
{
    char *at = mfd_buffer_reserve(b, n);
    if (!at)
        return;
    if (n)
        memcpy(at, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void mfd_buffer_adds(struct mfd_buffer *b, const char *s)
{
    mfd_buffer_add(b, s, strlen(s));
}

void mfd_buffer_addc(struct mfd_buffer *b, char c)
{
    mfd_buffer_add(b, &c, 1);
}

void mfd_buffer_addf(struct mfd_buffer *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *at = n < 0 ? NULL : mfd_buffer_reserve(b, (size_t)n);
    if (!at) {
        b->failed = true;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(at, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

char *mfd_buffer_steal(struct mfd_buffer *b, size_t *len)
{
    if (b->failed || !mfd_buffer_reserve(b, 0)) {
        mfd_buffer_deinit(b);
        return NULL;
    }
    b->data[b->len] = '\0';
    char *data = b->data;
    if (len)
        *len = b->len;
    *b = (struct mfd_buffer)MFD_BUFFER_INIT;
    return data;
}
