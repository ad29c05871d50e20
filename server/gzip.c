#include "server/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "core/base/memory.h"

#define STEP (256u << 10)
#define GZIP_WINDOW (15 + 16) /* zlib's way of asking for the gzip wrapper */
#define LEVEL 4               /* numbers as text: higher levels cost much and save little */

/* Inflate one member; *used tells how much of the input it took. */
static int member(z_stream *z, size_t limit, size_t before, struct mfd_buffer *out,
                  struct mfd_error *err)
{
    for (;;) {
        char *at = mfd_buffer_reserve(out, STEP);
        if (!at)
            return mfd_fail_nomem(err);
        z->next_out = (Bytef *)at;
        z->avail_out = STEP;
        int rc = inflate(z, Z_NO_FLUSH);
        out->len += STEP - z->avail_out;
        out->data[out->len] = '\0';
        if (out->len - before > limit)
            return mfd_fail(err, MFD_ELIMIT, "larger than %zu bytes when decompressed", limit);
        if (rc == Z_STREAM_END)
            return MFD_OK;
        if (rc == Z_BUF_ERROR || (rc == Z_OK && z->avail_in == 0 && z->avail_out))
            return mfd_fail(err, MFD_EFORMAT, "the gzip data is cut short");
        if (rc != Z_OK)
            return mfd_fail(err, MFD_EFORMAT, "not gzip data: %s", z->msg ? z->msg : "bad header");
    }
}

int mfd_gunzip(const char *bytes, size_t n, size_t limit, struct mfd_buffer *out,
               struct mfd_error *err)
{
    z_stream z = { 0 };
    if (n > UINT_MAX)
        return mfd_fail(err, MFD_ELIMIT, "more than 4 GiB of gzip data");
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return mfd_fail_nomem(err);
    size_t before = out->len;
    int status = MFD_OK;
    z.next_in = (Bytef *)(size_t)bytes;
    z.avail_in = (uInt)n;
    do {
        status = member(&z, limit, before, out, err);
    } while (status == MFD_OK && z.avail_in > 0 && inflateReset(&z) == Z_OK);
    inflateEnd(&z);
    return status;
}

struct mfd_deflate {
    z_stream z;
};

struct mfd_deflate *mfd_deflate_new(void)
{
    struct mfd_deflate *d = mfd_calloc(1, sizeof *d);
    if (d && deflateInit2(&d->z, LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(d);
        d = NULL;
    }
    return d;
}

void mfd_deflate_free(struct mfd_deflate *d)
{
    if (d) {
        deflateEnd(&d->z);
        free(d);
    }
}

bool mfd_deflate_add(struct mfd_deflate *d, const char *bytes, size_t n, bool last,
                     struct mfd_buffer *out)
{
    if (n > UINT_MAX)
        return false;
    d->z.next_in = (Bytef *)(size_t)bytes;
    d->z.avail_in = (uInt)n;
    size_t room = n / 4 < STEP ? n / 4 + 1024 : STEP;
    do {
        char *at = mfd_buffer_reserve(out, room);
        if (!at)
            return false;
        d->z.next_out = (Bytef *)at;
        d->z.avail_out = (uInt)room;
        deflate(&d->z, last ? Z_FINISH : Z_SYNC_FLUSH);
        out->len += room - d->z.avail_out;
        out->data[out->len] = '\0';
    } while (d->z.avail_out == 0);
    return true;
}

bool mfd_gzip(const char *bytes, size_t n, struct mfd_buffer *out)
{
    struct mfd_deflate *d = mfd_deflate_new();
    bool ok = d && mfd_deflate_add(d, bytes, n, true, out);
    mfd_deflate_free(d);
    return ok;
}
