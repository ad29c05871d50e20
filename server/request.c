#include "server/request_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "server/gzip.h"
#include "server/upload.h"

#define COMPRESS_FROM 1024 /* bytes; below, the headers weigh more than what is saved */

struct mfd_request *mfd_request_new(struct mfd_app *app, const char *uri)
{
    struct mfd_request *rq = mfd_calloc(1, sizeof *rq);
    if (!rq)
        return NULL;
    rq->app = app;
    rq->refs = 1;
    rq->uri = mfd_strdup(uri);
    if (!rq->uri) {
        free(rq);
        return NULL;
    }
    rq->path = rq->uri;
    rq->path_n = strcspn(uri, "?");
    rq->format = MFD_MEDIA_JSON;
    rq->started = mfd_seconds();
    mfd_ids_init(&rq->ids);
    return rq;
}

struct mfd_request *mfd_request_ref(struct mfd_request *rq)
{
    rq->refs++;
    return rq;
}

void mfd_request_unref(struct mfd_request *rq)
{
    if (--rq->refs > 0)
        return;
    mfd_params_deinit(&rq->headers);
    mfd_params_deinit(&rq->queries);
    mfd_params_deinit(&rq->match.params);
    mfd_params_deinit(&rq->reply.headers);
    mfd_buffer_deinit(&rq->body);
    mfd_buffer_deinit(&rq->reply.body);
    mfd_stream_free(rq->stream);
    mfd_upload_free(rq->upload);
    if (rq->reply.kind == MFD_REPLY_FILE && rq->reply.fd >= 0)
        close(rq->reply.fd);
    free(rq->uri);
    free(rq);
}

double mfd_request_seconds(const struct mfd_request *rq)
{
    return mfd_seconds() - rq->started;
}

struct mfd_app *mfd_request_app(const struct mfd_request *rq)
{
    return rq->app;
}

const char *mfd_request_param(const struct mfd_request *rq, const char *name)
{
    return mfd_params_get(&rq->match.params, name);
}

const char *mfd_request_query(const struct mfd_request *rq, const char *name)
{
    return mfd_params_get(&rq->queries, name);
}

const struct mfd_params *mfd_request_params(const struct mfd_request *rq)
{
    return &rq->match.params;
}

const struct mfd_params *mfd_request_queries(const struct mfd_request *rq)
{
    return &rq->queries;
}

const char *mfd_request_header(const struct mfd_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->headers.n; i++)
        if (strcasecmp(rq->headers.at[i].name, name) == 0)
            return rq->headers.at[i].value;
    return NULL;
}

const char *mfd_request_body(const struct mfd_request *rq, size_t *n)
{
    *n = rq->body.len;
    return rq->body.data ? rq->body.data : "";
}

struct mfd_upload *mfd_request_upload(const struct mfd_request *rq)
{
    return rq->upload;
}

enum mfd_media mfd_request_content(const struct mfd_request *rq)
{
    return rq->content;
}

enum mfd_media mfd_request_format(const struct mfd_request *rq)
{
    return rq->format;
}

const char *mfd_request_client(const struct mfd_request *rq)
{
    return rq->principal.client;
}

bool mfd_request_is_admin(const struct mfd_request *rq)
{
    return rq->principal.scopes & 1u << MFD_SCOPE_ADMIN;
}

bool mfd_request_cancelled(const struct mfd_request *rq)
{
    return atomic_load_explicit(&rq->cancelled, memory_order_relaxed);
}

void mfd_request_set_header(struct mfd_request *rq, const char *name, const char *value)
{
    for (const char *s = value; *s; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return;
    if (mfd_params_add(&rq->reply.headers, name, value) < 0) {
        /* an answer without the header is better than none */
    }
}

/* Is the tag in a list such as `"a", W/"b"` or `*`? Weak comparison, and blind to the suffix that a
 * compressed answer's tag carries. */
static bool tag_listed(const char *list, const char *tag)
{
    size_t n = strlen(tag);
    for (const char *s = list; *s;) {
        s += strspn(s, " \t,");
        if (*s == '*')
            return true;
        if (s[0] == 'W' && s[1] == '/')
            s += 2;
        if (*s != '"')
            return false;
        const char *end = strchr(++s, '"');
        if (!end)
            return false;
        size_t k = (size_t)(end - s);
        if (k == n + 5 && memcmp(end - 5, "-gzip", 5) == 0)
            k = n;
        if (k == n && memcmp(s, tag, n) == 0)
            return true;
        s = end + 1;
    }
    return false;
}

void mfd_request_set_etag(struct mfd_request *rq, const char *tag)
{
    snprintf(rq->reply.etag, sizeof rq->reply.etag, "%s", tag);
}

bool mfd_request_etag(struct mfd_request *rq, const char *tag)
{
    mfd_request_set_etag(rq, tag);
    const char *list = mfd_request_header(rq, "If-None-Match");
    if (!list || !tag_listed(list, tag))
        return false;
    mfd_reply_empty(rq, 304);
    return true;
}

bool mfd_request_precondition_failed(struct mfd_request *rq, const char *tag)
{
    const char *match = mfd_request_header(rq, "If-Match");
    const char *none = mfd_request_header(rq, "If-None-Match");
    bool failed =
        (match && !(tag && tag_listed(match, tag))) || (none && tag && tag_listed(none, tag));
    if (failed)
        mfd_reply_fail(rq, "precondition-failed", NULL,
                       "The entity tag is now %s%s%s; read the resource again and repeat.",
                       tag ? "\"" : "", tag ? tag : "absent", tag ? "\"" : "");
    return failed;
}

static void reply_start(struct mfd_request *rq, enum mfd_reply_kind kind, int status,
                        enum mfd_media media)
{
    mfd_buffer_deinit(&rq->reply.body);
    rq->reply.kind = kind;
    rq->reply.status = status;
    rq->reply.media = media;
    rq->reply.gzip = false;
}

void mfd_reply_buffer(struct mfd_request *rq, int status, enum mfd_media media,
                      struct mfd_buffer *body)
{
    if (body->failed) {
        mfd_buffer_deinit(body);
        mfd_reply_fail(rq, "internal", NULL, "Out of memory while writing the answer.");
        return;
    }
    reply_start(rq, MFD_REPLY_BUFFER, status, media);
    rq->reply.body = *body;
    *body = (struct mfd_buffer)MFD_BUFFER_INIT;
}

static int add_json(const char *text, size_t n, void *arg)
{
    mfd_buffer_add(arg, text, n);
    return ((struct mfd_buffer *)arg)->failed ? -1 : 0;
}

void mfd_reply_json_as(struct mfd_request *rq, int status, enum mfd_media media, json_t *value)
{
    struct mfd_buffer body = MFD_BUFFER_INIT;
    if (!value || json_dump_callback(value, add_json, &body, JSON_COMPACT) != 0)
        body.failed = true;
    mfd_buffer_addc(&body, '\n');
    json_decref(value);
    mfd_reply_buffer(rq, status, media, &body);
}

void mfd_reply_json(struct mfd_request *rq, int status, json_t *value)
{
    mfd_reply_json_as(rq, status, MFD_MEDIA_JSON, value);
}

void mfd_reply_empty(struct mfd_request *rq, int status)
{
    reply_start(rq, MFD_REPLY_BUFFER, status, MFD_MEDIA_NONE);
}

void mfd_reply_static(struct mfd_request *rq, int status, enum mfd_media media, const char *bytes,
                      size_t n)
{
    reply_start(rq, MFD_REPLY_STATIC, status, media);
    rq->reply.bytes = bytes;
    rq->reply.n = n;
}

void mfd_reply_file(struct mfd_request *rq, int status, enum mfd_media media, int fd,
                    uint64_t offset, size_t n)
{
    reply_start(rq, MFD_REPLY_FILE, status, media);
    rq->reply.fd = fd;
    rq->reply.offset = offset;
    rq->reply.n = n;
}

void mfd_reply_problem(struct mfd_request *rq, const struct mfd_problem *problem)
{
    struct mfd_buffer body = MFD_BUFFER_INIT;
    char *path = mfd_strndup(rq->path, rq->path_n);
    mfd_problem_encode(problem, rq->ids.request, path, &body);
    mfd_buffer_addc(&body, '\n');
    free(path);
    reply_start(rq, MFD_REPLY_BUFFER, problem->status, MFD_MEDIA_PROBLEM);
    rq->reply.etag[0] = '\0';
    if (body.failed) { /* the status alone still says something */
        mfd_buffer_deinit(&body);
        return;
    }
    rq->reply.body = body;
}

void mfd_reply_error(struct mfd_request *rq, const struct mfd_error *err)
{
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    mfd_problem_from_error(&problem, err, NULL);
    mfd_reply_problem(rq, &problem);
}

void mfd_reply_fail(struct mfd_request *rq, const char *slug, const char *pointer, const char *fmt,
                    ...)
{
    char detail[512];
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    mfd_problem_set(&problem, slug, pointer, "%s", detail);
    mfd_reply_problem(rq, &problem);
}

void mfd_reply_compress(struct mfd_request *rq)
{
    struct mfd_reply *reply = &rq->reply;
    const char *accept = mfd_request_header(rq, "Accept-Encoding");
    if (reply->kind != MFD_REPLY_BUFFER && reply->kind != MFD_REPLY_STATIC)
        return;
    bool is_static = reply->kind == MFD_REPLY_STATIC;
    size_t n = is_static ? reply->n : reply->body.len;
    if (reply->gzip || n < COMPRESS_FROM || !reply->media ||
        !mfd_media_info(reply->media)->compresses || !mfd_media_coding_quality(accept, "gzip"))
        return;
    struct mfd_buffer small = MFD_BUFFER_INIT;
    if (!mfd_gzip(is_static ? reply->bytes : reply->body.data, n, &small)) {
        mfd_buffer_deinit(&small);
        return;
    }
    mfd_buffer_deinit(&reply->body);
    reply->kind = MFD_REPLY_BUFFER;
    reply->body = small;
    reply->gzip = true;
}
