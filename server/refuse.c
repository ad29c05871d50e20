#include "server/refuse.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/limits.h"
#include "server/access.h"
#include "server/app.h"
#include "server/loop.h"
#include "server/request_in.h"

#define LINGER_MS 2000
#define HEARD_MS 5000
#define LINGER_BYTES ((size_t)32 << 20)

/* Beginnings of lines of libmicrohttpd's log: of a refusal, and of failures after which a
 * connection is closed in a way that is_heard does not see. */
static const char refusal[] = "Error processing request (HTTP response code is %u";
static const char *const failures[] = { "Failed to create error response", "Call to epoll_ctl" };

/* libmicrohttpd shuts the sending side of what it closes, under TLS with its last words there, and
 * lists it elsewhere then, from where it cannot be suspended. And what came long ago has long been
 * read: thousands of connections that lie idle shall not make a refusal dear. */
static bool is_heard(const struct mfd_conn *conn)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    return (!conn->tls.session || conn->tls.unanswered) &&
           getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
           (info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT) &&
           info.tcpi_last_data_recv < HEARD_MS;
}

/* libmicrohttpd may be reading this one: it is not being worked on, nor answered. */
static bool may_be_refused(const struct mfd_conn *conn)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(conn->connection, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
    return (!conn->rq || conn->rq->phase <= MFD_PHASE_BODY) && !conn->parked &&
           !(info && info->suspended) && is_heard(conn);
}

void mfd_refuse_hear(struct mfd_conns *conns, const char *fmt, va_list ap)
{
    (void)ap;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        conns->unsure |= strncmp(fmt, failures[i], strlen(failures[i])) == 0;
    if (conns->unsure || strncmp(fmt, refusal, sizeof refusal - 1) != 0)
        return;
    for (struct mfd_conn *conn = conns->first; conn; conn = conn->next) {
        if (!may_be_refused(conn))
            continue;
        MHD_suspend_connection(conn->connection);
        conn->parked = conns->parked = true;
    }
}

static void say_why(struct mfd_problem *problem, int status, const struct mfd_limits *limits)
{
    switch (status) {
    case MHD_HTTP_URI_TOO_LONG:
        mfd_problem_limit(problem, "url_bytes", limits->url_bytes, -1, NULL);
        break;
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
        mfd_problem_limit(problem, "header_bytes", limits->header_bytes, -1, NULL);
        problem->type = mfd_problem_find("header-fields-too-large");
        break;
    case MHD_HTTP_CONTENT_TOO_LARGE:
        mfd_problem_set(problem, "over-limit", NULL,
                        "Content-Length, or the size of a chunk, is more than any body may have.");
        break;
    case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
        mfd_problem_set(problem, "version-not-supported", NULL,
                        "HTTP/1.1 and HTTP/1.0 are spoken here.");
        break;
    default:
        mfd_problem_set(problem, "bad-request", NULL,
                        "Request line, headers, Content-Length or chunks are malformed.");
    }
    problem->status = status;
}

static void on_rest(void *arg)
{
    struct mfd_conn *conn = arg;
    char bytes[16384];
    ssize_t n = recv(conn->fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
    conn->rested += n > 0 ? (size_t)n : 0;
    if (n == 0 || conn->rested > LINGER_BYTES || (n < 0 && errno != EAGAIN && errno != EINTR))
        mfd_refuse_end(conn);
}

/* The last word has been said to this one, which is suspended: nothing of libmicrohttpd's follows,
 * and what the client still sends is read and thrown away for a moment, for closing a socket with
 * unread bytes resets the connection, and the word may be lost with it. */
static void linger(struct mfd_conn *conn)
{
    struct mfd_loop *loop = mfd_app_loop(conn->conns->app);
    shutdown(conn->fd, SHUT_WR);
    conn->rests = mfd_watch_new(loop, conn->fd, MFD_WATCH_READ, on_rest, conn);
    if (conn->rests)
        conn->deadline = mfd_loop_now(loop) + LINGER_MS;
    else
        mfd_refuse_end(conn);
}

/* What is said to one whose request may not even have a name. */
static void tell(struct mfd_conn *conn, const struct mfd_problem *problem)
{
    struct mfd_conns *conns = conn->conns;
    struct mfd_request *rq = conn->rq ? conn->rq : mfd_request_new(conns->app, "");
    if (rq && !conn->rq)
        mfd_conn_remote(conn->connection, rq->remote, sizeof rq->remote);
    if (rq)
        mfd_conn_tell(conn, rq, problem);
    if (rq && !conn->rq) {
        mfd_access(rq, true);
        mfd_request_unref(rq);
    }
}

static void refuse(struct mfd_conn *conn, int status)
{
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    say_why(&problem, status, mfd_app_limits(conn->conns->app));
    tell(conn, &problem);
    linger(conn);
}

void mfd_refuse_plain(void *conn)
{
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    mfd_problem_set(&problem, "bad-request", NULL,
                    "This port speaks TLS; its address begins with https://.");
    tell(conn, &problem);
}

bool mfd_refuse_body(struct mfd_request *rq)
{
    struct mfd_conn *conn = rq->conn;
    if (!conn || rq->reply.gzip)
        return false;
    if (conn->rests) /* another chunk of the same buffer */
        return true;
    if (rq->final_status) /* the rest of it, at the end */
        return false;
    mfd_conn_say(conn, rq, rq->reply.status, &rq->reply.body);
    MHD_suspend_connection(conn->connection);
    linger(conn);
    return true;
}

bool mfd_refuse_settle(struct mfd_conns *conns)
{
    bool parked = conns->parked;
    conns->parked = conns->unsure = false;
    for (struct mfd_conn *conn = conns->first; parked && conn; conn = conn->next) {
        if (!conn->parked)
            continue;
        conn->parked = false;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(conn->connection, MHD_CONNECTION_INFO_HTTP_STATUS);
        if (info)
            refuse(conn, (int)info->http_status);
        else
            MHD_resume_connection(conn->connection);
    }
    return parked;
}

void mfd_refuse_end(struct mfd_conn *conn)
{
    mfd_watch_free(conn->rests);
    conn->rests = NULL;
    conn->deadline = 0;
    shutdown(conn->fd, SHUT_RDWR);
    MHD_resume_connection(conn->connection); /* libmicrohttpd sees the end and cleans up */
    mfd_timer_start(conn->conns->turn, 0, 0);
}

void mfd_refuse_end_all(struct mfd_conns *conns)
{
    for (struct mfd_conn *conn = conns->first; conn; conn = conn->next)
        if (conn->rests)
            mfd_refuse_end(conn);
}
