/* POST /api/v1/jobs: a request in an envelope, or a VCF with its options in the query string. What
 * is wrong with it is said now, not when the job runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "proto/json.h"
#include "proto/text.h"
#include "server/app.h"
#include "server/handlers/jobs.h"
#include "server/handlers/page.h"
#include "server/ids.h"
#include "server/job_files.h"
#include "server/job_input.h"
#include "server/jobs.h"
#include "server/router.h"
#include "server/upload.h"

#define FOR_VCF "variants/score" /* the operation whose body may be a VCF */

/* What was sent, taken apart. Borrows from the document and the request. */
struct envelope {
    json_t *document; /* NULL: a VCF */
    const char *operation, *format;
    const json_t *request, *parameters;
    const struct mfd_route *route;
};

static int read_any(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    (void)r, (void)at;
    *(const json_t **)out = v;
    return 0;
}

static int read_object(struct mfd_reader *r, const json_t *v, const struct mfd_at *at, void *out)
{
    if (!json_is_object(v))
        return mfd_reader_expected(r, at, "an object", v);
    return read_any(r, v, at, out);
}

static int read_envelope(struct mfd_request *rq, struct envelope *e, struct mfd_problem *problem)
{
    static const struct mfd_member members[] = {
        { "operation", mfd_read_string, offsetof(struct envelope, operation), true },
        { "request", read_object, offsetof(struct envelope, request), true },
        { "parameters", read_object, offsetof(struct envelope, parameters), false },
        { "format", mfd_read_string, offsetof(struct envelope, format), false },
    };
    struct mfd_limits limits = *mfd_app_limits(mfd_request_app(rq));
    struct mfd_reader reader = { .limits = &limits, .problem = problem };
    const struct mfd_at root = MFD_AT_ROOT;
    size_t n;
    const char *body = mfd_request_body(rq, &n);
    limits.json_bytes = limits.job_json_bytes;
    limits.json_values = limits.job_json_values;
    limits.json_depth++;
    e->format = mfd_request_query(rq, "format");
    e->document = mfd_json_load(body, n, &limits, problem);
    if (!e->document)
        return -1;
    return mfd_read_object(&reader, e->document, &root, members, sizeof members / sizeof *members,
                           e);
}

static int find_operation(struct mfd_request *rq, struct envelope *e, struct mfd_problem *problem)
{
    char names[256];
    if (!e->document) {
        e->operation = mfd_request_query(rq, "operation");
        e->format = mfd_request_query(rq, "format");
        e->operation = e->operation ? e->operation : FOR_VCF;
    }
    e->route = mfd_job_operation(mfd_request_app(rq), e->operation);
    if (e->route && (e->route->accepts & mfd_request_content(rq)))
        return 0;
    mfd_job_operations(mfd_request_app(rq), names, sizeof names);
    if (e->route)
        return mfd_problem_set(problem, "unsupported-media-type", NULL,
                               "'%.60s' does not take a VCF; " FOR_VCF " does.", e->operation);
    return mfd_problem_set(problem, e->document ? "invalid-value" : "invalid-parameter",
                           e->document ? "/operation" : NULL,
                           "'%.60s' is no operation; there is %s.", e->operation, names);
}

static int choose_format(struct mfd_request *rq, const struct envelope *e, struct mfd_job_row *row,
                         struct mfd_problem *problem)
{
    unsigned offers = e->route->offers ? e->route->offers : MFD_MEDIA_JSON;
    row->format = mfd_media_negotiate(offers, mfd_request_header(rq, "Accept"), e->format);
    if (row->format)
        return 0;
    char names[96] = "";
    for (unsigned bit = 1; bit < 1u << MFD_MEDIA_COUNT; bit <<= 1)
        if ((offers & bit) && mfd_media_info((enum mfd_media)bit)->name)
            mfd_text_list(names, sizeof names, mfd_media_info((enum mfd_media)bit)->name);
    return mfd_problem_set(problem, "not-acceptable", NULL, "The result of %s can be: %s.",
                           e->operation, names);
}

/* Parameters as the operation's own route would have them. */
static int take_params(struct mfd_request *rq, const struct envelope *e, struct mfd_job_row *row,
                       struct mfd_problem *problem)
{
    struct mfd_params path = { 0 }, queries = { 0 };
    const struct mfd_params *given = mfd_request_queries(rq);
    const char *name;
    json_t *value;
    int status = 0;
    json_object_foreach((json_t *)(size_t)e->parameters, name, value)
    {
        if (!json_is_string(value))
            status = mfd_problem_set(problem, "wrong-type", "/parameters",
                                     "'%.60s' must be a string.", name);
        else if (status == 0)
            status = mfd_params_add(&path, name, json_string_value(value));
    }
    for (size_t i = 0; !e->document && i < given->n && status == 0; i++)
        if (strcmp(given->at[i].name, "operation") != 0)
            status = mfd_params_add(&queries, given->at[i].name, given->at[i].value);
    if (status == 0) {
        row->params = mfd_job_params_text(&path);
        row->queries = mfd_job_params_text(&queries);
    }
    mfd_params_deinit(&path);
    mfd_params_deinit(&queries);
    if (!problem->type && (!row->params || !row->queries))
        mfd_problem_nomem(problem);
    return problem->type ? -1 : 0;
}

static int take_key(const struct mfd_request *rq, struct mfd_job_row *row,
                    struct mfd_problem *problem)
{
    const char *key = mfd_request_header(rq, "Idempotency-Key");
    if (!key)
        return 0;
    size_t n = strlen(key);
    for (size_t i = 0; i < n; i++)
        if (key[i] < 0x20 || key[i] > 0x7e)
            n = 0;
    if (n == 0 || n > MFD_JOB_KEY_MAX)
        return mfd_problem_set(problem, "bad-request", NULL,
                               "Idempotency-Key must be 1 to %d characters of printable ASCII.",
                               MFD_JOB_KEY_MAX);
    row->key = mfd_strdup(key);
    return row->key ? 0 : mfd_problem_nomem(problem);
}

static void hash_text(struct mfd_sha256 *sha, const char *text)
{
    mfd_sha256_update(sha, text, strlen(text) + 1);
}

/* A digest of everything that was asked for. */
static int fingerprint(struct mfd_job_row *row, const void *input, size_t n,
                       struct mfd_problem *problem)
{
    char hex[MFD_SHA256_HEX];
    struct mfd_sha256 *sha = mfd_sha256_new();
    if (!sha)
        return mfd_problem_nomem(problem);
    hash_text(sha, row->operation);
    hash_text(sha, mfd_media_info(row->content)->type);
    hash_text(sha, mfd_media_info(row->format)->type);
    hash_text(sha, row->params);
    hash_text(sha, row->queries);
    mfd_sha256_update(sha, input, n);
    mfd_sha256_finish(sha, hex);
    row->fingerprint = mfd_strdup(hex);
    row->input_bytes = (int64_t)n;
    return row->fingerprint ? 0 : mfd_problem_nomem(problem);
}

/* Put the input where jobs find theirs. */
static int keep_input(struct mfd_request *rq, const struct envelope *e, const char *directory,
                      struct mfd_job_row *row, struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    if (e->document) {
        MFD_AUTO_FREE char *text = json_dumps(e->request, JSON_COMPACT);
        if (!text)
            return mfd_problem_nomem(problem);
        size_t n = strlen(text);
        if (mfd_job_input_write(directory, row->id, text, n, &err) < 0)
            return mfd_problem_from_error(problem, &err, NULL);
        return fingerprint(row, text, n, problem);
    }
    struct mfd_map map;
    struct mfd_upload *upload = mfd_request_upload(rq);
    int status = mfd_map_open(&map, mfd_upload_path(upload), &err);
    if (status == MFD_OK) {
        int bad = fingerprint(row, map.data ? map.data : "", map.size, problem);
        mfd_map_close(&map);
        if (bad)
            return -1;
        status = mfd_job_input_keep(directory, row->id, upload, &err);
    }
    return status < 0 ? mfd_problem_from_error(problem, &err, NULL) : 0;
}

/* A place in the request is one in the envelope. */
static void move_pointer(const struct envelope *e, struct mfd_problem *problem)
{
    char pointer[sizeof problem->pointer];
    if (!e->document || !problem->has_pointer)
        return;
    if (snprintf(pointer, sizeof pointer, "/request%s", problem->pointer) < (int)sizeof pointer)
        memcpy(problem->pointer, pointer, sizeof pointer);
}

/* The job is good: have the store take it. */
static int enter(struct mfd_request *rq, struct mfd_job_row *row, bool *before,
                 struct mfd_problem *problem)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_app *app = mfd_request_app(rq);
    struct mfd_store *store = mfd_app_store(app);
    const struct mfd_limits *limits = mfd_app_limits(app);
    const struct mfd_job_room room = { limits->jobs, limits->client_jobs, limits->job_disk_bytes };
    struct mfd_job_row same = { 0 };
    row->owner = mfd_strdup(mfd_request_client(rq));
    row->server = mfd_strdup(MFD_VERSION);
    row->created = (int64_t)time(NULL);
    int status = row->owner && row->server ? mfd_store_job_add(store, row, &room, &same, &err)
                                           : mfd_fail_nomem(&err);
    *before = status == MFD_OK && same.id[0];
    if (status == MFD_OK && !*before)
        status = mfd_store_job(store, row->id, NULL, &same, &err);
    if (status < 0)
        return mfd_problem_from_error(problem, &err, NULL);
    mfd_job_row_deinit(row);
    *row = same;
    return 0;
}

static int describe_envelope(struct mfd_request *rq, struct envelope *e, struct mfd_job_row *row,
                             struct mfd_problem *problem)
{
    if (mfd_request_content(rq) == MFD_MEDIA_JSON && read_envelope(rq, e, problem))
        return -1;
    if (find_operation(rq, e, problem) || choose_format(rq, e, row, problem) ||
        take_params(rq, e, row, problem) || take_key(rq, row, problem))
        return -1;
    row->content = mfd_request_content(rq);
    row->operation = mfd_strdup(e->operation);
    return row->operation ? 0 : mfd_problem_nomem(problem);
}

static void reply_dry(struct mfd_request *rq, struct mfd_job_row *row)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_buffer_adds(&text, row->description);
    mfd_reply_buffer(rq, 200, MFD_MEDIA_JSON, &text);
}

static void reply_accepted(struct mfd_request *rq, const struct mfd_job_row *row, bool before)
{
    char location[64];
    snprintf(location, sizeof location, "/api/v1/jobs/%s", row->id);
    mfd_request_set_header(rq, "Location", location);
    mfd_reply_job(rq, before ? 200 : 202, row);
}

void mfd_job_submit(struct mfd_request *rq)
{
    static const char *const format[] = { "format", NULL };
    struct mfd_app *app = mfd_request_app(rq);
    const char *directory = mfd_app_job_dir(app);
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    struct envelope e = { 0 };
    struct mfd_job_row row = { 0 };
    bool dry = false, before = false;
    char id[MFD_JOB_ID];
    if (mfd_request_content(rq) == MFD_MEDIA_JSON && !mfd_page_only(rq, format))
        return;
    mfd_random_hex(row.id, (MFD_JOB_ID - 1) / 2);
    memcpy(id, row.id, sizeof id);
    int status = describe_envelope(rq, &e, &row, &problem);
    if (status == 0)
        status = keep_input(rq, &e, directory, &row, &problem);
    if (status == 0 && (status = mfd_job_judge(app, directory, &row, &dry, &problem)))
        move_pointer(&e, &problem);
    if (status == 0 && !dry)
        status = enter(rq, &row, &before, &problem);
    if (status || dry || before)
        mfd_job_files_remove(directory, id);
    if (status)
        mfd_reply_problem(rq, &problem);
    else if (dry)
        reply_dry(rq, &row);
    else
        reply_accepted(rq, &row, before);
    if (status == 0 && !dry && !before)
        mfd_jobs_changed(mfd_app_jobs(app), 0);
    json_decref(e.document);
    mfd_job_row_deinit(&row);
}
