#include "client/lib/client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "client/lib/problem.h"
#include "client/lib/transport.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"

#define COMPRESS_ABOVE ((size_t)64 << 10) /* smaller bodies are not worth the work */

struct mfd_client {
    struct mfd_client_options options; /* strings below instead of the caller's */
    CURL *curl;
    char *server;
    char *authorization;
    bool reached; /* the server has answered once: if it goes away, it may come back */
    bool loopback;
    unsigned jitter;
};

/* One attempt, as curl's callbacks see it. */
struct attempt {
    struct mfd_client *client;
    const struct mfd_client_request *request;
    struct mfd_client_reply *reply;
    struct mfd_error *err;
    int status;  /* what a callback failed with */
    size_t sunk; /* bytes that the sink has seen and that cannot be taken back */
};

void mfd_client_reply_deinit(struct mfd_client_reply *reply)
{
    mfd_buffer_deinit(&reply->body);
}

static void curl_url_cleanup_p(CURLU **u)
{
    curl_url_cleanup(*u);
}

static void slist_free_p(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static bool cancelled(const struct mfd_client *client)
{
    return client->options.cancel && *client->options.cancel;
}

static void keep_header(CURL *curl, const char *name, char *to, size_t size)
{
    struct curl_header *h;
    to[0] = '\0';
    if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        snprintf(to, size, "%s", h->value);
}

/* Status and headers into the reply. */
static void take_head(CURL *c, struct mfd_client_reply *reply)
{
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &reply->http);
    keep_header(c, "Content-Type", reply->content_type, sizeof reply->content_type);
    reply->content_type[strcspn(reply->content_type, "; ")] = '\0';
    for (char *p = reply->content_type; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    keep_header(c, "X-Request-Id", reply->request_id, sizeof reply->request_id);
    keep_header(c, "ETag", reply->etag, sizeof reply->etag);
    keep_header(c, "Content-Range", reply->content_range, sizeof reply->content_range);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct attempt *a = arg;
    n *= size;
    if (!a->sunk)
        take_head(a->client->curl, a->reply);
    if (a->request->sink && a->reply->http >= 200 && a->reply->http < 300) {
        a->sunk += n;
        a->status = a->request->sink(a->request->sink_arg, bytes, n, a->err);
        return a->status < 0 ? 0 : n;
    }
    if (n > a->client->options.max_reply - a->reply->body.len) {
        a->status = mfd_fail_as(a->err, MFD_ELIMIT, "bad-reply",
                                "the server's answer is longer than %zu bytes; ask for less at "
                                "once, or for ndjson",
                                a->client->options.max_reply);
        return 0;
    }
    mfd_buffer_add(&a->reply->body, bytes, n);
    if (a->reply->body.failed)
        a->status = mfd_fail_nomem(a->err);
    return a->status < 0 ? 0 : n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return cancelled(arg);
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
           strcmp(host, "[::1]") == 0;
}

/* Options that hold for every request of this client. */
static void configure(struct mfd_client *client, const char *host)
{
    CURL *c = client->curl;
    const struct mfd_client_options *o = &client->options;
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L); /* a key goes to the server named, no other */
    curl_easy_setopt(c, CURLOPT_USERAGENT, "mfd/" MFD_VERSION);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(o->idle_ms + 999) / 1000);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, client);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    if (o->ca_file)
        curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file);
    client->loopback = is_loopback(host);
    if (client->loopback) /* whatever proxy the environment names */
        curl_easy_setopt(c, CURLOPT_PROXY, "");
}

static int read_server(struct mfd_client *client, struct mfd_error *err)
{
    const char *text = client->options.server;
    MFD_CLEANUP(curl_url_cleanup_p) CURLU *url = curl_url();
    char *host = NULL, *whole = NULL, *scheme = NULL;
    if (!url)
        return mfd_fail_nomem(err);
    int status = MFD_OK;
    if (curl_url_set(url, CURLUPART_URL, text, CURLU_GUESS_SCHEME) ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0))
        status = mfd_fail(err, MFD_EINVAL,
                          "'%s' is not the address of a server; write it as "
                          "http://HOST:PORT",
                          text);
    else if (curl_url_set(url, CURLUPART_QUERY, NULL, 0) ||
             curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) ||
             curl_url_get(url, CURLUPART_URL, &whole, 0))
        status = mfd_fail_nomem(err);
    if (status == MFD_OK) {
        for (size_t n = strlen(whole); n && whole[n - 1] == '/';)
            whole[--n] = '\0';
        configure(client, host);
        client->server = mfd_strdup(whole);
        if (!client->server)
            status = mfd_fail_nomem(err);
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(whole);
    return status;
}

static int read_key(struct mfd_client *client, struct mfd_error *err)
{
    const char *key = client->options.key;
    if (!key || !*key)
        return MFD_OK;
    for (const char *p = key; *p; p++)
        if (*p <= ' ' || *p > '~')
            return mfd_fail(err, MFD_EINVAL,
                            "the API key holds a blank or a control character; "
                            "check where it was read from");
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "Authorization: Bearer %s", key);
    client->authorization = mfd_buffer_steal(&b, NULL);
    return client->authorization ? MFD_OK : mfd_fail_nomem(err);
}

int mfd_client_new(struct mfd_client **out, const struct mfd_client_options *options,
                   struct mfd_error *err)
{
    struct mfd_client *client = mfd_calloc(1, sizeof *client);
    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
        free(client);
        return mfd_fail_nomem(err);
    }
    client->options = *options;
    client->jitter = (unsigned)time(NULL) ^ (unsigned)getpid();
    client->curl = curl_easy_init();
    int status = client->curl ? read_server(client, err) : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = read_key(client, err);
    if (status < 0) {
        mfd_client_free(client);
        return status;
    }
    client->options.server = client->options.key = NULL;
    *out = client;
    return MFD_OK;
}

void mfd_client_free(struct mfd_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    curl_global_cleanup();
    free(client->server);
    if (client->authorization)
        explicit_bzero(client->authorization, strlen(client->authorization));
    free(client->authorization);
    free(client);
}

const char *mfd_client_server(const struct mfd_client *client)
{
    return client->server;
}

static int compress_body(struct mfd_buffer *out, const void *body, size_t n)
{
    z_stream z = { 0 };
    if (n > UINT_MAX || deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return MFD_ENOMEM;
    size_t room = deflateBound(&z, n);
    char *at = room > UINT_MAX ? NULL : mfd_buffer_reserve(out, room);
    if (!at) {
        deflateEnd(&z);
        return MFD_ENOMEM;
    }
    z.next_in = (Bytef *)(size_t)body;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)at;
    z.avail_out = (uInt)room;
    int done = deflate(&z, Z_FINISH);
    out->len += z.total_out;
    deflateEnd(&z);
    return done == Z_STREAM_END ? MFD_OK : MFD_ENOMEM;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%s%s", name, value);
    struct curl_slist *longer = b.failed ? NULL : curl_slist_append(*list, b.data);
    mfd_buffer_deinit(&b);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static int fail_curl(const struct mfd_client *client, CURLcode code, const char *detail,
                     struct mfd_error *err)
{
    const struct mfd_transport t = { client->server, client->options.ca_file, client->loopback };
    if (cancelled(client))
        return mfd_fail_as(err, MFD_ECANCELLED, "interrupted", "interrupted");
    return mfd_transport_fail(&t, code, detail, err);
}

/* One attempt: MFD_OK for any reply at all, whatever its status code. */
static int perform(struct attempt *a, const struct mfd_buffer *packed, struct mfd_error *err)
{
    CURL *c = a->client->curl;
    const struct mfd_client_request *r = a->request;
    const char *method = r->method ? r->method : r->body ? "POST" : "GET";
    char detail[CURL_ERROR_SIZE] = "";
    struct mfd_buffer url = MFD_BUFFER_INIT;
    MFD_CLEANUP(slist_free_p) struct curl_slist *headers = NULL;
    bool ok = add_header(&headers, "Accept: ", r->accept ? r->accept : "application/json");
    if (a->client->authorization)
        ok = ok && add_header(&headers, "", a->client->authorization);
    if (r->body)
        ok = ok && add_header(&headers, "Content-Type: ", r->body_type) &&
             add_header(&headers, "Expect:", "");
    if (packed->len)
        ok = ok && add_header(&headers, "Content-Encoding: ", "gzip");
    if (r->range)
        ok = ok && add_header(&headers, "Range: ", r->range);
    if (r->if_range)
        ok = ok && add_header(&headers, "If-Range: ", r->if_range);
    if (r->idempotency_key)
        ok = ok && add_header(&headers, "Idempotency-Key: ", r->idempotency_key);
    mfd_buffer_addf(&url, "%s%s%s%s", a->client->server, r->path, r->query ? "?" : "",
                    r->query ? r->query : "");
    if (!ok || url.failed) {
        mfd_buffer_deinit(&url);
        return mfd_fail_nomem(err);
    }
    curl_easy_setopt(c, CURLOPT_URL, url.data);
    mfd_buffer_deinit(&url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, r->as_stored ? NULL : "gzip");
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
    if (r->body) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, packed->len ? packed->data : r->body);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(packed->len ? packed->len : r->body_len));
    }
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);

    CURLcode code = curl_easy_perform(c);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
    if (a->status < 0)
        return a->status;
    if (code != CURLE_OK)
        return fail_curl(a->client, code, detail, err);
    take_head(c, a->reply);
    return MFD_OK;
}

/* Milliseconds until the next attempt, doubling from a quarter of a second, a quarter of it chance
 * so that clients turned away together do not come back together. */
static unsigned backoff(struct mfd_client *client, unsigned attempt)
{
    unsigned base = 250u << (attempt < 8 ? attempt : 8);
    client->jitter = client->jitter * 1664525u + 1013904223u;
    return base + (client->jitter >> 16) % (base / 4 + 1);
}

static int pause_for(struct mfd_client *client, unsigned ms, const char *why, struct mfd_error *err)
{
    struct timespec until, now;
    if (client->options.notice) {
        char text[160];
        snprintf(text, sizeof text, "%s; trying again in %.1f s", why, ms / 1000.0);
        client->options.notice(client->options.notice_arg, text);
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    for (;;) {
        if (cancelled(client))
            return mfd_fail_as(err, MFD_ECANCELLED, "interrupted", "interrupted");
        clock_gettime(CLOCK_MONOTONIC, &now);
        double left =
            (double)(until.tv_sec - now.tv_sec) + (double)(until.tv_nsec - now.tv_nsec) * 1e-9;
        if (left <= 0)
            return MFD_OK;
        if (left > 0.1)
            left = 0.1; /* a signal may arrive just before the sleep */
        nanosleep(&(struct timespec){ .tv_nsec = (long)(left * 1e9) }, NULL);
    }
}

/* Why this attempt is worth repeating, or NULL. */
static const char *worth_repeating(const struct attempt *a, int status, const struct mfd_error *err)
{
    bool pure = !a->request->changes_state;
    if (a->sunk || a->status < 0)
        return NULL;
    if (status < 0)
        return pure && a->client->reached && strcmp(err->slug, "unreachable") == 0
                   ? "the server went away"
                   : NULL;
    switch (a->reply->http) {
    case 429:
        return "the server asks for fewer requests";
    case 503:
        return "the server is busy";
    case 502:
    case 504:
        return pure ? "a proxy could not reach the server" : NULL;
    default:
        return NULL;
    }
}

static int fail_reply(const struct mfd_client_reply *reply, struct mfd_error *err)
{
    return mfd_problem_fail(err, reply->http, reply->body.data, reply->body.len, reply->request_id);
}

int mfd_client_send(struct mfd_client *client, const struct mfd_client_request *request,
                    struct mfd_client_reply *reply, struct mfd_error *err)
{
    struct mfd_error local = MFD_ERROR_INIT;
    struct mfd_buffer packed = MFD_BUFFER_INIT;
    if (!err)
        err = &local;
    if (request->body && request->body_len > COMPRESS_ABOVE &&
        compress_body(&packed, request->body, request->body_len) < 0)
        mfd_buffer_clear(&packed); /* then it goes as it is */
    int status;
    for (unsigned n = 0;; n++) {
        struct attempt a = { .client = client, .request = request, .reply = reply, .err = err };
        mfd_buffer_clear(&reply->body);
        status = perform(&a, &packed, err);
        if (status == MFD_OK) {
            client->reached = true;
            if (reply->http >= 200 && reply->http < 300)
                break;
            if (reply->http == 415 && packed.len) { /* a server without gzip */
                mfd_buffer_clear(&packed);
                continue;
            }
        }
        const char *why = worth_repeating(&a, status, err);
        curl_off_t asked = 0;
        if (status == MFD_OK)
            curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &asked);
        unsigned ms = backoff(client, n);
        if (asked > 0)
            ms = asked > UINT_MAX / 1000 ? UINT_MAX : (unsigned)asked * 1000;
        if (status == MFD_OK)
            status = fail_reply(reply, err);
        if (!why || n >= client->options.retries || ms > client->options.max_wait_ms)
            break;
        int paused = pause_for(client, ms, why, err);
        if (paused < 0) {
            status = paused;
            break;
        }
    }
    mfd_buffer_deinit(&packed);
    return status;
}

int mfd_client_json(struct mfd_client *client, const char *path, const char *query,
                    const json_t *body, json_t **out, struct mfd_error *err)
{
    MFD_AUTO_FREE char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    if (body && !text)
        return mfd_fail(err, MFD_EINVAL, "the request is not valid UTF-8");
    struct mfd_client_request request = {
        .path = path,
        .query = query,
        .body = text,
        .body_len = text ? strlen(text) : 0,
        .body_type = "application/json",
    };
    struct mfd_client_reply reply = MFD_CLIENT_REPLY_INIT;
    int status = mfd_client_send(client, &request, &reply, err);
    if (status == MFD_OK) {
        json_error_t why;
        json_t *document =
            json_loadb(reply.body.data ? reply.body.data : "", reply.body.len, 0, &why);
        if (document)
            *out = document;
        else
            status = mfd_fail_as(err, MFD_EFORMAT, "bad-reply",
                                 "%s%s answered something that is no JSON; is it mfdd?",
                                 client->server, path);
    }
    mfd_client_reply_deinit(&reply);
    return status;
}
