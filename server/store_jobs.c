#include "server/store_jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "server/store_jobs_in.h"

const char *const mfd_job_state_names[] = {
    "queued", "running", "done", "failed", "cancelled", NULL
};

#define ROW_PREFIX 13 /* columns before "key" */

void mfd_job_row_deinit(struct mfd_job_row *row)
{
    free(row->owner);
    free(row->operation);
    free(row->params);
    free(row->queries);
    free(row->model);
    free(row->digest);
    free(row->description);
    free(row->server);
    free(row->key);
    free(row->fingerprint);
    free(row->problem);
    free(row->genome);
    *row = (struct mfd_job_row){ 0 };
}

static enum mfd_media media_at(struct mfd_query *q, int column)
{
    return mfd_media_of_body((1u << MFD_MEDIA_COUNT) - 1, mfd_query_column(q, column));
}

/* False on lack of memory; the row may be released either way. */
static bool read_row(struct mfd_query *q, struct mfd_job_row *row)
{
    *row = (struct mfd_job_row){ .number = sqlite3_column_int64(q->stmt, 0) };
    char **const texts[] = { &row->owner,       &row->operation, &row->params,      &row->queries,
                             &row->model,       &row->digest,    &row->description, &row->server,
                             &row->fingerprint, &row->problem,   &row->genome };
    int64_t *const numbers[] = { &row->input_bytes, &row->bytes, &row->json_bytes, &row->created,
                                 &row->started,     &row->ended, &row->expires };
    bool ok = true;
    snprintf(row->id, sizeof row->id, "%s", mfd_query_column(q, 1));
    for (int i = 0; i < ROW_PREFIX - 2; i++)
        ok = (*texts[i] = mfd_strdup(mfd_query_column(q, i + 2))) && ok;
    int at = ROW_PREFIX;
    if (sqlite3_column_type(q->stmt, at) != SQLITE_NULL)
        ok = (row->key = mfd_strdup(mfd_query_column(q, at))) && ok;
    row->content = media_at(q, ++at);
    row->format = media_at(q, ++at);
    row->state = (enum mfd_job_state)sqlite3_column_int(q->stmt, ++at);
    row->items = sqlite3_column_int64(q->stmt, ++at);
    row->done = sqlite3_column_int64(q->stmt, ++at);
    row->passes = sqlite3_column_double(q->stmt, ++at);
    row->counts.ok = (uint64_t)sqlite3_column_int64(q->stmt, ++at);
    row->counts.skipped = (uint64_t)sqlite3_column_int64(q->stmt, ++at);
    row->counts.error = (uint64_t)sqlite3_column_int64(q->stmt, ++at);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = sqlite3_column_int64(q->stmt, ++at);
    return ok;
}

int mfd_job_read_one(struct mfd_query *q, bool *found, struct mfd_job_row *row,
                     struct mfd_error *err)
{
    struct mfd_job_row read = { 0 };
    bool ok = true;
    *found = mfd_query_step(q);
    if (*found)
        ok = read_row(q, &read);
    int status = mfd_query_end(q, "read the jobs", err);
    if (status == MFD_OK && !ok)
        status = mfd_fail_nomem(err);
    if (status < 0)
        mfd_job_row_deinit(&read);
    else if (*found)
        *row = read;
    return status;
}

/* The number that a query of one number gives. */
static int read_number(struct mfd_query *q, int64_t *out, struct mfd_error *err)
{
    int64_t number = mfd_query_step(q) ? sqlite3_column_int64(q->stmt, 0) : 0;
    int status = mfd_query_end(q, "count the jobs", err);
    if (status == MFD_OK)
        *out = number;
    return status;
}

/* --- adding --- */

int mfd_jobs_disk_used(sqlite3 *db, int64_t *bytes, struct mfd_error *err)
{
    struct mfd_query q;
    mfd_query_init(&q, db, "SELECT coalesce(sum(input_bytes + bytes), 0) FROM jobs");
    return read_number(&q, bytes, err);
}

int mfd_jobs_fail_disk(int64_t used, int64_t most, struct mfd_error *err)
{
    return mfd_fail_as(err, MFD_ELIMIT, "disk-full",
                       "Inputs and results of jobs need %lld bytes, more than the %lld that are "
                       "set aside for them (limit job_disk_bytes); delete jobs that have ended, or "
                       "wait until they expire.",
                       (long long)used, (long long)most);
}

static int check_room(sqlite3 *db, const struct mfd_job_row *row, const struct mfd_job_room *room,
                      struct mfd_error *err)
{
    struct mfd_query q;
    int64_t all = 0, own = 0, used = 0;
    mfd_query_init(&q, db, "SELECT count(*) FROM jobs WHERE " MFD_JOB_WAITS_OR_RUNS);
    int status = read_number(&q, &all, err);
    if (status == MFD_OK) {
        mfd_query_init(&q, db,
                       "SELECT count(*) FROM jobs WHERE " MFD_JOB_WAITS_OR_RUNS " AND owner = ?");
        mfd_query_text(&q, row->owner);
        status = read_number(&q, &own, err);
    }
    if (status == MFD_OK)
        status = mfd_jobs_disk_used(db, &used, err);
    if (status < 0)
        return status;
    bool mine = own >= room->client_jobs;
    if (mine || all >= room->jobs)
        return mfd_fail_as(err, MFD_EBUSY, "too-many-jobs",
                           "%lld jobs%s wait or run already (limit %s); submit this one when some "
                           "have ended, or cancel one.",
                           (long long)(mine ? own : all), mine ? " of yours" : "",
                           mine ? "client_jobs" : "jobs");
    if (used + row->input_bytes > room->disk_bytes)
        return mfd_jobs_fail_disk(used + row->input_bytes, room->disk_bytes, err);
    return MFD_OK;
}

static int find_key(sqlite3 *db, const struct mfd_job_row *row, bool *found,
                    struct mfd_job_row *before, struct mfd_error *err)
{
    struct mfd_query q;
    mfd_query_init(&q, db, "SELECT " MFD_JOB_COLUMNS " FROM jobs WHERE owner = ? AND key = ?");
    mfd_query_text(&q, row->owner);
    mfd_query_text(&q, row->key);
    int status = mfd_job_read_one(&q, found, before, err);
    if (status == MFD_OK && *found && strcmp(before->fingerprint, row->fingerprint) != 0) {
        status = mfd_fail_as(err, MFD_EEXISTS, "idempotency-key-reused",
                             "The idempotency key was given with another request, which became the "
                             "job %s; use a new key for each request.",
                             before->id);
        mfd_job_row_deinit(before);
    }
    return status;
}

static int insert(sqlite3 *db, const struct mfd_job_row *row, struct mfd_error *err)
{
    const char *const texts[] = { row->id,
                                  row->owner,
                                  row->operation,
                                  mfd_media_info(row->content)->type,
                                  mfd_media_info(row->format)->type,
                                  row->params,
                                  row->queries,
                                  row->model,
                                  row->digest,
                                  row->description,
                                  row->server,
                                  row->key,
                                  row->fingerprint };
    struct mfd_query q;
    mfd_query_init(&q, db,
                   "INSERT INTO jobs (id, owner, operation, content, format, params, queries, "
                   "model, digest, description, server, key, fingerprint, items, input_bytes, "
                   "created, passes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        mfd_query_text(&q, texts[i]); /* NULL binds as NULL */
    mfd_query_int(&q, row->items);
    mfd_query_int(&q, row->input_bytes);
    mfd_query_int(&q, row->created);
    mfd_query_real(&q, row->passes);
    mfd_query_step(&q);
    return mfd_query_end(&q, "add the job", err);
}

int mfd_store_job_add(struct mfd_store *store, const struct mfd_job_row *row,
                      const struct mfd_job_room *room, struct mfd_job_row *before,
                      struct mfd_error *err)
{
    sqlite3 *db;
    bool found = false;
    *before = (struct mfd_job_row){ 0 };
    int status = mfd_db_begin(store, &db, err);
    if (status < 0)
        return status;
    if (row->key)
        status = find_key(db, row, &found, before, err);
    if (status == MFD_OK && !found)
        status = check_room(db, row, room, err);
    if (status == MFD_OK && !found)
        status = insert(db, row, err);
    status = mfd_db_end(store, status, err);
    if (status < 0)
        mfd_job_row_deinit(before);
    return status;
}

/* --- looking --- */

int mfd_store_job(struct mfd_store *store, const char *id, const char *owner,
                  struct mfd_job_row *row, struct mfd_error *err)
{
    struct mfd_query q;
    bool found;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT " MFD_JOB_COLUMNS " FROM jobs WHERE id = ?1 AND owner = coalesce(?2, "
                   "owner)");
    mfd_query_text(&q, id);
    mfd_query_text(&q, owner);
    int status = mfd_job_read_one(&q, &found, row, err);
    mfd_db_return(store, db);
    if (status == MFD_OK && !found)
        return mfd_fail_as(err, MFD_ENOTFOUND, "not-found",
                           "There is no job '%.40s'%s; it may have expired.", id,
                           owner ? " of yours" : "");
    return status;
}

static int read_rows(struct mfd_query *q, struct mfd_job_row **rows, size_t *n,
                     struct mfd_error *err)
{
    bool ok = true;
    while (ok && mfd_query_step(q)) {
        struct mfd_job_row *more = mfd_realloc(*rows, *n + 1, sizeof *more);
        if (!(ok = more != NULL))
            break;
        *rows = more;
        ok = read_row(q, &more[(*n)++]);
    }
    int status = mfd_query_end(q, "read the jobs", err);
    return status == MFD_OK && !ok ? mfd_fail_nomem(err) : status;
}

int mfd_store_jobs(struct mfd_store *store, const struct mfd_job_query *query,
                   struct mfd_job_row **rows, size_t *n, int64_t *next, struct mfd_error *err)
{
    struct mfd_query q;
    struct mfd_job_row *list = NULL;
    size_t count = 0;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT " MFD_JOB_COLUMNS
                   " FROM jobs WHERE owner = coalesce(?1, owner) AND (?2 < 0 OR "
                   "state = ?2) AND (?3 < 0 OR number < ?3) ORDER BY number DESC LIMIT ?4");
    mfd_query_text(&q, query->owner);
    mfd_query_int(&q, query->state);
    mfd_query_int(&q, query->before);
    mfd_query_int(&q, (int64_t)query->limit + 1);
    int status = read_rows(&q, &list, &count, err);
    mfd_db_return(store, db);
    bool more = status == MFD_OK && count > query->limit;
    if (more)
        mfd_job_row_deinit(&list[--count]);
    if (status < 0) {
        while (count > 0)
            mfd_job_row_deinit(&list[--count]);
        free(list);
        return status;
    }
    *rows = list;
    *n = count;
    *next = more ? list[count - 1].number : -1;
    return MFD_OK;
}

int mfd_store_jobs_count(struct mfd_store *store, struct mfd_job_census *census,
                         struct mfd_error *err)
{
    struct mfd_query q;
    struct mfd_job_census found = { 0 };
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT state, count(*), sum(input_bytes + bytes) FROM jobs GROUP BY state");
    while (mfd_query_step(&q)) {
        int state = sqlite3_column_int(q.stmt, 0);
        if (state >= 0 && state < MFD_JOB_STATES)
            found.jobs[state] = sqlite3_column_int64(q.stmt, 1);
        found.bytes += sqlite3_column_int64(q.stmt, 2);
    }
    int status = mfd_query_end(&q, "count the jobs", err);
    mfd_db_return(store, db);
    if (status == MFD_OK)
        *census = found;
    return status;
}
