/* Why a transfer failed, in words that say what to do. */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

#include "core/base/error.h"

/* Where a transfer went. */
struct mfd_transport {
    const char *server;  /* base URL with its scheme */
    const char *ca_file; /* NULL: the system's authorities */
    bool loopback;       /* no proxy is asked */
};

/* The failure of curl's `code`; `detail` is what it wrote into its error buffer, perhaps nothing.
 */
int mfd_transport_fail(const struct mfd_transport *t, CURLcode code, const char *detail,
                       struct mfd_error *err);
