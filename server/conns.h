/* Open connections, each with its deadline and the request that is under way on it. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/problem.h"
#include "server/tls.h"

struct MHD_Connection;
struct mfd_app;
struct mfd_http;
struct mfd_request;
struct mfd_timer;
struct mfd_watch;

struct mfd_conn {
    struct mfd_http *http;
    struct mfd_conns *conns;
    struct MHD_Connection *connection;
    struct mfd_conn *next, *previous;
    struct mfd_request *rq; /* under way, NULL between two */
    int fd;
    struct mfd_tls tls;
    bool half;               /* the client will send no more */
    bool parked;             /* refuse.c: suspended, for it may be the one refused */
    struct mfd_watch *rests; /* refuse.c: refused, and what it still sends is thrown away */
    size_t rested;           /* bytes of that */
    uint64_t deadline;       /* loop clock; 0: none */
};

struct mfd_conns {
    struct mfd_app *app;
    struct mfd_timer *turn; /* the next one of libmicrohttpd */
    bool parked, unsure;    /* refuse.c */
    struct mfd_conn *first;
    size_t calls;  /* of libmicrohttpd to us */
    size_t n;      /* now open */
    size_t ended;  /* since the start */
    size_t halves; /* with `half` */
};

/* NULL on lack of memory: the connection is then without a deadline, and libmicrohttpd's own for
 * silence remains. */
struct mfd_conn *mfd_conns_start(struct mfd_conns *conns, struct mfd_http *http,
                                 struct MHD_Connection *connection, int fd, uint64_t deadline);
/* Forget and free one; NULL, for one that could not be made, counts as ended too. */
void mfd_conns_end(struct mfd_conns *conns, struct mfd_conn *conn);
/* The client's address as text. */
void mfd_conn_remote(struct MHD_Connection *connection, char *out, size_t n);
/* Has the client closed its sending side? libmicrohttpd does not see the end of a stream that came
 * together with the last bytes, and would keep the connection until it has been silent for long. To
 * be asked when a request has been answered, and now and then while one comes in. */
void mfd_conns_look(struct mfd_conns *conns, struct mfd_conn *conn);
/* Hang up on those that did, where no request is whole or being answered. */
void mfd_conns_close_halves(struct mfd_conns *conns);
/* Is a request being read? */
bool mfd_conns_read(const struct mfd_conns *conns);
/* A last word past libmicrohttpd, where it has said nothing yet. `rq` is conn->rq, or a stand-in
 * where the request has none yet. */
void mfd_conn_tell(struct mfd_conn *conn, struct mfd_request *rq,
                   const struct mfd_problem *problem);
/* The same with a problem that is encoded already. */
void mfd_conn_say(struct mfd_conn *conn, struct mfd_request *rq, int status,
                  const struct mfd_buffer *body);
/* A problem of that slug, where it can be told. Then the end. */
void mfd_conn_hang_up(struct mfd_conn *conn, const char *slug, const char *detail);
