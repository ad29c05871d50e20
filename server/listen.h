/* The listening socket. */
#pragma once

#include "core/base/error.h"

/* Bind and listen on an address or name and a port (0: any); *bound receives the port. MFD_EIO
 * names the address, the reason and what to do. */
int mfd_listen(const char *address, int port, int *fd, int *bound,
               struct mfd_error *err) MFD_MUST_CHECK;
/* The address of a socket that was handed over (systemd): text without the port. MFD_EINVAL where
 * it is not a listening stream socket of the internet. */
int mfd_listen_inherited(int fd, char address[64], int *port, struct mfd_error *err) MFD_MUST_CHECK;
