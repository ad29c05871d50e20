/* The HTTP server as a whole: libmicrohttpd on the loop. Loop thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct mfd_app;
struct mfd_http;

/* Serve on a listening socket, which becomes the server's. */
int mfd_http_new(struct mfd_http **out, struct mfd_app *app, int listen_fd,
                 struct mfd_error *err) MFD_MUST_CHECK;
/* Take no more connections, let running requests finish, then call `done`; those that have not
 * finished after `ms` are cancelled. */
void mfd_http_drain(struct mfd_http *http, uint64_t ms, void (*done)(void *arg), void *arg);
/* Do not wait any longer: cancel what has not finished. */
void mfd_http_hurry(struct mfd_http *http);
/* No request may be running. */
void mfd_http_free(struct mfd_http *http);
size_t mfd_http_connections(const struct mfd_http *http);
size_t mfd_http_requests(const struct mfd_http *http); /* under way */
