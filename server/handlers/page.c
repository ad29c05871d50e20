#include "server/handlers/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/base/parse.h"
#include "core/base/sha256.h"
#include "proto/limits.h"
#include "server/app.h"

#define PAGE 100 /* entries, unless another number is asked for or fewer are allowed */

static int64_t usual_page(const struct mfd_request *rq)
{
    int64_t most = mfd_app_limits(mfd_request_app(rq))->page;
    return most < PAGE ? most : PAGE;
}

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
    int64_t limit = usual_page(rq), after = -1;
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

static int by_name_and_value(const void *a, const void *b)
{
    const struct mfd_pair *one = a, *other = b;
    int order = strcmp(one->name, other->name);
    return order ? order : strcmp(one->value, other->value);
}

static void add_pair(struct mfd_buffer *out, const char *name, const char *value)
{
    mfd_buffer_addf(out, "%s", name);
    mfd_buffer_addc(out, '\0'); /* stands in neither */
    mfd_buffer_addf(out, "%s", value);
    mfd_buffer_addc(out, '\0');
}

/* The query in one order, with what is not said said. */
static void canonical_query(const struct mfd_request *rq, struct mfd_buffer *out)
{
    const struct mfd_params *queries = mfd_request_queries(rq);
    MFD_AUTO_FREE struct mfd_pair *pairs = mfd_calloc(queries->n + 1, sizeof *pairs);
    char name[] = "limit", limit[16];
    size_t n = queries->n;
    out->failed |= !pairs;
    if (!pairs)
        return;
    for (size_t i = 0; i < n; i++)
        pairs[i] = queries->at[i];
    snprintf(limit, sizeof limit, "%d", (int)usual_page(rq));
    if (!mfd_request_query(rq, "limit"))
        pairs[n++] = (struct mfd_pair){ .name = name, .value = limit };
    qsort(pairs, n, sizeof *pairs, by_name_and_value);
    for (size_t i = 0; i < n; i++)
        if (strcmp(pairs[i].name, "format") != 0)
            add_pair(out, pairs[i].name, pairs[i].value);
}

bool mfd_page_unchanged(struct mfd_request *rq, const char *digest, const char *kind)
{
    const struct mfd_params *params = mfd_request_params(rq);
    struct mfd_buffer key = MFD_BUFFER_INIT;
    char hex[MFD_SHA256_HEX] = "";
    add_pair(&key, MFD_VERSION, digest);
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->at[i].name, "model") != 0) /* goes by more than one name */
            add_pair(&key, kind, params->at[i].value);
    add_pair(&key, kind, "");
    canonical_query(rq, &key);
    bool known = !key.failed;
    if (known)
        mfd_sha256(key.data, key.len, hex);
    mfd_buffer_deinit(&key);
    hex[40] = '\0';
    return known && mfd_request_etag(rq, hex);
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
