#include "proto/problem.h"

#include <stdio.h>
#include <string.h>

#include "proto/text.h"

/* In the order of their status. Slugs are part of the contract: never rename one. */
static const struct mfd_problem_type types[] = {
    { "malformed-json", 400, "The body is not JSON" },
    { "malformed-vcf", 400, "The body is not a VCF" },
    { "duplicate-member", 400, "A member is given twice" },
    { "unknown-member", 400, "A member is not known here" },
    { "missing-member", 400, "A required member is missing" },
    { "wrong-type", 400, "A value has the wrong type" },
    { "invalid-value", 400, "A value is not allowed" },
    { "conflicting-members", 400, "Members contradict one another" },
    { "invalid-parameter", 400, "A query parameter is not allowed" },
    { "bad-request", 400, "The request cannot be read" },
    { "unauthorised", 401, "A valid API key is needed" },
    { "forbidden", 403, "The API key lacks the scope" },
    { "not-found", 404, "There is no such resource" },
    { "model-not-found", 404, "There is no such model" },
    { "genome-not-found", 404, "There is no such genome" },
    { "track-not-found", 404, "There is no such track" },
    { "method-not-allowed", 405, "The resource does not have this method" },
    { "not-acceptable", 406, "No format that the client accepts" },
    { "request-timeout", 408, "The request arrived too slowly" },
    { "conflict", 409, "The name is taken or in use" },
    { "result-incomplete", 409, "The job's result is not there, or not all of it" },
    { "model-gone", 410, "What the job was accepted for is gone" },
    { "precondition-failed", 412, "The resource has changed" },
    { "over-limit", 413, "Larger than a limit of this server" },
    { "unsupported-media-type", 415, "The body's media type or coding is not read here" },
    { "range-not-satisfiable", 416, "The range lies outside what there is" },
    { "idempotency-key-reused", 422, "The idempotency key belongs to another request" },
    { "unknown-track", 422, "The model has no such track" },
    { "unknown-column", 422, "The model has no such metadata column" },
    { "unknown-label", 422, "The metadata column has no such label" },
    { "missing-column", 422, "A metadata column must be given" },
    { "no-track-matches", 422, "No track matches the selection" },
    { "unsupported-component", 422, "The model or the scale has no such component" },
    { "no-background", 422, "The bundle has no background of common variants" },
    { "unsupported", 422, "Valid, but not something this server does" },
    { "bad-sequence", 422, "The sequence holds letters that are not bases" },
    { "length-mismatch", 422, "The sequence has not the length of a window" },
    { "bad-interval", 422, "The interval cannot be read" },
    { "window-off-contig", 422, "The window leaves the contig" },
    { "contig-unknown", 422, "The genome has no such contig" },
    { "malformed-variant", 422, "The variant cannot be read" },
    { "ref-mismatch", 422, "Neither allele is the reference's" },
    { "bad-allele", 422, "An allele holds letters that are not bases" },
    { "allele-too-long", 422, "An allele is longer than the published protocol scores" },
    { "symbolic-allele", 422, "Symbolic alleles are not scored" },
    { "star-allele", 422, "The * allele is not scored" },
    { "missing-alt", 422, "The variant has no alternative allele" },
    { "no-change", 422, "The alternative allele is the reference's" },
    { "unknown-base", 422, "A base is not known" },
    { "n-window", 422, "Too much of the window is N" },
    { "header-fields-too-large", 431, "The request's headers are too large" },
    { "too-many-jobs", 429, "Too many jobs are waiting" },
    { "rate-limited", 429, "Too many requests with this key" },
    { "cancelled", 499, "The client went away" },
    { "internal", 500, "An error inside the server" },
    { "genome-changed", 500, "The files of the genome have been changed or replaced" },
    { "not-implemented", 501, "The server does not do this" },
    { "model-not-ready", 503, "The model is loading" },
    { "digests-not-ready", 503, "The genome is being digested" },
    { "queue-full", 503, "Too many requests are waiting" },
    { "shutting-down", 503, "The server is stopping" },
    { "deadline-exceeded", 504, "The computation took too long" },
    { "version-not-supported", 505, "This version of HTTP is not spoken here" },
    { "disk-full", 507, "There is no room on the server's disk" },
};

/* What a failing library function means to a client, where it gives no slug itself. */
static const struct {
    int status;
    const char *slug;
} by_status[] = {
    { MFD_EINVAL, "invalid-value" }, { MFD_ENOTFOUND, "not-found" },
    { MFD_ELIMIT, "over-limit" },    { MFD_EMISMATCH, "invalid-value" },
    { MFD_ECANCELLED, "cancelled" }, { MFD_EUNSUPPORTED, "unsupported" },
    { MFD_EEXISTS, "conflict" },     { MFD_EBUSY, "queue-full" },
};

const struct mfd_problem_type *mfd_problem_types(size_t *n)
{
    *n = sizeof types / sizeof *types;
    return types;
}

static const struct mfd_problem_type *find(const char *slug)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].slug, slug) == 0)
            return &types[i];
    return NULL;
}

const struct mfd_problem_type *mfd_problem_find(const char *slug)
{
    const struct mfd_problem_type *type = find(slug);
    return type ? type : find("internal");
}

static void start(struct mfd_problem *p, const char *slug, const char *pointer)
{
    *p = (struct mfd_problem)MFD_PROBLEM_INIT;
    p->type = mfd_problem_find(slug);
    p->status = p->type->status;
    p->actual = -1;
    p->has_pointer = pointer != NULL;
    if (!pointer)
        return;
    size_t n = strlen(pointer);
    if (n >= sizeof p->pointer) { /* a pointer to the nearest place that fits is still true */
        n = sizeof p->pointer - 1;
        while (n > 0 && pointer[n] != '/')
            n--;
    }
    memcpy(p->pointer, pointer, n);
    p->pointer[n] = '\0';
}

int mfd_problem_set(struct mfd_problem *p, const char *slug, const char *pointer, const char *fmt,
                    ...)
{
    start(p, slug, pointer);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->detail, sizeof p->detail, fmt, ap);
    va_end(ap);
    mfd_text_cut(p->detail);
    return -1;
}

int mfd_problem_add(struct mfd_problem *p, const char *fmt, ...)
{
    size_t n = strlen(p->detail);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->detail + n, sizeof p->detail - n, fmt, ap);
    va_end(ap);
    mfd_text_cut(p->detail);
    return -1;
}

int mfd_problem_limit(struct mfd_problem *p, const char *limit, int64_t maximum, int64_t actual,
                      const char *pointer)
{
    start(p, "over-limit", pointer);
    p->limit = limit;
    p->maximum = maximum;
    p->actual = actual;
    if (actual >= 0)
        snprintf(p->detail, sizeof p->detail, "%s: %lld is more than the limit of %lld.", limit,
                 (long long)actual, (long long)maximum);
    else
        snprintf(p->detail, sizeof p->detail, "%s: more than the limit of %lld.", limit,
                 (long long)maximum);
    return -1;
}

int mfd_problem_nomem(struct mfd_problem *p)
{
    return mfd_problem_set(p, "internal", NULL, "Out of memory.");
}

int mfd_problem_from_error(struct mfd_problem *p, const struct mfd_error *err, const char *pointer)
{
    const char *slug = err->slug[0] && find(err->slug) ? err->slug : "internal";
    for (size_t i = 0; !err->slug[0] && i < sizeof by_status / sizeof *by_status; i++)
        if (by_status[i].status == err->status)
            slug = by_status[i].slug;
    return mfd_problem_set(p, slug, pointer, "%s", err->message);
}

static void member(struct mfd_buffer *out, const char *name, const char *value)
{
    mfd_buffer_addf(out, ",\"%s\":", name);
    mfd_text_json(out, value, strlen(value));
}

void mfd_problem_encode(const struct mfd_problem *p, const char *request_id, const char *instance,
                        struct mfd_buffer *out)
{
    mfd_buffer_addf(out, "{\"type\":\"/problems/%s\",\"title\":\"%s\",\"status\":%d", p->type->slug,
                    p->type->title, p->status);
    member(out, "detail", p->detail);
    if (p->has_pointer)
        member(out, "pointer", p->pointer);
    if (p->limit) {
        mfd_buffer_addf(out, ",\"limit\":{\"name\":\"%s\",\"maximum\":%lld", p->limit,
                        (long long)p->maximum);
        if (p->actual >= 0)
            mfd_buffer_addf(out, ",\"actual\":%lld", (long long)p->actual);
        mfd_buffer_addc(out, '}');
    }
    if (p->extra[0])
        mfd_buffer_addf(out, ",%s", p->extra);
    if (instance)
        member(out, "instance", instance);
    if (request_id)
        member(out, "request_id", request_id);
    mfd_buffer_addc(out, '}');
}
