#include "server/intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/parse.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "server/app.h"
#include "server/gzip.h"
#include "server/operation.h"
#include "server/origin.h"
#include "server/request_in.h"

static bool fail_bad_request(struct mfd_request *rq, const char *what, const char *detail)
{
    mfd_reply_fail(rq, "bad-request", NULL, "%s: %s.", what, detail);
    return false;
}

static bool check_target(struct mfd_request *rq)
{
    struct mfd_error err = MFD_ERROR_INIT;
    const struct mfd_limits *limits = mfd_app_limits(rq->app);
    size_t n = strlen(rq->uri);
    if (n > (size_t)limits->url_bytes) {
        struct mfd_problem problem = MFD_PROBLEM_INIT;
        mfd_problem_limit(&problem, "url_bytes", limits->url_bytes, (int64_t)n, NULL);
        problem.status = 414;
        mfd_reply_problem(rq, &problem);
        return false;
    }
    const char *query = rq->uri + rq->path_n;
    if (*query == '?' && mfd_router_query(query + 1, strlen(query + 1), &rq->queries, &err) < 0)
        return fail_bad_request(rq, "The query string", err.message);
    return true;
}

/* libmicrohttpd bounds request line and headers together, with room to spare. */
static bool check_headers(struct mfd_request *rq)
{
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    int64_t n = 0, most = mfd_app_limits(rq->app)->header_bytes;
    for (size_t i = 0; i < rq->headers.n; i++) /* as lines: "Name: value" and the line's end */
        n += (int64_t)(strlen(rq->headers.at[i].name) + strlen(rq->headers.at[i].value) + 4);
    if (n <= most)
        return true;
    mfd_problem_limit(&problem, "header_bytes", most, n, NULL);
    problem.type = mfd_problem_find("header-fields-too-large");
    problem.status = problem.type->status;
    mfd_reply_problem(rq, &problem);
    return false;
}

static void reply_options(struct mfd_request *rq)
{
    mfd_request_set_header(rq, "Allow", rq->match.allow);
    mfd_origin_preflight(rq, rq->match.allow);
    mfd_reply_empty(rq, 204);
}

static bool find_route(struct mfd_request *rq)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (mfd_router_find(mfd_app_routes(rq->app), rq->method, rq->path, rq->path_n, &rq->match,
                        &err) < 0)
        return fail_bad_request(rq, "The path", err.message);
    if (rq->match.route)
        return true;
    if (rq->match.allow[0] && strcmp(rq->method, "OPTIONS") == 0) {
        reply_options(rq);
    } else if (rq->match.allow[0]) {
        mfd_request_set_header(rq, "Allow", rq->match.allow);
        mfd_reply_fail(rq, "method-not-allowed", NULL, "This resource takes %s.", rq->match.allow);
    } else {
        mfd_reply_fail(rq, "not-found", NULL,
                       "There is nothing at this path. GET / lists where to begin, "
                       "GET /openapi.json every path there is.");
    }
    return false;
}

static bool check_client(struct mfd_request *rq)
{
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    unsigned retry_after = 0;
    if (mfd_auth_check(mfd_app_auth(rq->app), mfd_request_header(rq, "Authorization"),
                       mfd_request_header(rq, "X-API-Key"), rq->remote, rq->match.route->scope,
                       mfd_loop_now(mfd_app_loop(rq->app)), &rq->principal, &problem,
                       &retry_after) == 0)
        return true;
    if (problem.status == 401)
        mfd_request_set_header(rq, "WWW-Authenticate", "Bearer realm=\"mfd\"");
    if (retry_after) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", retry_after);
        mfd_request_set_header(rq, "Retry-After", seconds);
    }
    mfd_reply_problem(rq, &problem);
    return false;
}

/* "a, b, c": the types or ?format= names of a set */
static void list_media(unsigned set, bool names, char *out, size_t size)
{
    out[0] = '\0';
    for (unsigned bit = 1; bit < 1u << MFD_MEDIA_COUNT; bit <<= 1) {
        const struct mfd_media_info *info =
            (set & bit) ? mfd_media_info((enum mfd_media)bit) : NULL;
        const char *text = !info ? NULL : names ? info->name : info->type;
        if (text)
            mfd_text_list(out, size, text);
    }
}

static void list_media_json(unsigned set, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "\"available\":[");
    bool first = true;
    for (unsigned bit = 1; bit < 1u << MFD_MEDIA_COUNT; bit <<= 1) {
        if (!(set & bit) || n >= size)
            continue;
        n += (size_t)snprintf(out + n, size - n, "%s\"%s\"", first ? "" : ",",
                              mfd_media_info((enum mfd_media)bit)->type);
        first = false;
    }
    if (n < size)
        snprintf(out + n, size - n, "]");
}

static bool negotiate(struct mfd_request *rq)
{
    unsigned offers = rq->match.route->offers ? rq->match.route->offers : MFD_MEDIA_JSON;
    const char *format = mfd_request_query(rq, "format");
    rq->format = mfd_media_negotiate(offers, mfd_request_header(rq, "Accept"), format);
    if (rq->format)
        return true;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    char types[256], names[128];
    list_media(offers, false, types, sizeof types);
    list_media(offers, true, names, sizeof names);
    mfd_problem_set(&problem, "not-acceptable", NULL, "There is %s%s%s%s.", types,
                    names[0] ? " (or ?format=" : "", names, names[0] ? ")" : "");
    list_media_json(offers, problem.extra, sizeof problem.extra);
    mfd_reply_problem(rq, &problem);
    return false;
}

static bool check_coding(struct mfd_request *rq)
{
    const char *coding = mfd_request_header(rq, "Content-Encoding");
    if (!coding || strcasecmp(coding, "identity") == 0 || !*coding)
        return true;
    rq->gzip_in = strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0;
    /* what goes to a file stays as it is; the operation of a job reads gzip, but once */
    bool plain = rq->to_file && (!rq->match.route->job || rq->content == MFD_MEDIA_GZIP);
    if (rq->gzip_in && !plain)
        return true;
    mfd_request_set_header(rq, "Accept-Encoding", plain ? "identity" : "gzip, identity");
    mfd_reply_fail(rq, "unsupported-media-type", NULL, "The content coding '%s' is not read here.",
                   coding);
    return false;
}

struct body_limit {
    const char *name;
    size_t offset; /* in struct mfd_limits */
};
#define LIMIT(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct mfd_limits, name)                                                   \
    }

/* The limit that holds for the bytes of a request's body. */
static const struct body_limit *body_limit(const struct mfd_request *rq)
{
    static const struct body_limit limits[][2] = {
        { LIMIT(json_bytes), LIMIT(vcf_bytes) }, { LIMIT(job_json_bytes), LIMIT(job_vcf_bytes) }
    };
    static const struct body_limit upload = LIMIT(upload_bytes);
    if (rq->to_file && !rq->match.route->job)
        return &upload;
    return &limits[rq->match.route->job][rq->content == MFD_MEDIA_VCF];
}

static bool check_content(struct mfd_request *rq)
{
    unsigned accepts = rq->match.route->accepts;
    const char *type = mfd_request_header(rq, "Content-Type");
    rq->content = mfd_media_of_body(accepts, type);
    if (!rq->content) {
        char types[256];
        list_media(accepts, false, types, sizeof types);
        mfd_request_set_header(rq, "Accept", types);
        mfd_reply_fail(rq, "unsupported-media-type", NULL, "Content-Type '%s' is not one of %s.",
                       type ? type : "(none)", types);
        return false;
    }
    rq->to_file = (rq->match.route->upload & rq->content) != 0;
    if (!check_coding(rq))
        return false;
    if (rq->content == MFD_MEDIA_GZIP) { /* a .vcf.gz: handlers see what is in it */
        rq->content = MFD_MEDIA_VCF;
        rq->gzip_in = true;
    }
    size_t limit = body_limit(rq)->offset;
    rq->body_limit = (size_t) * (const int64_t *)((const char *)mfd_app_limits(rq->app) + limit);
    return true;
}

void mfd_intake_too_large(const struct mfd_request *rq, int64_t size, struct mfd_problem *problem)
{
    mfd_problem_limit(problem, body_limit(rq)->name, (int64_t)rq->body_limit, size, NULL);
    if (rq->content == MFD_MEDIA_VCF && !rq->match.route->job)
        mfd_operation_suggest_job(problem);
}

/* Where two parties could take different ones for the true one. */
static bool repeated(const struct mfd_request *rq, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < rq->headers.n; i++)
        n += strcasecmp(rq->headers.at[i].name, name) == 0;
    return n > 1;
}

static bool check_host(struct mfd_request *rq)
{
    if (repeated(rq, "Host"))
        return fail_bad_request(rq, "Host", "given twice");
    if (!rq->http_1_0 && !mfd_request_header(rq, "Host"))
        return fail_bad_request(rq, "Host", "HTTP/1.1 wants this header");
    return mfd_origin_check_host(rq);
}

/* Where does the body end? Two readers of the request must not come to different answers, so
 * whatever leaves a doubt is answered at once, and the connection goes no further. */
static bool check_framing(struct mfd_request *rq, int64_t *size)
{
    const char *length = mfd_request_header(rq, "Content-Length");
    const char *coding = mfd_request_header(rq, "Transfer-Encoding");
    rq->unframed = true;
    if (repeated(rq, "Content-Length") || repeated(rq, "Transfer-Encoding"))
        return fail_bad_request(rq, "Content-Length or Transfer-Encoding", "given twice");
    if (length && coding)
        return fail_bad_request(rq, "Content-Length and Transfer-Encoding",
                                "only one of them may be given");
    if (length && !mfd_parse_i64(length, strlen(length), 0, INT64_MAX, size))
        return fail_bad_request(rq, "Content-Length", "not a number of bytes");
    if (coding && strcasecmp(coding, "chunked") != 0)
        return fail_bad_request(rq, "Transfer-Encoding", "only chunked is read");
    rq->unframed = false;
    return true;
}

/* The body that the headers announce: `size` bytes, where its length is given. */
static bool check_body(struct mfd_request *rq, int64_t size)
{
    const char *length = mfd_request_header(rq, "Content-Length");
    const char *coding = mfd_request_header(rq, "Transfer-Encoding");
    const struct mfd_route *route = rq->match.route;
    bool has_body = size > 0 || coding;
    if (!route->accepts && has_body) {
        mfd_reply_fail(rq, "bad-request", NULL, "This resource takes no body.");
        return false;
    }
    if (!route->accepts || (!has_body && route->body_optional))
        return true;
    bool must = strcmp(rq->method, "POST") == 0 || strcmp(rq->method, "PUT") == 0;
    if (must && !length && !coding) {
        struct mfd_problem problem = MFD_PROBLEM_INIT;
        mfd_problem_set(&problem, "bad-request", NULL,
                        "A body is needed: send Content-Length or Transfer-Encoding: chunked.");
        problem.status = 411;
        mfd_reply_problem(rq, &problem);
        return false;
    }
    if (!check_content(rq))
        return false;
    if (size > (int64_t)rq->body_limit) {
        struct mfd_problem problem = MFD_PROBLEM_INIT;
        mfd_intake_too_large(rq, size, &problem);
        mfd_reply_problem(rq, &problem);
        return false;
    }
    return true;
}

void mfd_intake(struct mfd_request *rq)
{
    mfd_ids_adopt(&rq->ids, mfd_request_header(rq, "X-Request-Id"),
                  mfd_request_header(rq, "traceparent"));
    snprintf(rq->principal.client, sizeof rq->principal.client, "ip:%s", rq->remote);
    int64_t size = 0;
    if (!check_framing(rq, &size) || !check_target(rq) || !check_headers(rq) || !check_host(rq))
        return;
    if (!find_route(rq) || !mfd_origin_check(rq) || !check_client(rq))
        return;
    if (!negotiate(rq) || !check_body(rq, size))
        return;
}

int mfd_intake_inflate(struct mfd_request *rq, struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer text = MFD_BUFFER_INIT;
    if (!rq->gzip_in || rq->body.len == 0)
        return 0;
    int status = mfd_gunzip(rq->body.data, rq->body.len, rq->body_limit, &text, &err);
    mfd_buffer_deinit(&rq->body);
    rq->body = text;
    if (status == MFD_ELIMIT)
        mfd_intake_too_large(rq, -1, problem);
    else if (status < 0)
        mfd_problem_set(problem, status == MFD_EFORMAT ? "bad-request" : "internal", NULL,
                        "The body: %s.", err.message);
    return status;
}
