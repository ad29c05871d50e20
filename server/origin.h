/* Web pages as clients: CORS for those that are let in, and refusal of those that are not.
 *
 * A daemon on loopback without keys can be reached by any web page in a browser on that machine.
 * Two checks keep them out: a request that changes or computes and comes from an Origin neither
 * ours nor allowed is refused, and so is a Host name that is not ours (DNS rebinding) where no keys
 * are asked. */
#pragma once

#include <stdbool.h>

struct mfd_request;

/* False where the request has been answered with a refusal. */
bool mfd_origin_check_host(struct mfd_request *rq);
bool mfd_origin_check(struct mfd_request *rq);
/* Headers that let an allowed origin read the answer, and those of a preflight (OPTIONS). */
void mfd_origin_headers(struct mfd_request *rq);
void mfd_origin_preflight(struct mfd_request *rq, const char *methods);
