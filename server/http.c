/* libmicrohttpd without threads: its epoll descriptor is watched by the loop, its timeout is a
 * timer of the loop, and a connection whose request is being worked on is suspended. */
#include "server/http.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "server/access.h"
#include "server/app.h"
#include "server/conns.h"
#include "server/dispatch.h"
#include "server/drive.h"
#include "server/intake.h"
#include "server/refuse.h"
#include "server/request_in.h"
#include "server/respond.h"
#include "server/settings.h"
#include "server/upload.h"

#define SWEEP_MS 500
#define IDLE_TURNS 64
#define IDLE_MS 2
#define MAX_PARAMETERS 256
#define PEM_LIMIT ((size_t)1 << 20)
/* Refused bodies up to this size are read to their end, so that the client sees the answer instead
 * of a reset connection. */
#define DISCARD_LIMIT ((uint64_t)64 << 20)
/* A slower reader than this is cut off: bytes a millisecond, beyond body_ms. */
#define SLOWEST_READER 16

struct mfd_http {
    struct mfd_app *app;
    struct mfd_loop *loop;
    struct MHD_Daemon *mhd;
    struct mfd_watch *watch;
    struct mfd_timer *timer, *sweeper;
    struct mfd_conns conns;
    size_t n_requests;
    unsigned idle_turns;
    bool tls, draining;
    uint64_t drain_until;
    void (*drained)(void *arg);
    void *drained_arg;
    struct mfd_buffer key, certificate;
};

/* Milliseconds until libmicrohttpd wants its next turn, -1: whenever a socket is ready. At its
 * limit of connections it stops listening, and listens again at the beginning of the turn after one
 * of them ended: nothing but we would bring that turn about. */
static int64_t next_turn(struct mfd_http *http, size_t ended_before)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (http->conns.ended != ended_before)
        return 0;
    return MHD_get_timeout(http->mhd, &ms) == MHD_YES ? (int64_t)ms : -1;
}

/* A chunk whose size and extensions do not fit the buffer is never read to its end, and
 * libmicrohttpd wants turn after turn for it, until the deadline: nobody else is to pay for that.
 */
static int64_t paced(struct mfd_http *http, int64_t ms, size_t calls_before)
{
    bool idle = ms == 0 && http->conns.calls == calls_before;
    http->idle_turns = idle ? http->idle_turns + 1 : 0;
    return http->idle_turns > IDLE_TURNS && mfd_conns_read(&http->conns) ? IDLE_MS : ms;
}

static void pump(void *arg)
{
    struct mfd_http *http = arg;
    size_t ended = http->conns.ended, calls = http->conns.calls;
    MHD_run(http->mhd);
    int64_t ms = mfd_refuse_settle(&http->conns) ? 0 : next_turn(http, ended);
    ms = paced(http, ms, calls);
    if (ms != 0) /* requests that were sent one behind the other have all begun */
        mfd_conns_close_halves(&http->conns);
    if (ms >= 0)
        mfd_timer_start(http->timer, (uint64_t)ms, 0);
    else
        mfd_timer_stop(http->timer);
}

static struct mfd_conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void set_deadline(struct mfd_request *rq, uint64_t ms)
{
    if (rq->conn)
        rq->conn->deadline = ms ? mfd_loop_now(rq->conn->http->loop) + ms : 0;
}

/* More parameters than the memory of a connection can hold stall libmicrohttpd: it is told here. */
static bool too_many_parameters(const char *uri)
{
    size_t n = 0;
    for (const char *s = strchr(uri, '&'); s && n <= MAX_PARAMETERS; s = strchr(s + 1, '&'))
        n++;
    return n > MAX_PARAMETERS;
}

static void wake(struct mfd_request *rq)
{
    if (!rq->suspended || !rq->connection)
        return;
    rq->suspended = false;
    MHD_resume_connection(rq->connection);
    /* its own signal of this reaches the epoll descriptor in some versions only */
    if (rq->conn)
        mfd_timer_start(rq->conn->http->timer, 0, 0);
}

/* The request line has been read: a request begins. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct mfd_http *http = cls;
    struct mfd_request *rq = mfd_request_new(http->app, uri);
    http->conns.calls++;
    if (!rq)
        return NULL;
    rq->connection = connection;
    rq->wake = wake;
    rq->conn = conn_of(connection);
    mfd_conn_remote(connection, rq->remote, sizeof rq->remote);
    http->n_requests++;
    if (rq->conn) {
        rq->conn->rq = rq;
        set_deadline(rq, (uint64_t)mfd_app_limits(http->app)->header_ms);
        if (too_many_parameters(uri))
            mfd_conn_hang_up(rq->conn, "bad-request", "The query string: far too many parameters.");
    }
    return rq;
}

static enum MHD_Result copy_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct mfd_request *rq = cls;
    (void)kind;
    return mfd_params_add(&rq->headers, name, value ? value : "") < 0 ? MHD_NO : MHD_YES;
}

static enum MHD_Result answer(struct mfd_http *http, struct mfd_request *rq)
{
    struct MHD_Response *response = mfd_respond(rq, http->draining || rq->unframed);
    if (!response)
        return MHD_NO;
    rq->phase = MFD_PHASE_ANSWER;
    rq->final_status = rq->reply.status;
    uint64_t ms = (uint64_t)mfd_app_limits(http->app)->body_ms;
    set_deadline(rq, rq->reply.kind == MFD_REPLY_STREAM ? 0 : ms + rq->bytes_out / SLOWEST_READER);
    enum MHD_Result result =
        MHD_queue_response(rq->connection, (unsigned)rq->reply.status, response);
    MHD_destroy_response(response);
    return result;
}

/* Headers are complete. */
static enum MHD_Result begin(struct mfd_http *http, struct mfd_request *rq, const char *method,
                             const char *version)
{
    rq->http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
    rq->head = strcmp(method, "HEAD") == 0;
    snprintf(rq->method, sizeof rq->method, "%s", rq->head ? "GET" : method);
    MHD_get_connection_values(rq->connection, MHD_HEADER_KIND, copy_header, rq);
    rq->phase = MFD_PHASE_BODY;
    set_deadline(rq, (uint64_t)mfd_app_limits(http->app)->body_ms);
    mfd_intake(rq);
    struct mfd_error err = MFD_ERROR_INIT;
    if (!rq->reply.kind && rq->to_file) {
        const char *directory =
            rq->match.route->job ? mfd_app_job_dir(http->app) : mfd_app_upload_dir(http->app);
        if (mfd_upload_new(&rq->upload, directory, &err) < 0)
            mfd_reply_error(rq, &err);
        set_deadline(rq, 0); /* silence ends it; a large file takes its time */
    }
    if (!rq->reply.kind)
        return MHD_YES;
    rq->discard = true;
    const char *length = mfd_request_header(rq, "Content-Length");
    bool huge = length && strtoull(length, NULL, 10) > DISCARD_LIMIT;
    return huge || rq->unframed || mfd_request_header(rq, "Expect") ? answer(http, rq) : MHD_YES;
}

static enum MHD_Result receive(struct mfd_request *rq, const char *data, size_t n)
{
    struct mfd_error err = MFD_ERROR_INIT;
    rq->body_seen += n;
    if (rq->discard)
        return (rq->discarded += n) <= DISCARD_LIMIT || mfd_refuse_body(rq) ? MHD_YES : MHD_NO;
    if (rq->body_seen > rq->body_limit) {
        struct mfd_problem problem = MFD_PROBLEM_INIT;
        mfd_intake_too_large(rq, -1, &problem);
        mfd_reply_problem(rq, &problem);
    } else if (rq->upload && mfd_upload_write(rq->upload, data, n, &err) < 0) {
        mfd_reply_error(rq, &err);
    } else if (!rq->upload) {
        mfd_buffer_add(&rq->body, data, n);
    }
    if (rq->body.failed)
        mfd_reply_fail(rq, "internal", NULL, "Out of memory while reading the body.");
    if (rq->reply.kind) {
        rq->discard = true;
        mfd_buffer_deinit(&rq->body);
        mfd_upload_free(rq->upload); /* its disk may be somebody else's now */
        rq->upload = NULL;
    }
    return MHD_YES;
}

/* The client has gone while its request is being worked on. */
static void on_hangup(void *arg)
{
    struct mfd_request *rq = arg;
    mfd_watch_free(rq->hangup);
    rq->hangup = NULL;
    atomic_store(&rq->cancelled, true);
    if (rq->drive)
        mfd_drive_cancel(rq->drive);
}

static void suspend(struct mfd_http *http, struct mfd_request *rq)
{
    rq->suspended = true;
    set_deadline(rq, 0);
    MHD_suspend_connection(rq->connection);
    if (!rq->hangup && rq->conn)
        rq->hangup = mfd_watch_new(http->loop, rq->conn->fd, MFD_WATCH_HANGUP, on_hangup, rq);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct mfd_http *http = cls;
    struct mfd_request *rq = *context;
    http->conns.calls++;
    (void)connection;
    (void)url;
    if (!rq)
        return MHD_NO;
    if (rq->phase == MFD_PHASE_HEADERS)
        return begin(http, rq, method, version);
    if (*size) {
        size_t n = *size;
        *size = 0;
        return receive(rq, data, n);
    }
    if (rq->phase == MFD_PHASE_BODY) {
        rq->phase = MFD_PHASE_WORK;
        if (!rq->reply.kind && !mfd_dispatch(rq)) {
            suspend(http, rq);
            return MHD_YES;
        }
    }
    if (rq->reply.kind)
        return atomic_load(&rq->cancelled) ? MHD_NO : answer(http, rq);
    return MHD_NO; /* resumed without an answer: a stream that never began */
}

static void check_drained(struct mfd_http *http)
{
    if (!http->draining || http->n_requests > 0 || !http->drained)
        return;
    void (*drained)(void *) = http->drained;
    http->drained = NULL;
    drained(http->drained_arg);
}

/* The request is over, answered or not. */
static void complete(struct mfd_http *http, struct mfd_request *rq, bool failed)
{
    mfd_watch_free(rq->hangup);
    rq->hangup = NULL;
    if (rq->conn) {
        const struct mfd_settings *settings = mfd_app_settings(http->app);
        set_deadline(rq, (uint64_t)(settings->idle_ms + mfd_app_limits(http->app)->header_ms));
        rq->conn->rq = NULL;
        rq->conn->tls.unanswered = true; /* the next may have come with it */
        mfd_conns_look(&http->conns, rq->conn);
    }
    rq->conn = NULL;
    rq->connection = NULL;
    mfd_access(rq, failed);
    if (failed)
        atomic_store(&rq->cancelled, true);
    if (rq->drive)
        mfd_drive_cancel(rq->drive);
    mfd_request_unref(rq);
    http->n_requests--;
    check_drained(http);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection;
    if (*context)
        complete(cls, *context, code != MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *context = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct mfd_http *http = cls;
    struct mfd_conn *conn = *context;
    http->conns.calls++;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        uint64_t deadline =
            mfd_loop_now(http->loop) + (uint64_t)mfd_app_limits(http->app)->header_ms;
        *context = conn =
            mfd_conns_start(&http->conns, http, connection, info ? info->connect_fd : -1, deadline);
        if (conn)
            mfd_tls_watch(&conn->tls, connection, conn->fd, mfd_refuse_plain, conn);
        return;
    }
    /* a request line that libmicrohttpd gives up on ends without a word about the request */
    if (conn && conn->rq)
        complete(http, conn->rq, true);
    mfd_conns_end(&http->conns, conn);
}

static void sweep(void *arg)
{
    struct mfd_http *http = arg;
    uint64_t now = mfd_loop_now(http->loop);
    bool too_late = http->draining && now >= http->drain_until;
    for (struct mfd_conn *conn = http->conns.first; conn; conn = conn->next) {
        if (too_late && conn->rq) {
            atomic_store(&conn->rq->cancelled, true);
            if (conn->rq->drive)
                mfd_drive_cancel(conn->rq->drive);
            conn->deadline = conn->rq->phase == MFD_PHASE_WORK ? 0 : 1;
        }
        if (conn->rq && conn->rq->drive)
            mfd_drive_tick(conn->rq->drive);
        if (!conn->rq || conn->rq->phase <= MFD_PHASE_BODY)
            mfd_conns_look(&http->conns, conn);
        if (!conn->deadline || now < conn->deadline || conn->fd < 0)
            continue;
        if (conn->rests)
            mfd_refuse_end(conn);
        else
            mfd_conn_hang_up(conn, "request-timeout",
                             "The deadline for reading the request has passed.");
        conn->deadline = 0;
    }
    if (http->conns.halves > 0)
        mfd_timer_start(http->timer, 0, 0);
}

void mfd_http_drain(struct mfd_http *http, uint64_t ms, void (*done)(void *arg), void *arg)
{
    MHD_socket fd = MHD_quiesce_daemon(http->mhd);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    http->draining = true;
    http->drain_until = mfd_loop_now(http->loop) + ms;
    http->drained = done;
    http->drained_arg = arg;
    check_drained(http);
}

void mfd_http_hurry(struct mfd_http *http)
{
    http->drain_until = 0;
}

static void log_mhd(void *cls, const char *fmt, va_list ap)
{
    struct mfd_http *http = cls;
    char text[512];
    va_list again;
    va_copy(again, ap);
    mfd_refuse_hear(&http->conns, fmt, again);
    va_end(again);
    vsnprintf(text, sizeof text, fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    mfd_log(MFD_LOG_DEBUG, "libmicrohttpd: %s", text);
}

static int read_tls(struct mfd_http *http, struct mfd_error *err)
{
    const struct mfd_settings *s = mfd_app_settings(http->app);
    http->tls = s->tls_certificate[0] != '\0';
    if (!http->tls)
        return MFD_OK;
    int status = mfd_file_read(s->tls_certificate, PEM_LIMIT, &http->certificate, err);
    return status < 0 ? status : mfd_file_read(s->tls_key, PEM_LIMIT, &http->key, err);
}

static struct MHD_Daemon *start_mhd(struct mfd_http *http, int fd)
{
    const struct mfd_limits *limits = mfd_app_limits(http->app);
    const struct mfd_settings *settings = mfd_app_settings(http->app);
    const char *priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, http->certificate.data },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, http->key.data },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(size_t)priorities },
        { MHD_OPTION_END, 0, NULL },
    };
    struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (http->tls ? MHD_USE_TLS : 0);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, log_mhd, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)limits->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(settings->idle_ms / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(limits->header_bytes + 4 * limits->url_bytes),
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_URI_LOG_CALLBACK, on_uri, http,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, http->tls ? tls : none,
        MHD_OPTION_END);
}

int mfd_http_new(struct mfd_http **out, struct mfd_app *app, int listen_fd, struct mfd_error *err)
{
    struct mfd_http *http = mfd_calloc(1, sizeof *http);
    if (!http) {
        close(listen_fd);
        return mfd_fail_nomem(err);
    }
    http->app = http->conns.app = app;
    http->loop = mfd_app_loop(app);
    int status = read_tls(http, err);
    if (status == MFD_OK && !(http->mhd = start_mhd(http, listen_fd)))
        status = mfd_fail(err, MFD_EIO, "the HTTP server does not start%s",
                          http->tls ? "; are certificate and key of TLS good PEM files?" : "");
    if (status < 0) {
        close(listen_fd);
        mfd_http_free(http);
        return status;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    http->timer = http->conns.turn = mfd_timer_new(http->loop, pump, http);
    http->sweeper = mfd_timer_new(http->loop, sweep, http);
    if (info)
        http->watch = mfd_watch_new(http->loop, info->epoll_fd, MFD_WATCH_READ, pump, http);
    if (!http->timer || !http->sweeper || !http->watch) {
        mfd_http_free(http);
        return mfd_fail_nomem(err);
    }
    mfd_timer_start(http->sweeper, SWEEP_MS, SWEEP_MS);
    mfd_timer_start(http->timer, 0, 0);
    *out = http;
    return MFD_OK;
}

void mfd_http_free(struct mfd_http *http)
{
    if (!http)
        return;
    http->drained = NULL;
    mfd_watch_free(http->watch);
    if (http->mhd && http->timer)
        mfd_refuse_end_all(&http->conns);
    mfd_timer_free(http->timer);
    mfd_timer_free(http->sweeper);
    if (http->mhd)
        MHD_stop_daemon(http->mhd);
    mfd_buffer_deinit(&http->key);
    mfd_buffer_deinit(&http->certificate);
    free(http);
}

size_t mfd_http_connections(const struct mfd_http *http)
{
    return http->conns.n;
}

size_t mfd_http_requests(const struct mfd_http *http)
{
    return http->n_requests;
}
