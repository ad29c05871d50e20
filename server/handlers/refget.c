/* GA4GH refget 2.0.0 (https://samtools.github.io/hts-specs/refget.html) over the registered
 * genomes. No sequence is circular here, and nothing is redirected. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/parse.h"
#include "proto/limits.h"
#include "server/app.h"
#include "server/handlers/digests.h"
#include "server/handlers/routes.h"
#include "server/request.h"

#define POSITION_MAX                                                                               \
    ((int64_t)UINT32_MAX) /* positions are 32-bit unsigned in the specification                    \
                           */

/* What part of a sequence is asked for. */
struct span {
    int64_t start, end; /* 0-based half-open */
    bool queried;       /* by start or end */
    bool ranged;        /* by a Range header */
};

static void digested_deinit(struct mfd_digested *d)
{
    mfd_genome_unref(d->genome);
}

static bool read_position(struct mfd_request *rq, const char *name, int64_t *out)
{
    const char *text = mfd_request_query(rq, name);
    if (!text || mfd_parse_i64(text, strlen(text), 0, POSITION_MAX, out))
        return true;
    mfd_reply_fail(rq, "invalid-parameter", NULL, "%s=%.40s is not a 32-bit unsigned integer", name,
                   text);
    return false;
}

/* "bytes=5-14", one range, both ends or an open end or a suffix; false where it is none. A last
 * byte behind the sequence is its last (RFC 9110 14.1.2), and an empty range is left for the
 * caller. */
static bool read_range(const char *text, int64_t length, struct span *span)
{
    if (strncmp(text, "bytes=", 6) != 0)
        return false;
    text += 6;
    const char *dash = strchr(text, '-');
    if (!dash)
        return false;
    size_t n_first = (size_t)(dash - text), n_last = strlen(dash + 1);
    int64_t first = 0, last = length - 1;
    if (n_first && !mfd_parse_i64(text, n_first, 0, POSITION_MAX, &first))
        return false;
    if (n_last && !mfd_parse_i64(dash + 1, n_last, 0, POSITION_MAX, &last))
        return false;
    if (!n_first && !n_last)
        return false;
    if (!n_first) { /* the last so many */
        first = last < length ? length - last : 0;
        last = length - 1;
    }
    span->start = first;
    span->end = last < length ? last + 1 : length;
    return true;
}

/* False where the request has been answered with a problem. */
static bool read_span(struct mfd_request *rq, int64_t length, struct span *span)
{
    const char *range = mfd_request_header(rq, "Range");
    *span = (struct span){ .end = length, .ranged = range != NULL };
    span->queried = mfd_request_query(rq, "start") || mfd_request_query(rq, "end");
    if (!read_position(rq, "start", &span->start) || !read_position(rq, "end", &span->end))
        return false;
    if (span->queried && span->ranged)
        mfd_reply_fail(rq, "bad-request", NULL, "give start and end, or a Range header, not both");
    else if (range && !read_range(range, length, span))
        mfd_reply_fail(rq, "bad-request", NULL,
                       "Range must be one range of bytes, such as bytes=0-%lld",
                       (long long)length - 1);
    else if (range && span->start >= span->end)
        mfd_reply_fail(rq, "range-not-satisfiable", NULL,
                       "Range names no byte of the sequence of %lld bases", (long long)length);
    else if (span->start > length)
        mfd_reply_fail(rq, "bad-request", NULL, "start lies behind the sequence of %lld bases",
                       (long long)length);
    else if ((span->queried && span->start == length && length > 0) || span->end > length)
        mfd_reply_fail(rq, "range-not-satisfiable", NULL,
                       "start or end lies behind the sequence of %lld bases", (long long)length);
    else if (span->start > span->end)
        mfd_reply_fail(
            rq, "not-implemented", NULL,
            "start is larger than end, which asks for a circular sequence; none is here");
    else
        return true;
    return false;
}

static bool find(struct mfd_request *rq, struct mfd_digested *found)
{
    struct mfd_error err = MFD_ERROR_INIT;
    int status = mfd_digests_find(mfd_request_app(rq), mfd_request_param(rq, "id"), found, &err);
    if (status == MFD_OK)
        return true;
    if (status == MFD_EBUSY)
        mfd_request_set_header(rq, "Retry-After", "5");
    mfd_reply_error(rq, &err);
    return false;
}

static void get_sequence(struct mfd_request *rq)
{
    MFD_CLEANUP(digested_deinit) struct mfd_digested found = { 0 };
    struct mfd_error err = MFD_ERROR_INIT;
    struct span span;
    if (!find(rq, &found))
        return;
    int64_t length = mfd_genome_contig_length(found.genome, found.contig);
    int64_t most = mfd_app_limits(mfd_request_app(rq))->refget_bases;
    if (!read_span(rq, length, &span))
        return;
    if (span.queried && span.end - span.start > most) {
        mfd_reply_fail(rq, "range-not-satisfiable", NULL,
                       "%lld bases are more than the limit refget_bases of %lld; ask for parts",
                       (long long)(span.end - span.start), (long long)most);
        return;
    }
    if (span.end - span.start > most) {
        struct mfd_problem problem;
        mfd_problem_limit(&problem, "refget_bases", most, span.end - span.start, NULL);
        mfd_reply_problem(rq, &problem);
        return;
    }
    char tag[96];
    snprintf(tag, sizeof tag, "%s-%lld-%lld", found.digest.md5, (long long)span.start,
             (long long)span.end);
    if (mfd_request_etag(rq, tag))
        return;
    struct mfd_buffer bases = MFD_BUFFER_INIT;
    char *at = mfd_buffer_reserve(&bases, (size_t)(span.end - span.start));
    int status =
        at ? mfd_genome_fetch(found.genome, found.contig, span.start, span.end, at, NULL, &err)
           : mfd_fail_nomem(&err);
    if (status) {
        mfd_buffer_deinit(&bases);
        mfd_reply_error(rq, &err);
        return;
    }
    bases.len = (size_t)(span.end - span.start);
    bases.data[bases.len] = '\0';
    mfd_request_set_header(rq, "Accept-Ranges", span.queried ? "none" : "bytes");
    if (span.ranged) {
        char content[80];
        snprintf(content, sizeof content, "bytes %lld-%lld/%lld", (long long)span.start,
                 (long long)span.end - 1, (long long)length);
        mfd_request_set_header(rq, "Content-Range", content);
    }
    mfd_reply_buffer(rq, span.ranged ? 206 : 200, mfd_request_format(rq), &bases);
}

/* JSON under the media type of refget, unless the client wants the plain one. */
static void reply(struct mfd_request *rq, json_t *body)
{
    mfd_reply_json_as(rq, 200, mfd_request_format(rq), body);
}

static json_t *alias(const char *name, const char *authority)
{
    return json_pack("{s:s, s:s}", "alias", name, "naming_authority", authority);
}

static void get_metadata(struct mfd_request *rq)
{
    MFD_CLEANUP(digested_deinit) struct mfd_digested found = { 0 };
    if (!find(rq, &found))
        return;
    struct mfd_buffer accession = MFD_BUFFER_INIT;
    const char *name = mfd_genome_contig_name(found.genome, found.contig);
    mfd_genome_contig_accession(found.genome, found.contig, &accession);
    char ga4gh[64];
    snprintf(ga4gh, sizeof ga4gh, "ga4gh:%s", found.digest.ga4gh);
    json_t *aliases = json_array();
    if (strncmp(name, "chr", 3) == 0)
        json_array_append_new(aliases, alias(name, "UCSC"));
    else
        json_array_append_new(aliases, alias(name, "assembly"));
    if (accession.data && strcmp(accession.data, name) != 0)
        json_array_append_new(aliases, alias(accession.data, "RefSeq"));
    mfd_buffer_deinit(&accession);
    json_t *metadata = json_pack(
        "{s:{s:s, s:s, s:s, s:I, s:o}}", "metadata", "md5", found.digest.md5, "ga4gh", ga4gh,
        "trunc512", found.digest.trunc512, "length",
        (json_int_t)mfd_genome_contig_length(found.genome, found.contig), "aliases", aliases);
    reply(rq, metadata);
}

static void get_service_info(struct mfd_request *rq)
{
    json_int_t most = mfd_app_limits(mfd_request_app(rq))->refget_bases;
    json_t *info = json_pack(
        "{s:s, s:s, s:{s:s, s:s, s:s}, s:{s:s, s:s}, s:s, s:{s:b, s:I, s:[s, s, s], s:[s]}}", "id",
        "mfd.refget", "name", "mfd refget", "type", "group", "org.ga4gh", "artifact", "refget",
        "version", "2.0.0", "organization", "name", "mfd", "url", "about:blank", "version",
        MFD_VERSION, "refget", "circular_supported", 0, "subsequence_limit", most, "algorithms",
        "md5", "ga4gh", "trunc512", "supported_api_versions", "2.0.0");
    reply(rq, info);
}

const struct mfd_route mfd_routes_refget[] = {
    { "GET", "/sequence/service-info", .handle = get_service_info, .where = MFD_ON_LOOP,
      .scope = MFD_SCOPE_NONE, .offers = MFD_MEDIA_REFGET_JSON | MFD_MEDIA_JSON },
    { "GET", "/sequence/{id}", .handle = get_sequence, .where = MFD_ON_WORKER, .heavy = true,
      .scope = MFD_SCOPE_READ, .offers = MFD_MEDIA_REFGET | MFD_MEDIA_TEXT },
    { "GET", "/sequence/{id}/metadata", .handle = get_metadata, .where = MFD_ON_WORKER,
      .heavy = true, .scope = MFD_SCOPE_READ, .offers = MFD_MEDIA_REFGET_JSON | MFD_MEDIA_JSON },
    { 0 },
};
