/* Pages of lists: ?limit= and ?cursor=. */
#pragma once

#include <stdint.h>

#include "server/request.h"

#define MFD_PAGE_CURSOR "a%lld" /* printf format, of a place that is not negative */

struct mfd_page {
    size_t limit;
    int64_t after; /* place of the last entry of the page before, -1: none */
};

/* Read the two parameters; false where the request has been answered with what is wrong. */
bool mfd_page_read(struct mfd_request *rq, struct mfd_page *page);
/* Read a whole number from `min` to `max`; *out keeps its default where the parameter is absent.
 * False where the request has been answered. */
bool mfd_page_number(struct mfd_request *rq, const char *name, int64_t min, int64_t max,
                     int64_t *out);
/* "next": a cursor behind the entry at `last`, or null where that is negative. */
json_t *mfd_page_next(int64_t last);
/* An answer that a model's digest, `kind` and the request's path and query settle has not changed
 * since the client got it: answered with 304. Its entity tag is set in either case; the order of
 * the parameters, `format` and a limit that is the default do not count. Ask when the answer is
 * known to be none that is refused. */
bool mfd_page_unchanged(struct mfd_request *rq, const char *digest, const char *kind);
/* Every query parameter must be one of `known` (NULL-terminated); false where answered. */
bool mfd_page_only(struct mfd_request *rq, const char *const *known);
