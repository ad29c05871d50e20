#include "server/tls.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* What is read of a client that took us for plain HTTP, so that closing the socket does not reset
 * the connection, and our word with it: all of a usual request. */
#define MOST_DRAINED 8

/* A record of TLS begins with its type, of which none is a letter. */
static bool is_plain(char first)
{
    return (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z');
}

static void turn_away(struct mfd_tls *tls)
{
    char bytes[16384];
    for (int i = 0; i < MOST_DRAINED && recv(tls->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0; i++)
        ;
    tls->session = NULL;
    tls->on_plain(tls->arg);
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *data, size_t n)
{
    struct mfd_tls *tls = ptr;
    ssize_t got = recv(tls->fd, data, n, 0);
    bool first = got > 0 && !tls->begun;
    tls->unanswered |= got > 0;
    tls->begun |= got > 0;
    if (!first || !is_plain(*(const char *)data))
        return got;
    turn_away(tls);
    return 0; /* as if it had hung up */
}

static int wait_for_pull(gnutls_transport_ptr_t ptr, unsigned ms)
{
    const struct mfd_tls *tls = ptr;
    return gnutls_system_recv_timeout((gnutls_transport_ptr_t)(intptr_t)tls->fd, ms);
}

/* Whatever is said counts, also what does not leave: the end of a session is said once. */
static ssize_t push(gnutls_transport_ptr_t ptr, const giovec_t *parts, int n)
{
    struct mfd_tls *tls = ptr;
    struct msghdr message = { .msg_iov = (struct iovec *)(uintptr_t)parts,
                              .msg_iovlen = (size_t)n };
    tls->unanswered = false;
    return sendmsg(tls->fd, &message, MSG_NOSIGNAL);
}

void mfd_tls_watch(struct mfd_tls *tls, struct MHD_Connection *connection, int fd,
                   void (*on_plain)(void *arg), void *arg)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info || !info->tls_session)
        return;
    tls->session = info->tls_session;
    tls->fd = fd;
    tls->on_plain = on_plain;
    tls->arg = arg;
    gnutls_transport_set_ptr(tls->session, tls);
    gnutls_transport_set_pull_function(tls->session, pull);
    gnutls_transport_set_pull_timeout_function(tls->session, wait_for_pull);
    gnutls_transport_set_vec_push_function(tls->session, push);
}

void mfd_tls_say(struct mfd_tls *tls, const char *text, size_t n)
{
    ssize_t sent = 1;
    for (size_t at = 0; at < n && sent > 0; at += (size_t)sent)
        sent = gnutls_record_send(tls->session, text + at, n - at);
    if (sent > 0)
        gnutls_bye(tls->session, GNUTLS_SHUT_WR);
}
