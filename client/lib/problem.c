#include "client/lib/problem.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "client/lib/text.h"
#include "core/base/buffer.h"
#include "core/base/cleanup.h"

static const struct {
    long http;
    int status;
    const char *slug, *text;
} kinds[] = {
    { 301, MFD_EINVAL, "redirect", "the server moved; give its new address with --server" },
    { 302, MFD_EINVAL, "redirect", "the server moved; give its new address with --server" },
    { 307, MFD_EINVAL, "redirect", "the server moved; give its new address with --server" },
    { 308, MFD_EINVAL, "redirect", "the server moved; give its new address with --server" },
    { 400, MFD_EINVAL, "bad-request", "the server could not read the request" },
    { 401, MFD_EINVAL, "unauthorised", "the server asks for an API key" },
    { 403, MFD_EINVAL, "forbidden", "the API key does not allow this" },
    { 404, MFD_ENOTFOUND, "not-found", "the server has nothing there" },
    { 405, MFD_EUNSUPPORTED, "method-not-allowed", "the server does not do this there" },
    { 406, MFD_EUNSUPPORTED, "not-acceptable", "the server has no such format" },
    { 408, MFD_EBUSY, "timeout", "the server gave up waiting for the request" },
    { 409, MFD_EEXISTS, "conflict", "the name is taken" },
    { 412, MFD_EMISMATCH, "precondition-failed", "it changed meanwhile" },
    { 413, MFD_ELIMIT, "over-limit", "the request is larger than the server allows" },
    { 415, MFD_EUNSUPPORTED, "unsupported-media-type", "the server does not read this format" },
    { 422, MFD_EINVAL, "invalid", "the server refused the request" },
    { 429, MFD_EBUSY, "rate-limited", "too many requests for this key" },
    { 500, MFD_EIO, "internal", "the server failed" },
    { 502, MFD_EBUSY, "bad-gateway", "a proxy could not reach the server" },
    { 503, MFD_EBUSY, "queue-full", "the server is overloaded" },
    { 504, MFD_EBUSY, "timeout", "the request took longer than the server allows" },
};

static void add_clean(struct mfd_buffer *out, const char *before, const char *text)
{
    mfd_buffer_adds(out, before);
    mfd_text_clean(out, text, strlen(text));
}

/* Said already, in the same words. */
static bool says(const struct mfd_buffer *out, const char *text)
{
    return out->data && strstr(out->data, text);
}

/* A list of strings (or of objects with a "label" or an "id") under any of these members. */
static void add_suggestions(struct mfd_buffer *out, json_t *problem)
{
    static const char *const members[] = { "closest", "suggestions", "did_you_mean", "available" };
    for (size_t m = 0; m < sizeof members / sizeof *members; m++) {
        json_t *list = json_object_get(problem, members[m]), *item;
        size_t i;
        json_array_foreach(list, i, item)
        {
            json_t *label = json_object_get(item, "label");
            const char *text = json_string_value(label ? label : item);
            if (!text)
                text = json_string_value(json_object_get(item, "id"));
            if (i == 0 && text && says(out, text))
                return;
            if (text && i < 8)
                add_clean(out, i ? ", " : "; closest: ", text);
        }
        if (json_array_size(list))
            return;
    }
}

/* RFC 9457's type is a URI reference; its last part is the stable name. */
static const char *slug_of(json_t *problem, const char *otherwise)
{
    const char *type = json_string_value(json_object_get(problem, "type"));
    if (!type || strcmp(type, "about:blank") == 0)
        return otherwise;
    const char *last = type;
    for (const char *p = type; *p; p++)
        if ((*p == '/' || *p == '#' || *p == ':') && p[1])
            last = p + 1;
    return *last ? last : otherwise;
}

static void add_errors(struct mfd_buffer *out, json_t *errors)
{
    json_t *item;
    size_t i;
    json_array_foreach(errors, i, item)
    {
        const char *detail = json_string_value(json_object_get(item, "detail"));
        const char *pointer = json_string_value(json_object_get(item, "pointer"));
        if (i >= 3 || (!detail && !pointer))
            continue;
        add_clean(out, "; ", pointer ? pointer : "");
        add_clean(out, pointer && detail ? ": " : "", detail ? detail : "");
    }
}

static void describe(struct mfd_buffer *out, json_t *problem, const char *otherwise, bool where)
{
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *pointer = json_string_value(json_object_get(problem, "pointer"));
    json_t *limit = json_object_get(problem, "limit");
    json_t *maximum = json_is_object(limit) ? json_object_get(limit, "maximum") : limit;
    add_clean(out, "", detail ? detail : title ? title : otherwise);
    while (out->len && out->data[out->len - 1] == '.')
        out->data[--out->len] = '\0';
    if (where && pointer && *pointer)
        add_clean(out, "; at ", pointer);
    add_errors(out, json_object_get(problem, "errors"));
    add_suggestions(out, problem);
    if (json_is_integer(maximum) && !detail) /* a detail tells it already */
        mfd_buffer_addf(out, "; the limit is %lld", (long long)json_integer_value(maximum));
}

/* Bytes of the longest prefix of whole characters within `room`. */
static int fitting(const char *text, size_t room)
{
    size_t n = strlen(text);
    if (n > room)
        for (n = room; n && ((unsigned char)text[n] & 0xc0) == 0x80;)
            n--;
    return (int)n;
}

int mfd_problem_fail_json(struct mfd_error *err, long http, json_t *problem, const char *request_id)
{
    int status = http >= 500 ? MFD_EIO : MFD_EINVAL;
    const char *slug = "http-error", *text = "the server gave an unexpected answer";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].http != http)
            continue;
        status = kinds[i].status;
        slug = kinds[i].slug;
        text = kinds[i].text;
    }
    struct mfd_buffer message = MFD_BUFFER_INIT, id = MFD_BUFFER_INIT;
    describe(&message, problem, text, true);
    if (request_id && *request_id)
        add_clean(&id, ", request ", request_id);
    const char *shown = message.failed ? text : message.data;
    mfd_fail_as(err, status, slug_of(problem, slug), "%.*s (HTTP %ld%.*s)", fitting(shown, 400),
                shown, http, 80, id.data ? id.data : "");
    mfd_buffer_deinit(&id);
    mfd_buffer_deinit(&message);
    return status;
}

int mfd_problem_fail(struct mfd_error *err, long http, const char *body, size_t n,
                     const char *request_id)
{
    json_t *problem = n ? json_loadb(body, n, 0, NULL) : NULL;
    int status = mfd_problem_fail_json(err, http, problem, request_id);
    json_decref(problem);
    return status;
}

const char *mfd_problem_text(struct mfd_buffer *out, json_t *document)
{
    describe(out, document, "no reason given", false);
    return slug_of(document, "");
}
