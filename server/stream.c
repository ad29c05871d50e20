#include "server/stream.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "server/gzip.h"

#define HIGH ((size_t)1 << 20)
#define LOW ((size_t)256 << 10)

struct mfd_stream {
    struct mfd_buffer bytes;
    size_t sent; /* of bytes */
    struct mfd_deflate *deflate;
    bool ended, failed, was_full;
    void (*drained)(void *arg);
    void *arg;
};

struct mfd_stream *mfd_stream_new(bool gzip, void (*drained)(void *arg), void *arg)
{
    struct mfd_stream *stream = mfd_calloc(1, sizeof *stream);
    if (!stream)
        return NULL;
    stream->drained = drained;
    stream->arg = arg;
    if (gzip && !(stream->deflate = mfd_deflate_new())) {
        free(stream);
        return NULL;
    }
    return stream;
}

void mfd_stream_free(struct mfd_stream *stream)
{
    if (!stream)
        return;
    mfd_buffer_deinit(&stream->bytes);
    mfd_deflate_free(stream->deflate);
    free(stream);
}

bool mfd_stream_write(struct mfd_stream *stream, struct mfd_buffer *bytes)
{
    bool ok = !bytes->failed;
    if (ok && stream->deflate)
        ok = mfd_deflate_add(stream->deflate, bytes->data, bytes->len, false, &stream->bytes);
    else if (ok)
        mfd_buffer_add(&stream->bytes, bytes->data, bytes->len);
    mfd_buffer_deinit(bytes);
    return ok && !stream->bytes.failed;
}

void mfd_stream_end(struct mfd_stream *stream, bool failed)
{
    if (!failed && stream->deflate)
        failed = !mfd_deflate_add(stream->deflate, "", 0, true, &stream->bytes);
    stream->ended = true;
    stream->failed = failed || stream->bytes.failed;
}

bool mfd_stream_full(struct mfd_stream *stream)
{
    stream->was_full = stream->bytes.len - stream->sent > HIGH;
    return stream->was_full;
}

static void forget_sent(struct mfd_stream *stream)
{
    size_t left = stream->bytes.len - stream->sent;
    if (left == 0)
        mfd_buffer_clear(&stream->bytes);
    else if (stream->sent >= HIGH) {
        memmove(stream->bytes.data, stream->bytes.data + stream->sent, left);
        stream->bytes.len = left;
    } else
        return;
    stream->sent = 0;
}

enum mfd_stream_state mfd_stream_read(struct mfd_stream *stream, char *out, size_t max, size_t *n)
{
    size_t left = stream->bytes.len - stream->sent;
    if (left == 0 && !stream->ended)
        return MFD_STREAM_EMPTY;
    if (left == 0)
        return stream->failed ? MFD_STREAM_FAILED : MFD_STREAM_END;
    *n = left < max ? left : max;
    memcpy(out, stream->bytes.data + stream->sent, *n);
    stream->sent += *n;
    forget_sent(stream);
    if (stream->was_full && left - *n < LOW) {
        stream->was_full = false;
        stream->drained(stream->arg);
    }
    return MFD_STREAM_DATA;
}
