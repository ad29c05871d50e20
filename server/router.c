#include "server/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "server/utf8.h"

#define MAX_PAIRS 64

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decode n bytes into a new string. */
static int decode(const char *s, size_t n, bool plus, char **out, struct mfd_error *err)
{
    MFD_AUTO_FREE char *text = mfd_calloc(n + 1, 1);
    size_t len = 0;
    if (!text)
        return mfd_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        if (c == '%') {
            int high = i + 2 < n ? hex_digit(s[i + 1]) : -1;
            int low = i + 2 < n ? hex_digit(s[i + 2]) : -1;
            if (high < 0 || low < 0)
                return mfd_fail(err, MFD_EINVAL, "a %% without two hexadecimal digits behind it");
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return mfd_fail(err, MFD_EINVAL, "a control character");
        text[len++] = c;
    }
    if (!mfd_utf8_valid(text, len))
        return mfd_fail(err, MFD_EINVAL, "text that is not UTF-8");
    *out = mfd_steal(text);
    return MFD_OK;
}

/* Does a path of n bytes fit the pattern? Segments stand between slashes; none may be empty. */
static bool fits(const char *pattern, const char *path, size_t n)
{
    const char *end = path + n;
    for (;;) {
        if (*pattern != '/' || path == end || *path != '/')
            return *pattern == '\0' && path == end;
        pattern++;
        path++;
        size_t p = strcspn(pattern, "/"), s = 0;
        while (path + s < end && path[s] != '/')
            s++;
        if (*pattern == '{' ? s == 0 : p != s || memcmp(pattern, path, s) != 0)
            return false;
        pattern += p;
        path += s;
    }
}

/* Take the values of {names}; the path fits. */
static int capture(const char *pattern, const char *path, size_t n, struct mfd_params *params,
                   struct mfd_error *err)
{
    const char *end = path + n;
    while (*pattern == '/') {
        pattern++;
        path++;
        size_t p = strcspn(pattern, "/"), s = 0;
        while (path + s < end && path[s] != '/')
            s++;
        if (*pattern == '{') {
            char *value = NULL;
            int status = decode(path, s, false, &value, err);
            if (status < 0)
                return status;
            if (mfd_params_take(params, mfd_strndup(pattern + 1, p - 2), value) < 0)
                return mfd_fail_nomem(err);
        }
        pattern += p;
        path += s;
    }
    return MFD_OK;
}

static void allow(struct mfd_match *match, const char *method)
{
    size_t n = strlen(match->allow);
    if (strstr(match->allow, method) || n + strlen(method) + 8 > sizeof match->allow)
        return;
    snprintf(match->allow + n, sizeof match->allow - n, "%s%s%s", n ? ", " : "", method,
             strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

int mfd_router_find(const struct mfd_route *const *tables, const char *method, const char *path,
                    size_t n, struct mfd_match *match, struct mfd_error *err)
{
    *match = (struct mfd_match){ 0 };
    char *whole = NULL; /* only to see that it decodes: routes compare what was sent */
    int status = decode(path, n, false, &whole, err);
    free(whole);
    if (status < 0)
        return status;
    for (; *tables; tables++) {
        for (const struct mfd_route *route = *tables; route->method; route++) {
            if (!fits(route->path, path, n))
                continue;
            allow(match, route->method);
            if (!match->route && strcmp(route->method, method) == 0)
                match->route = route;
        }
    }
    if (match->allow[0])
        allow(match, "OPTIONS");
    if (!match->route)
        return MFD_OK;
    status = capture(match->route->path, path, n, &match->params, err);
    if (status < 0) {
        mfd_params_deinit(&match->params);
        match->route = NULL;
    }
    return status;
}

int mfd_router_query(const char *query, size_t n, struct mfd_params *out, struct mfd_error *err)
{
    struct mfd_params params = { 0 };
    int status = MFD_OK;
    for (size_t i = 0; i < n && status == MFD_OK;) {
        size_t end = i;
        while (end < n && query[end] != '&')
            end++;
        size_t equals = i;
        while (equals < end && query[equals] != '=')
            equals++;
        if (end > i && params.n == MAX_PAIRS) {
            status = mfd_fail(err, MFD_ELIMIT, "more than %d query parameters", MAX_PAIRS);
        } else if (end > i) {
            char *name = NULL, *value = NULL;
            size_t from = equals < end ? equals + 1 : end;
            status = decode(query + i, equals - i, true, &name, err);
            if (status == MFD_OK)
                status = decode(query + from, end - from, true, &value, err);
            if (status < 0)
                free(name);
            else if (mfd_params_take(&params, name, value) < 0)
                status = mfd_fail_nomem(err);
        }
        i = end + 1;
    }
    if (status < 0)
        mfd_params_deinit(&params);
    else
        *out = params;
    return status;
}
