/* What libmicrohttpd refuses by itself: a request that it cannot read. Its own answer is a page of
 * HTML without a request id, for a bad length with the head said twice; ours, a problem, takes its
 * place.
 *
 * libmicrohttpd tells nobody but its log of such a refusal, before it makes the answer, and does
 * not say whose it is. So every connection that could be the one is parked then (suspended: nothing
 * is read from it or written to it); after the turn the one that has an answer which we did not
 * give is told ours and let go, and the others go on. */
#pragma once

#include <stdarg.h>

#include "server/conns.h"

/* A line of libmicrohttpd's log, during MHD_run. */
void mfd_refuse_hear(struct mfd_conns *conns, const char *fmt, va_list ap);
/* After MHD_run. True: there was a refusal, and libmicrohttpd should have another turn. */
bool mfd_refuse_settle(struct mfd_conns *conns);
/* A body that is refused has been read long enough: say the answer that there is, and let go. From
 * the handler of the body; false where nothing can be said. */
bool mfd_refuse_body(struct mfd_request *rq);
/* One that speaks plain HTTP to a port of TLS (a struct mfd_conn *). libmicrohttpd hangs up. */
void mfd_refuse_plain(void *conn);
/* Hang up on one that has been refused, and on all of them: the time in which the client may read
 * why is over. */
void mfd_refuse_end(struct mfd_conn *conn);
void mfd_refuse_end_all(struct mfd_conns *conns);
