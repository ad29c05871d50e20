#include "server/respond.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "server/app.h"
#include "server/conns.h"
#include "server/origin.h"
#include "server/request_in.h"
#include "server/settings.h"

#define STREAM_BLOCK ((size_t)64 << 10)

static ssize_t read_stream(void *cls, uint64_t pos, char *out, size_t max)
{
    struct mfd_request *rq = cls;
    size_t n = 0;
    (void)pos;
    if (rq->conn)
        rq->conn->conns->calls++;
    switch (mfd_stream_read(rq->stream, out, max, &n)) {
    case MFD_STREAM_DATA:
        rq->bytes_out += n;
        return (ssize_t)n;
    case MFD_STREAM_END:
        return MHD_CONTENT_READER_END_OF_STREAM;
    case MFD_STREAM_EMPTY:
        rq->suspended = true;
        MHD_suspend_connection(rq->connection);
        return 0;
    default:
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
}

static struct MHD_Response *make(struct mfd_request *rq)
{
    struct mfd_reply *reply = &rq->reply;
    struct MHD_Response *response = NULL;
    switch (reply->kind) {
    case MFD_REPLY_STREAM:
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, rq,
                                                 NULL);
    case MFD_REPLY_STATIC:
        rq->bytes_out = reply->n;
        return MHD_create_response_from_buffer(reply->n, (void *)(size_t)reply->bytes,
                                               MHD_RESPMEM_PERSISTENT);
    case MFD_REPLY_FILE:
        rq->bytes_out = reply->n;
        response = MHD_create_response_from_fd_at_offset64(reply->n, reply->fd, reply->offset);
        if (response) /* it closes the descriptor */
            reply->fd = -1;
        return response;
    default:
        rq->bytes_out = reply->body.len;
        if (!reply->body.data)
            return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        response = MHD_create_response_from_buffer(reply->body.len, reply->body.data,
                                                   MHD_RESPMEM_MUST_FREE);
        if (response) /* the bytes are its own now */
            reply->body = (struct mfd_buffer)MFD_BUFFER_INIT;
        return response;
    }
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (MHD_add_response_header(response, name, value) != MHD_YES) {
        /* only on lack of memory, or a name that is none: the answer goes without it */
    }
}

static void add_entity(struct MHD_Response *response, const struct mfd_reply *reply)
{
    char tag[128];
    bool coded = reply->media && mfd_media_info(reply->media)->compresses;
    if (reply->media)
        add(response, "Content-Type", mfd_media_info(reply->media)->header);
    if (reply->gzip)
        add(response, "Content-Encoding", "gzip");
    if (coded)
        add(response, "Vary", "Accept, Accept-Encoding");
    if (!reply->etag[0])
        return;
    snprintf(tag, sizeof tag, "\"%s%s\"", reply->etag, reply->gzip ? "-gzip" : "");
    add(response, "ETag", tag);
}

static bool has_header(const struct mfd_request *rq, const char *name)
{
    return mfd_params_get(&rq->reply.headers, name) != NULL;
}

struct MHD_Response *mfd_respond(struct mfd_request *rq, int closing)
{
    char traceparent[56];
    struct MHD_Response *response = make(rq);
    if (!response)
        return NULL;
    mfd_origin_headers(rq);
    add_entity(response, &rq->reply);
    for (size_t i = 0; i < rq->reply.headers.n; i++)
        add(response, rq->reply.headers.at[i].name, rq->reply.headers.at[i].value);
    mfd_ids_traceparent(&rq->ids, traceparent);
    add(response, "X-Request-Id", rq->ids.request);
    add(response, "traceparent", traceparent);
    if (!has_header(rq, "Cache-Control"))
        add(response, "Cache-Control", rq->reply.etag[0] ? "no-cache" : "no-store");
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    if (mfd_app_settings(rq->app)->tls_certificate[0])
        add(response, "Strict-Transport-Security", "max-age=31536000");
    if (closing)
        add(response, "Connection", "close");
    return response;
}
