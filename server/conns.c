#include "server/conns.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/buffer.h"
#include "core/base/memory.h"
#include "proto/problem.h"
#include "server/request_in.h"

struct mfd_conn *mfd_conns_start(struct mfd_conns *conns, struct mfd_http *http,
                                 struct MHD_Connection *connection, int fd, uint64_t deadline)
{
    struct mfd_conn *conn = mfd_calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->http = http;
    conn->conns = conns;
    conn->connection = connection;
    conn->fd = fd;
    conn->deadline = deadline;
    conn->next = conns->first;
    if (conn->next)
        conn->next->previous = conn;
    conns->first = conn;
    conns->n++;
    return conn;
}

void mfd_conns_end(struct mfd_conns *conns, struct mfd_conn *conn)
{
    conns->ended++;
    if (!conn)
        return;
    if (conn->previous)
        conn->previous->next = conn->next;
    else
        conns->first = conn->next;
    if (conn->next)
        conn->next->previous = conn->previous;
    conns->n--;
    conns->halves -= conn->half;
    free(conn);
}

void mfd_conn_remote(struct MHD_Connection *connection, char *out, size_t n)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *at = info ? info->client_addr : NULL;
    snprintf(out, n, "unknown");
    if (at && at->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)at)->sin_addr, out,
                  (socklen_t)n);
    else if (at && at->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)at)->sin6_addr, out,
                  (socklen_t)n);
}

void mfd_conns_look(struct mfd_conns *conns, struct mfd_conn *conn)
{
    char byte;
    if (conn->half || conn->fd < 0 || recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
        return;
    conn->half = true;
    conns->halves++;
}

void mfd_conns_close_halves(struct mfd_conns *conns)
{
    for (struct mfd_conn *conn = conns->first; conn && conns->halves > 0; conn = conn->next) {
        if (!conn->half || (conn->rq && conn->rq->phase > MFD_PHASE_BODY))
            continue;
        conn->half = false;
        conns->halves--;
        shutdown(conn->fd, SHUT_RDWR);
    }
}

bool mfd_conns_read(const struct mfd_conns *conns)
{
    for (const struct mfd_conn *conn = conns->first; conn; conn = conn->next)
        if (conn->rq && conn->rq->phase == MFD_PHASE_BODY)
            return true;
    return false;
}

static void say(struct mfd_conn *conn, const char *text, size_t n)
{
    if (conn->tls.session)
        mfd_tls_say(&conn->tls, text, n);
    else if (send(conn->fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        /* it is going away anyway */
    }
}

void mfd_conn_say(struct mfd_conn *conn, struct mfd_request *rq, int status,
                  const struct mfd_buffer *body)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_buffer_addf(&text,
                    "HTTP/1.1 %d Refused\r\nConnection: close\r\nX-Request-Id: %s\r\n"
                    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                    "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n\r\n",
                    status, rq->ids.request, body->len);
    if (!rq->head)
        mfd_buffer_add(&text, body->data ? body->data : "", body->len);
    rq->final_status = status;
    if (!text.failed)
        say(conn, text.data, text.len);
    mfd_buffer_deinit(&text);
}

void mfd_conn_tell(struct mfd_conn *conn, struct mfd_request *rq, const struct mfd_problem *problem)
{
    struct mfd_buffer body = MFD_BUFFER_INIT;
    mfd_problem_encode(problem, rq->ids.request, NULL, &body);
    mfd_buffer_adds(&body, "\n");
    mfd_conn_say(conn, rq, problem->status, &body);
    mfd_buffer_deinit(&body);
}

void mfd_conn_hang_up(struct mfd_conn *conn, const char *slug, const char *detail)
{
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    if (conn->rq && conn->rq->phase <= MFD_PHASE_BODY) {
        mfd_problem_set(&problem, slug, NULL, "%s", detail);
        mfd_conn_tell(conn, conn->rq, &problem);
    }
    shutdown(conn->fd, SHUT_RDWR);
    /* libmicrohttpd sees the end and cleans up; or, where its buffer is full and it does not look,
     * within this second */
    MHD_set_connection_option(conn->connection, MHD_CONNECTION_OPTION_TIMEOUT, 1U);
}
