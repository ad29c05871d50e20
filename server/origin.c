#include "server/origin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/app.h"
#include "server/request_in.h"
#include "server/settings.h"

/* Is the word of n bytes in a comma-separated list? */
static bool listed(const char *list, const char *word, size_t n)
{
    while (*list) {
        list += strspn(list, " ,");
        size_t k = strcspn(list, " ,");
        if (k == n && n > 0 && strncasecmp(list, word, n) == 0)
            return true;
        list += k;
    }
    return false;
}

/* The name of a Host header without port and brackets. */
static size_t host_name(const char **host)
{
    if (**host == '[') {
        (*host)++;
        return strcspn(*host, "]");
    }
    return strcspn(*host, ":");
}

static bool is_address(const char *name, size_t n)
{
    return n > 0 && (memchr(name, ':', n) || strspn(name, "0123456789.") >= n);
}

bool mfd_origin_check_host(struct mfd_request *rq)
{
    const char *host = mfd_request_header(rq, "Host");
    if (!host || mfd_auth_required(mfd_app_auth(rq->app)))
        return true;
    const char *name = host;
    size_t n = host_name(&name);
    const struct mfd_settings *settings = mfd_app_settings(rq->app);
    /* an address cannot be rebound: the page that asks for it was served by it */
    if (is_address(name, n) || listed("localhost,ip6-localhost", name, n) ||
        listed(settings->hosts, name, n) || settings->allow_anonymous)
        return true;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    mfd_problem_set(&problem, "bad-request", NULL,
                    "This server does not go by the name in the Host header; an administrator can "
                    "add it to server.hosts.");
    problem.status = 421;
    mfd_reply_problem(rq, &problem);
    return false;
}

static bool allowed(const struct mfd_request *rq, const char *origin)
{
    const char *list = mfd_app_settings(rq->app)->cors_origins;
    return strcmp(list, "*") == 0 || listed(list, origin, strlen(origin));
}

static bool same_origin(const struct mfd_request *rq, const char *origin)
{
    const char *host = mfd_request_header(rq, "Host");
    const char *authority = strstr(origin, "://");
    return host && authority && strcasecmp(authority + 3, host) == 0;
}

bool mfd_origin_check(struct mfd_request *rq)
{
    const char *origin = mfd_request_header(rq, "Origin");
    if (!origin || strcmp(rq->method, "GET") == 0 || allowed(rq, origin) || same_origin(rq, origin))
        return true;
    mfd_reply_fail(rq, "forbidden", NULL,
                   "Web pages of this origin may not ask here; an administrator can add it to "
                   "server.cors_origins.");
    return false;
}

void mfd_origin_headers(struct mfd_request *rq)
{
    const char *list = mfd_app_settings(rq->app)->cors_origins;
    if (!list[0])
        return;
    bool any = strcmp(list, "*") == 0;
    const char *origin = mfd_request_header(rq, "Origin");
    if (!any)
        mfd_request_set_header(rq, "Vary", "Origin");
    if (!origin || !allowed(rq, origin))
        return;
    mfd_request_set_header(rq, "Access-Control-Allow-Origin", any ? "*" : origin);
    mfd_request_set_header(rq, "Access-Control-Expose-Headers",
                           "Accept-Ranges, Content-Range, ETag, Link, Location, Retry-After, "
                           "X-Request-Id, traceparent");
}

void mfd_origin_preflight(struct mfd_request *rq, const char *methods)
{
    const char *origin = mfd_request_header(rq, "Origin");
    if (!origin || !mfd_request_header(rq, "Access-Control-Request-Method") || !allowed(rq, origin))
        return;
    mfd_request_set_header(rq, "Access-Control-Allow-Methods", methods);
    mfd_request_set_header(rq, "Access-Control-Allow-Headers",
                           "Authorization, Content-Encoding, Content-Type, Idempotency-Key, "
                           "If-Match, If-None-Match, Range, X-API-Key, X-Request-Id, traceparent");
    mfd_request_set_header(rq, "Access-Control-Max-Age", "600");
}
