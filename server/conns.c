#include "server/conns.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/buffer.h"
#include "core/base/memory.h"
#include "proto/problem.h"
#include "server/request.h"

struct mfd_conn *mfd_conns_start(struct mfd_conns *conns, struct mfd_http *http, int fd,
                                 uint64_t deadline)
{
    struct mfd_conn *conn = mfd_calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    conn->http = http;
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

static void last_word(const struct mfd_conn *conn, const char *slug, const char *detail)
{
    struct mfd_buffer body = MFD_BUFFER_INIT, text = MFD_BUFFER_INIT;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct mfd_request *rq = conn->rq;
    mfd_problem_set(&problem, slug, NULL, "%s", detail);
    mfd_problem_encode(&problem, rq->ids.request, NULL, &body);
    mfd_buffer_addf(&text,
                    "HTTP/1.1 %d Refused\r\nConnection: close\r\nX-Request-Id: %s\r\n"
                    "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n\r\n%s\n",
                    problem.status, rq->ids.request, body.len + 1, body.data ? body.data : "");
    rq->final_status = problem.status;
    if (!text.failed && send(conn->fd, text.data, text.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        /* it is going away anyway */
    }
    mfd_buffer_deinit(&body);
    mfd_buffer_deinit(&text);
}

void mfd_conn_hang_up(const struct mfd_conn *conn, bool tls, const char *slug, const char *detail)
{
    if (conn->rq && !tls && conn->rq->phase <= MFD_PHASE_BODY)
        last_word(conn, slug, detail);
    shutdown(conn->fd, SHUT_RDWR); /* libmicrohttpd sees the end and cleans up */
}
