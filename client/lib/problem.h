/* problem+json (RFC 9457) into messages. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

/* Fill `err` from a reply that is not 2xx: what happened, where in the request, what would be
 * accepted, and the request id to quote. `body` may be anything at all; where it is no problem
 * document, the status code speaks. Returns the status. */
int mfd_problem_fail(struct mfd_error *err, long http, const char *body, size_t n,
                     const char *request_id);
