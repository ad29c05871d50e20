/* Jobs that run: whose turn it is, how far they are, how they end. */
#include <stdio.h>

#include "server/store_jobs_in.h"

/* One statement within a transaction; *changed (may be NULL) counts the rows. */
static int run(sqlite3 *db, struct mfd_query *q, const char *what, int *changed,
               struct mfd_error *err)
{
    mfd_query_step(q);
    int status = mfd_query_end(q, what, err);
    if (changed)
        *changed = status == MFD_OK ? sqlite3_changes(db) : 0;
    return status;
}

int mfd_store_jobs_recover(struct mfd_store *store, struct mfd_error *err)
{
    struct mfd_query q;
    int status = mfd_change_begin(&q, store, "UPDATE jobs SET state = 0 WHERE state = 1", err);
    if (status < 0)
        return status;
    return mfd_change_end(&q, store, "take up the jobs", NULL, err);
}

/* Mark it as running, with the next turn; what it writes from now on is of this start. */
static int begin(sqlite3 *db, struct mfd_job_row *row, int64_t now, struct mfd_error *err)
{
    struct mfd_query q;
    mfd_query_init(&q, db,
                   "UPDATE jobs SET state = 1, started = CASE started WHEN 0 THEN ?1 ELSE started "
                   "END, turn = (SELECT max(abs(turn)) + 1 FROM jobs) WHERE number = ?2");
    mfd_query_int(&q, now);
    mfd_query_int(&q, row->number);
    int status = run(db, &q, "start the job", NULL, err);
    if (status == MFD_OK) {
        row->state = MFD_JOB_RUNNING;
        row->started = row->started ? row->started : now;
    }
    return status;
}

int mfd_store_job_next(struct mfd_store *store, int64_t now, bool *found, struct mfd_job_row *row,
                       struct mfd_error *err)
{
    struct mfd_query q;
    struct mfd_job_row next = { 0 };
    sqlite3 *db;
    int status = mfd_db_begin(store, &db, err);
    if (status < 0)
        return status;
    mfd_query_init(&q, db,
                   "WITH o AS (SELECT owner AS who, sum(state = 1) AS running, max(abs(turn)) AS "
                   "last FROM jobs GROUP BY owner) SELECT " MFD_JOB_COLUMNS
                   " FROM jobs JOIN o ON owner = who WHERE state = 0 "
                   "ORDER BY turn <= 0, running, last, turn = 0, number LIMIT 1");
    bool any = false;
    status = mfd_job_read_one(&q, &any, &next, err);
    if (status == MFD_OK && any)
        status = begin(db, &next, now, err);
    status = mfd_db_end(store, status, err);
    if (status < 0) {
        mfd_job_row_deinit(&next);
        return status;
    }
    *found = any;
    if (any)
        *row = next;
    return MFD_OK;
}

/* Of a job that runs: bind the numbers behind `sql`'s SET in the order of MFD_JOB_SET. */
#define MFD_JOB_SET "done = ?1, bytes = ?2, json_bytes = ?3, ok = ?4, skipped = ?5, error = ?6"
static void bind_progress(struct mfd_query *q, const struct mfd_job_progress *p)
{
    mfd_query_int(q, p->done);
    mfd_query_int(q, p->bytes);
    mfd_query_int(q, p->json_bytes);
    mfd_query_int(q, (int64_t)p->counts.ok);
    mfd_query_int(q, (int64_t)p->counts.skipped);
    mfd_query_int(q, (int64_t)p->counts.error);
}

/* The same, for one that must be running. */
static int run_running(sqlite3 *db, struct mfd_query *q, const char *what, struct mfd_error *err)
{
    int changed = 0, status = run(db, q, what, &changed, err);
    if (status == MFD_OK && changed == 0)
        return mfd_fail_as(err, MFD_ECANCELLED, "cancelled", "The job runs no more.");
    return status;
}

int mfd_store_job_progress(struct mfd_store *store, int64_t number,
                           const struct mfd_job_progress *progress, int64_t disk_bytes,
                           struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db;
    int64_t used = 0;
    int status = mfd_db_begin(store, &db, err);
    if (status < 0)
        return status;
    mfd_query_init(&q, db, "UPDATE jobs SET " MFD_JOB_SET " WHERE number = ?7 AND state = 1");
    bind_progress(&q, progress);
    mfd_query_int(&q, number);
    status = run_running(db, &q, "note the job's progress", err);
    if (status == MFD_OK)
        status = mfd_jobs_disk_used(db, &used, err);
    if (status == MFD_OK && used > disk_bytes)
        status = mfd_jobs_fail_disk(used, disk_bytes, err);
    return mfd_db_end(store, status, err);
}

int mfd_store_job_done(struct mfd_store *store, int64_t number,
                       const struct mfd_job_progress *progress, int64_t now, int64_t expires,
                       struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db;
    int status = mfd_db_begin(store, &db, err);
    if (status < 0)
        return status;
    mfd_query_init(&q, db,
                   "UPDATE jobs SET " MFD_JOB_SET ", state = 2, ended = ?7, expires = ?8, "
                   "input_bytes = 0 WHERE number = ?9 AND state = 1");
    bind_progress(&q, progress);
    mfd_query_int(&q, now);
    mfd_query_int(&q, expires);
    mfd_query_int(&q, number);
    status = run_running(db, &q, "end the job", err);
    return mfd_db_end(store, status, err);
}

int mfd_store_jobs_others_wait(struct mfd_store *store, bool *wait, struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT owner FROM jobs WHERE state = 0 EXCEPT SELECT owner FROM jobs WHERE "
                   "state = 1 LIMIT 1");
    *wait = mfd_query_step(&q);
    int status = mfd_query_end(&q, "look for owners that wait", err);
    mfd_db_return(store, db);
    return status;
}

int mfd_store_job_yield(struct mfd_store *store, int64_t number, struct mfd_error *err)
{
    struct mfd_query q;
    int status = mfd_change_begin(
        &q, store, "UPDATE jobs SET state = 0, turn = -abs(turn) WHERE number = ? AND state = 1",
        err);
    if (status < 0)
        return status;
    mfd_query_int(&q, number);
    return mfd_change_end(&q, store, "let others go first", NULL, err);
}

int mfd_store_job_genome(struct mfd_store *store, int64_t number, const char *digest,
                         struct mfd_error *err)
{
    struct mfd_query q;
    int status = mfd_change_begin(&q, store, "UPDATE jobs SET genome = ? WHERE number = ?", err);
    if (status < 0)
        return status;
    mfd_query_text(&q, digest);
    mfd_query_int(&q, number);
    return mfd_change_end(&q, store, "note the job's genome", NULL, err);
}

int mfd_store_job_restart(struct mfd_store *store, int64_t number, const char *server,
                          struct mfd_error *err)
{
    static const struct mfd_job_progress nothing = { 0 };
    struct mfd_query q;
    int status = mfd_change_begin(
        &q, store, "UPDATE jobs SET " MFD_JOB_SET ", server = ?7 WHERE number = ?8", err);
    if (status < 0)
        return status;
    bind_progress(&q, &nothing);
    mfd_query_text(&q, server);
    mfd_query_int(&q, number);
    return mfd_change_end(&q, store, "restart the job", NULL, err);
}

int mfd_store_job_end(struct mfd_store *store, int64_t number, const char *problem, int64_t now,
                      int64_t expires, bool *changed, struct mfd_error *err)
{
    struct mfd_query q;
    int rows = 0;
    int status =
        mfd_change_begin(&q, store,
                         "UPDATE jobs SET state = ?1, problem = ?2, ended = ?3, expires = ?4, "
                         "input_bytes = 0 WHERE number = ?5 AND " MFD_JOB_WAITS_OR_RUNS,
                         err);
    if (status < 0)
        return status;
    mfd_query_int(&q, problem ? MFD_JOB_FAILED : MFD_JOB_CANCELLED);
    mfd_query_text(&q, problem ? problem : "");
    mfd_query_int(&q, now);
    mfd_query_int(&q, expires);
    mfd_query_int(&q, number);
    status = mfd_change_end(&q, store, "end the job", &rows, err);
    if (status == MFD_OK)
        *changed = rows > 0;
    return status;
}

int mfd_store_job_delete(struct mfd_store *store, int64_t number, struct mfd_error *err)
{
    struct mfd_query q;
    int status = mfd_change_begin(
        &q, store, "DELETE FROM jobs WHERE number = ? AND NOT " MFD_JOB_WAITS_OR_RUNS, err);
    if (status < 0)
        return status;
    mfd_query_int(&q, number);
    return mfd_change_end(&q, store, "delete the job", NULL, err);
}

/* A job that has expired; reading alone, so that an idle daemon writes nothing. */
static int find_expired(struct mfd_store *store, int64_t now, int64_t *number, char id[MFD_JOB_ID],
                        struct mfd_error *err)
{
    struct mfd_query q;
    sqlite3 *db = mfd_db_reader(store);
    mfd_query_init(&q, db,
                   "SELECT number, id FROM jobs WHERE NOT " MFD_JOB_WAITS_OR_RUNS
                   " AND expires <= ? LIMIT 1");
    mfd_query_int(&q, now);
    id[0] = '\0';
    if (mfd_query_step(&q)) {
        *number = sqlite3_column_int64(q.stmt, 0);
        snprintf(id, MFD_JOB_ID, "%s", mfd_query_column(&q, 1));
    }
    int status = mfd_query_end(&q, "look for expired jobs", err);
    mfd_db_return(store, db);
    return status;
}

int mfd_store_job_expire(struct mfd_store *store, int64_t now, char id[MFD_JOB_ID],
                         struct mfd_error *err)
{
    int64_t number = 0;
    int status = find_expired(store, now, &number, id, err);
    if (status == MFD_OK && id[0])
        status = mfd_store_job_delete(store, number, err);
    return status;
}
