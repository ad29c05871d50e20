/* Open connections, each with its deadline and the request that is under way on it. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mfd_http;
struct mfd_request;

struct mfd_conn {
    struct mfd_http *http;
    struct mfd_conn *next, *previous;
    struct mfd_request *rq; /* under way, NULL between two */
    int fd;
    bool half;         /* the client will send no more */
    uint64_t deadline; /* loop clock; 0: none */
};

struct mfd_conns {
    struct mfd_conn *first;
    size_t n;      /* now open */
    size_t ended;  /* since the start */
    size_t halves; /* with `half` */
};

/* NULL on lack of memory: the connection is then without a deadline, and libmicrohttpd's own for
 * silence remains. */
struct mfd_conn *mfd_conns_start(struct mfd_conns *conns, struct mfd_http *http, int fd,
                                 uint64_t deadline);
/* Forget and free one; NULL, for one that could not be made, counts as ended too. */
void mfd_conns_end(struct mfd_conns *conns, struct mfd_conn *conn);
/* Has the client closed its sending side? libmicrohttpd does not see the end of a stream that came
 * together with the last bytes, and would keep the connection until it has been silent for long. To
 * be asked when a request has been answered, and now and then while one comes in. */
void mfd_conns_look(struct mfd_conns *conns, struct mfd_conn *conn);
/* Hang up on those that did, where no request is whole or being answered. */
void mfd_conns_close_halves(struct mfd_conns *conns);
/* A last word past libmicrohttpd, where it has said nothing yet and TLS is not in between: a
 * problem of that slug. Then the end. */
void mfd_conn_hang_up(const struct mfd_conn *conn, bool tls, const char *slug, const char *detail);
