#include "server/handlers/page.h"

#include <stdio.h>
#include <string.h>

#include "core/base/parse.h"
#include "server/app.h"

#define PAGE 100

bool mfd_page_number(struct mfd_request *rq, const char *name, int64_t min, int64_t max,
                     int64_t *out)
{
    const char *text = mfd_request_query(rq, name);
    if (!text || mfd_parse_i64(text, strlen(text), min, max, out))
        return true;
    mfd_reply_fail(rq, "invalid-parameter", NULL, "'%s' takes a whole number from %lld to %lld.",
                   name, (long long)min, (long long)max);
    return false;
}

bool mfd_page_read(struct mfd_request *rq, struct mfd_page *page)
{
    const char *cursor = mfd_request_query(rq, "cursor");
    int64_t limit = PAGE, after = -1;
    if (!mfd_page_number(rq, "limit", 1, mfd_app_limits(mfd_request_app(rq))->page, &limit))
        return false;
    if (cursor && (cursor[0] != 'a' ||
                   !mfd_parse_i64(cursor + 1, strlen(cursor + 1), 0, INT64_MAX - 1, &after))) {
        mfd_reply_fail(rq, "invalid-parameter", NULL,
                       "'cursor' is not one that a page of this list gave as its next.");
        return false;
    }
    *page = (struct mfd_page){ .limit = (size_t)limit, .after = after };
    return true;
}

json_t *mfd_page_next(int64_t last)
{
    char text[24];
    snprintf(text, sizeof text, MFD_PAGE_CURSOR, (long long)last);
    return last < 0 ? json_null() : json_string(text);
}

bool mfd_page_only(struct mfd_request *rq, const char *const *known)
{
    const struct mfd_params *queries = mfd_request_queries(rq);
    for (size_t i = 0; i < queries->n; i++) {
        size_t k = 0;
        while (known[k] && strcmp(known[k], queries->at[i].name) != 0)
            k++;
        if (known[k] || strcmp(queries->at[i].name, "format") == 0)
            continue;
        mfd_reply_fail(rq, "invalid-parameter", NULL, "'%.100s' is not a parameter of this path.",
                       queries->at[i].name);
        return false;
    }
    return true;
}
