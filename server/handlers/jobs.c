/* /api/v1/jobs: what runs in the background, how far it is, its result, and its end. */
#include "server/handlers/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/parse.h"
#include "server/app.h"
#include "server/handlers/page.h"
#include "server/handlers/routes.h"
#include "server/job_files.h"
#include "server/jobs.h"
#include "server/operation.h"
#include "server/router.h"
#include "server/settings.h"

static void job_row_deinit(struct mfd_job_row *row)
{
    mfd_job_row_deinit(row);
}
#define AUTO_ROW MFD_CLEANUP(job_row_deinit) struct mfd_job_row

static struct mfd_store *store_of(const struct mfd_request *rq)
{
    return mfd_app_store(mfd_request_app(rq));
}

static const char *directory_of(const struct mfd_request *rq)
{
    return mfd_app_job_dir(mfd_request_app(rq));
}

/* Whose jobs a client may see: NULL is everybody's. */
static const char *owner_of(const struct mfd_request *rq)
{
    return mfd_request_is_admin(rq) ? NULL : mfd_request_client(rq);
}

/* The job that the path names; false where the request has been answered. */
static bool find(struct mfd_request *rq, struct mfd_job_row *row)
{
    static const char *const none[] = { NULL };
    struct mfd_error err = MFD_ERROR_INIT;
    if (!mfd_page_only(rq, none))
        return false;
    if (mfd_store_job(store_of(rq), mfd_request_param(rq, "job"), owner_of(rq), row, &err) ==
        MFD_OK)
        return true;
    mfd_reply_error(rq, &err);
    return false;
}

static void get_job(struct mfd_request *rq)
{
    AUTO_ROW row = { 0 };
    if (find(rq, &row))
        mfd_reply_job(rq, 200, &row);
}

/* ?state= as a number, -1 where it is not given; false where the request has been answered. */
static bool read_state(struct mfd_request *rq, int *state)
{
    const char *text = mfd_request_query(rq, "state");
    for (*state = text ? MFD_JOB_STATES - 1 : -1; *state >= 0; --*state)
        if (strcmp(text, mfd_job_state_names[*state]) == 0)
            return true;
    if (text)
        mfd_reply_fail(rq, "invalid-parameter", NULL,
                       "'state' is queued, running, done, failed or cancelled.");
    return !text;
}

static void get_jobs(struct mfd_request *rq)
{
    static const char *const known[] = { "state", "limit", "cursor", NULL };
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_page page;
    struct mfd_job_row *rows = NULL;
    size_t n = 0;
    int64_t next = -1;
    int state;
    if (!mfd_page_only(rq, known) || !mfd_page_read(rq, &page) || !read_state(rq, &state))
        return;
    const struct mfd_job_query query = { owner_of(rq), state, page.after, page.limit };
    if (mfd_store_jobs(store_of(rq), &query, &rows, &n, &next, &err) < 0) {
        mfd_reply_error(rq, &err);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, mfd_job_json(mfd_request_app(rq), &rows[i]));
        mfd_job_row_deinit(&rows[i]);
    }
    free(rows);
    mfd_reply_json(rq, 200, json_pack("{s:o, s:o}", "jobs", list, "next", mfd_page_next(next)));
}

/* --- the result --- */

/* One range of bytes (RFC 9110 14.1.2). */
struct range {
    bool given;
    int64_t first, last; /* last -1: to the end; first -1: the last `last` bytes */
};

/* What is not one range of bytes is as if it were not there. */
static struct range read_range(const struct mfd_request *rq, const char *id)
{
    struct range range = { .first = -1, .last = -1 };
    const char *text = mfd_request_header(rq, "Range");
    const char *condition = mfd_request_header(rq, "If-Range");
    bool same = !condition || (strlen(condition) == MFD_JOB_ID + 1 && condition[0] == '"' &&
                               strncmp(condition + 1, id, MFD_JOB_ID - 1) == 0);
    if (!text || !same || strncmp(text, "bytes=", 6) != 0)
        return range;
    const char *dash = strchr(text += 6, '-');
    size_t n = dash ? (size_t)(dash - text) : 0, m = dash ? strlen(dash + 1) : 0;
    range.given = dash && (n || m) && (!n || mfd_parse_i64(text, n, 0, INT64_MAX, &range.first)) &&
                  (!m || mfd_parse_i64(dash + 1, m, 0, INT64_MAX, &range.last)) &&
                  (!n || !m || range.first <= range.last);
    return range;
}

static void refuse_incomplete(struct mfd_request *rq, const struct mfd_job_row *row)
{
    struct mfd_problem problem;
    mfd_problem_set(&problem, "result-incomplete", NULL,
                    "The job is %s with %lld of %lld items done; %lld bytes of the result can be "
                    "read with a Range header that begins before them.",
                    mfd_job_state_names[row->state], (long long)row->done, (long long)row->items,
                    (long long)row->bytes);
    snprintf(problem.extra, sizeof problem.extra, "\"available_bytes\":%lld",
             (long long)row->bytes);
    mfd_reply_problem(rq, &problem);
}

static void refuse_range(struct mfd_request *rq, const struct mfd_job_row *row)
{
    char text[48];
    snprintf(text, sizeof text, "bytes */%lld", (long long)row->bytes);
    mfd_request_set_header(rq, "Content-Range", text);
    mfd_reply_fail(rq, "range-not-satisfiable", NULL, "The result has %lld bytes.",
                   (long long)row->bytes);
}

/* Which bytes are meant, [first, last]; false where the request has been answered. */
static bool place_range(struct mfd_request *rq, const struct mfd_job_row *row, struct range *range)
{
    bool complete = row->state == MFD_JOB_DONE, suffix = range->given && range->first < 0;
    if (!complete && (!range->given || suffix || range->first >= row->bytes)) {
        refuse_incomplete(rq, row);
        return false;
    }
    if (!range->given) {
        *range = (struct range){ .first = 0, .last = row->bytes - 1 };
        return true;
    }
    if (suffix)
        range->first = range->last < row->bytes ? row->bytes - range->last : 0;
    if (suffix || range->last < 0 || range->last >= row->bytes)
        range->last = row->bytes - 1;
    if (range->first > range->last) {
        refuse_range(rq, row);
        return false;
    }
    return true;
}

static void state_range(struct mfd_request *rq, const struct mfd_job_row *row,
                        const struct range *range)
{
    char text[80], total[24] = "*"; /* not known while it grows */
    if (row->state == MFD_JOB_DONE)
        snprintf(total, sizeof total, "%lld", (long long)row->bytes);
    snprintf(text, sizeof text, "bytes %lld-%lld/%s", (long long)range->first,
             (long long)range->last, total);
    mfd_request_set_header(rq, "Content-Range", text);
}

/* Bytes of a result never change once they are there, so a job is its own entity tag; that of one
 * that still grows is for If-Range alone. */
static void get_result(struct mfd_request *rq)
{
    AUTO_ROW row = { 0 };
    if (!find(rq, &row))
        return;
    if (row.state == MFD_JOB_DONE && mfd_request_etag(rq, row.id))
        return;
    struct range range = read_range(rq, row.id);
    if (!place_range(rq, &row, &range))
        return;
    MFD_AUTO_FREE char *path = mfd_job_result_path(directory_of(rq), row.id);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        mfd_reply_fail(rq, "internal", NULL, "Cannot open the result: %s.", strerror(errno));
        return;
    }
    mfd_request_set_etag(rq, row.id);
    mfd_request_set_header(rq, "Accept-Ranges", "bytes");
    if (range.given)
        state_range(rq, &row, &range);
    if (row.json_bytes) {
        char bytes[24];
        snprintf(bytes, sizeof bytes, "%lld", (long long)row.json_bytes);
        mfd_request_set_header(rq, MFD_TENSOR_HEADER, bytes);
    }
    mfd_reply_file(rq, range.given ? 206 : 200, row.json_bytes ? MFD_MEDIA_OCTETS : row.format, fd,
                   (uint64_t)range.first, (size_t)(range.last + 1 - range.first));
}

/* --- the end --- */

static void cancel(struct mfd_request *rq, struct mfd_job_row *row)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_app *app = mfd_request_app(rq);
    struct mfd_store *store = mfd_app_store(app);
    AUTO_ROW now = { 0 };
    int64_t t = (int64_t)time(NULL);
    bool changed = false;
    int status = mfd_store_job_end(store, row->number, NULL, t,
                                   t + mfd_app_settings(app)->jobs_keep_s, &changed, &err);
    if (status == MFD_OK)
        status = mfd_store_job(store, row->id, NULL, &now, &err);
    if (changed) {
        mfd_job_input_remove(directory_of(rq), row->id);
        mfd_jobs_changed(mfd_app_jobs(app), row->number);
    }
    if (status < 0)
        mfd_reply_error(rq, &err);
    else
        mfd_reply_job(rq, 200, &now);
}

static void delete_job(struct mfd_request *rq)
{
    struct mfd_error err = MFD_ERROR_INIT;
    AUTO_ROW row = { 0 };
    if (!find(rq, &row))
        return;
    if (row.state < MFD_JOB_DONE) {
        cancel(rq, &row);
        return;
    }
    if (mfd_store_job_delete(store_of(rq), row.number, &err) < 0) {
        mfd_reply_error(rq, &err);
        return;
    }
    mfd_job_files_remove(directory_of(rq), row.id);
    mfd_reply_empty(rq, 204);
}

#define FORMATS                                                                                    \
    (MFD_MEDIA_JSON | MFD_MEDIA_NDJSON | MFD_MEDIA_TSV | MFD_MEDIA_NPY | MFD_MEDIA_VCF |           \
     MFD_MEDIA_BEDGRAPH)
#define READ .where = MFD_ON_WORKER, .scope = MFD_SCOPE_READ

const struct mfd_route mfd_routes_jobs[] = {
    { "GET", "/api/v1/jobs", .handle = get_jobs, READ },
    { "POST", "/api/v1/jobs", .handle = mfd_job_submit, .where = MFD_ON_WORKER,
      .scope = MFD_SCOPE_PREDICT, .accepts = MFD_MEDIA_JSON | MFD_MEDIA_VCF | MFD_MEDIA_GZIP,
      .upload = MFD_MEDIA_VCF | MFD_MEDIA_GZIP, .offers = FORMATS, .job = true },
    { "GET", "/api/v1/jobs/{job}", .handle = get_job, READ },
    { "DELETE", "/api/v1/jobs/{job}", .handle = delete_job, .where = MFD_ON_WORKER,
      .scope = MFD_SCOPE_PREDICT },
    { "GET", "/api/v1/jobs/{job}/result", .handle = get_result, READ,
      .offers = FORMATS | MFD_MEDIA_OCTETS },
    { 0 },
};
