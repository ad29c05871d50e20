#include "core/genome/inflate.h"

#include <limits.h>
#include <string.h>

void mfd_inflate_deinit(struct mfd_inflate *f)
{
    if (f->mode == MFD_INFLATE_GZIP)
        inflateEnd(&f->stream);
    f->mode = MFD_INFLATE_UNKNOWN;
}

/* zlib reports the header of each member; bgzip's has an extra field that begins with "BC". */
static void watch_header(struct mfd_inflate *f)
{
    f->header = (gz_header){ .extra = f->extra, .extra_max = sizeof f->extra };
    memset(f->extra, 0, sizeof f->extra);
    inflateGetHeader(&f->stream, &f->header);
}

static int choose_mode(struct mfd_inflate *f, const char *in, size_t n, struct mfd_error *err)
{
    if (n < 2 || memcmp(in, "\x1f\x8b", 2) != 0) {
        f->mode = MFD_INFLATE_PLAIN;
        return MFD_OK;
    }
    if (inflateInit2(&f->stream, 15 + 16) != Z_OK)
        return mfd_fail_nomem(err);
    f->mode = MFD_INFLATE_GZIP;
    f->bgzf = true;
    watch_header(f);
    return MFD_OK;
}

static void end_member(struct mfd_inflate *f)
{
    f->inside = false;
    f->bgzf = f->bgzf && f->header.done == 1 && memcmp(f->extra, "BC", 2) == 0;
    f->ends_empty = f->member_bytes == 0;
    f->member_bytes = 0;
    inflateReset(&f->stream);
    watch_header(f);
}

static int run_gzip(struct mfd_inflate *f, const char **in, size_t *n, struct mfd_buffer *out,
                    size_t most, struct mfd_error *err)
{
    char *room = mfd_buffer_reserve(out, most);
    if (!room)
        return mfd_fail_nomem(err);
    uInt give = *n < UINT_MAX ? (uInt)*n : UINT_MAX;
    f->stream.next_in = (Bytef *)(uintptr_t)*in;
    f->stream.avail_in = give;
    f->stream.next_out = (Bytef *)room;
    f->stream.avail_out = (uInt)most;
    f->inside = f->inside || give > 0;
    int answer = inflate(&f->stream, Z_NO_FLUSH);
    size_t made = most - f->stream.avail_out;
    *in += give - f->stream.avail_in;
    *n -= give - f->stream.avail_in;
    out->len += made;
    f->member_bytes += made;
    f->more = made == most;
    if (answer == Z_STREAM_END)
        end_member(f);
    else if (answer == Z_MEM_ERROR)
        return mfd_fail_nomem(err);
    else if (answer != Z_OK && answer != Z_BUF_ERROR)
        return mfd_fail(err, MFD_EFORMAT, "the gzip data is damaged (%s)",
                        f->stream.msg ? f->stream.msg : "not gzip");
    return MFD_OK;
}

int mfd_inflate_run(struct mfd_inflate *f, const char **in, size_t *n, bool last,
                    struct mfd_buffer *out, size_t most, struct mfd_error *err)
{
    if (f->mode == MFD_INFLATE_UNKNOWN) {
        if (*n < 2 && !last)
            return MFD_OK;
        int status = choose_mode(f, *in, *n, err);
        if (status != MFD_OK)
            return status;
    }
    if (f->mode == MFD_INFLATE_GZIP)
        return run_gzip(f, in, n, out, most, err);
    size_t take = *n < most ? *n : most;
    mfd_buffer_add(out, *in, take);
    *in += take;
    *n -= take;
    return out->failed ? mfd_fail_nomem(err) : MFD_OK;
}

int mfd_inflate_end(const struct mfd_inflate *f, struct mfd_error *err)
{
    return f->inside
               ? mfd_fail(err, MFD_EFORMAT, "the gzip data ends in the middle: it was cut short")
               : MFD_OK;
}
