/* The TLS session under a connection of libmicrohttpd. That library handles it alone; what is
 * needed beside it, to have the last word on a connection (conns.h, refuse.h), is here. Loop
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;
struct gnutls_session_int;

struct mfd_tls {
    struct gnutls_session_int *session; /* libmicrohttpd's; NULL: none */
    int fd;
    void (*on_plain)(void *arg);
    void *arg;
    bool begun;      /* something came */
    bool unanswered; /* bytes came, or a request ended, and nothing was said since */
};

/* Stand between the session of a connection that has just begun, if it has one, and its socket.
 * `tls` stays where it is as long as the connection. Where the client begins with text and not with
 * TLS there is no session any more; `on_plain` may tell it so, in plain text, and then
 * libmicrohttpd hangs up. */
void mfd_tls_watch(struct mfd_tls *tls, struct MHD_Connection *connection, int fd,
                   void (*on_plain)(void *arg), void *arg);
/* As much as can be sent without waiting of a last word, and that there is no more. */
void mfd_tls_say(struct mfd_tls *tls, const char *text, size_t n);
