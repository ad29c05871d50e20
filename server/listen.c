#include "server/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/cleanup.h"

#define BACKLOG 1024

static int open_one(const struct addrinfo *at, int *fd)
{
    int one = 1;
    MFD_AUTO_CLOSE int s =
        socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
        return -1;
    if (at->ai_family == AF_INET6)
        setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(s, at->ai_addr, at->ai_addrlen) < 0 || listen(s, BACKLOG) < 0)
        return -1;
    *fd = s;
    s = -1;
    return 0;
}

int mfd_listen(const char *address, int port, int *fd, int *bound, struct mfd_error *err)
{
    char service[8], text[64];
    struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    int s = -1;
    snprintf(service, sizeof service, "%d", port);
    int rc = getaddrinfo(address, service, &hints, &found);
    if (rc != 0)
        return mfd_fail(err, MFD_EINVAL, "cannot listen on '%s': %s", address, gai_strerror(rc));
    errno = EADDRNOTAVAIL;
    for (const struct addrinfo *at = found; at && s < 0; at = at->ai_next)
        open_one(at, &s);
    int reason = errno;
    freeaddrinfo(found);
    if (s < 0)
        return mfd_fail(
            err, MFD_EIO, "cannot listen on %s port %d: %s%s", address, port, strerror(reason),
            reason == EADDRINUSE ? "; another program has it, choose one with --port" : "");
    int status = mfd_listen_inherited(s, text, bound, err);
    if (status < 0) {
        close(s);
        return status;
    }
    *fd = s;
    return MFD_OK;
}

int mfd_listen_inherited(int fd, char address[64], int *port, struct mfd_error *err)
{
    struct sockaddr_storage name;
    socklen_t n = sizeof name, k = sizeof(int);
    char host[64], service[16];
    int listening = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &k) < 0 || !listening ||
        getsockname(fd, (struct sockaddr *)&name, &n) < 0 ||
        (name.ss_family != AF_INET && name.ss_family != AF_INET6) ||
        getnameinfo((struct sockaddr *)&name, n, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return mfd_fail(err, MFD_EINVAL,
                        "descriptor %d is not a listening TCP socket; ListenStream= of the socket "
                        "unit should be an address and a port",
                        fd);
    snprintf(address, 64, "%s", host);
    *port = ntohs(name.ss_family == AF_INET ? ((struct sockaddr_in *)&name)->sin_port
                                            : ((struct sockaddr_in6 *)&name)->sin6_port);
    return MFD_OK;
}
