/* Writes pickles and zips by hand, so that tests can make what no pickler would. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "core/base/buffer.h"

/* Little-endian. */
static inline void pk_number(struct mfd_buffer *b, uint64_t x, int width)
{
    for (int i = 0; i < width; i++)
        mfd_buffer_addc(b, (char)(x >> 8 * i & 255));
}

static inline void pk_op(struct mfd_buffer *b, const char *ops)
{
    mfd_buffer_adds(b, ops);
}

static inline void pk_text_n(struct mfd_buffer *b, const char *s, size_t n)
{
    mfd_buffer_addc(b, 'X');
    pk_number(b, n, 4);
    mfd_buffer_add(b, s, n);
}

static inline void pk_text(struct mfd_buffer *b, const char *s)
{
    pk_text_n(b, s, strlen(s));
}

static inline void pk_int(struct mfd_buffer *b, int64_t x)
{
    if (x >= INT32_MIN && x <= INT32_MAX) {
        mfd_buffer_addc(b, 'J');
        pk_number(b, (uint64_t)x, 4);
    } else {
        mfd_buffer_adds(b, "\x8a\x08");
        pk_number(b, (uint64_t)x, 8);
    }
}

static inline void pk_float(struct mfd_buffer *b, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    mfd_buffer_addc(b, 'G');
    pk_number(b, __builtin_bswap64(bits), 8);
}

static inline void pk_bytes(struct mfd_buffer *b, const void *bytes, size_t n)
{
    mfd_buffer_addc(b, 'B');
    pk_number(b, n, 4);
    mfd_buffer_add(b, bytes, n);
}

/* "module name" */
static inline void pk_global(struct mfd_buffer *b, const char *both)
{
    const char *blank = strchr(both, ' ');
    mfd_buffer_addf(b, "c%.*s\n%s\n", (int)(blank - both), both, blank + 1);
}

/* A tuple of n sizes. */
static inline void pk_sizes(struct mfd_buffer *b, const int64_t *sizes, size_t n)
{
    pk_op(b, "(");
    for (size_t i = 0; i < n; i++)
        pk_int(b, sizes[i]);
    pk_op(b, "t");
}

/* A zip in memory of entries named below "model/"; compressed where asked. */
struct pk_entry {
    const char *name;
    const void *bytes;
    size_t n;
    int compress;
};

/* 0 on success. */
static inline int pk_zip(struct mfd_buffer *out, const struct pk_entry *entries, size_t n)
{
    zip_error_t why;
    zip_error_init(&why);
    zip_source_t *to = zip_source_buffer_create(NULL, 0, 0, &why);
    zip_t *zip = to ? zip_open_from_source(to, ZIP_CREATE | ZIP_TRUNCATE, &why) : NULL;
    if (!zip)
        return -1;
    zip_source_keep(to);
    for (size_t i = 0; i < n; i++) {
        zip_source_t *from = zip_source_buffer(zip, entries[i].bytes, entries[i].n, 0);
        zip_int64_t at = zip_file_add(zip, entries[i].name, from, ZIP_FL_ENC_UTF_8);
        zip_set_file_compression(zip, (zip_uint64_t)at,
                                 entries[i].compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
        zip_file_set_mtime(zip, (zip_uint64_t)at, 315532800, 0); /* the same bytes every time */
    }
    zip_stat_t st;
    int failed = zip_close(zip) < 0 || zip_source_open(to) < 0 || zip_source_stat(to, &st) < 0;
    char *at = failed ? NULL : mfd_buffer_reserve(out, (size_t)st.size);
    if (at && zip_source_read(to, at, st.size) == (zip_int64_t)st.size)
        out->len += (size_t)st.size;
    else
        failed = 1;
    zip_source_free(to);
    zip_error_fini(&why);
    return failed ? -1 : 0;
}
