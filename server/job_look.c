#include "server/job_look.h"

#include <string.h>
#include <time.h>

#include "core/base/log.h"
#include "proto/problem.h"
#include "server/app.h"
#include "server/job_files.h"
#include "server/job_input.h"
#include "server/settings.h"

static void sweep(struct mfd_app *app, int64_t now, struct mfd_error *err)
{
    struct mfd_store *store = mfd_app_store(app);
    char id[MFD_JOB_ID] = "";
    while (mfd_store_job_expire(store, now, id, err) == MFD_OK && id[0])
        mfd_job_files_remove(mfd_app_job_dir(app), id);
}

/* What was begun by another version may be rounded differently: a result is of one version. */
static int restart(struct mfd_store *store, struct mfd_job_row *row, struct mfd_error *err)
{
    if (strcmp(row->server, MFD_VERSION) == 0)
        return MFD_OK;
    if (row->done > 0)
        mfd_log(MFD_LOG_INFO, "job %s: begun by version %s, starts over", row->id, row->server);
    row->done = row->bytes = row->json_bytes = 0;
    row->counts = (struct mfd_tally){ 0 };
    return mfd_store_job_restart(store, row->number, MFD_VERSION, err);
}

static int find(struct mfd_job_look *look, struct mfd_store *store, int64_t now,
                struct mfd_error *err)
{
    int status = look->resume ? mfd_store_job(store, look->resume_id, NULL, &look->row, err)
                              : mfd_store_job_next(store, now, &look->found, &look->row, err);
    if (look->resume)
        look->found = status == MFD_OK && look->row.state == MFD_JOB_RUNNING;
    if (status == MFD_OK && look->found)
        status = restart(store, &look->row, err);
    return status == MFD_ENOTFOUND ? MFD_OK : status;
}

/* An operation that was there when the job was accepted, and is not in this version. */
static void fail_unknown(struct mfd_app *app, const struct mfd_job_row *row, int64_t now)
{
    struct mfd_problem problem;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_buffer text = MFD_BUFFER_INIT;
    bool changed;
    mfd_problem_set(&problem, "unsupported", NULL, "This server has no operation '%.60s'.",
                    row->operation);
    mfd_problem_encode(&problem, NULL, NULL, &text);
    if (!text.failed &&
        mfd_store_job_end(mfd_app_store(app), row->number, text.data, now,
                          now + mfd_app_settings(app)->jobs_keep_s, &changed, &err) < 0)
        mfd_log(MFD_LOG_ERROR, "job %s: %s", row->id, err.message);
    mfd_buffer_deinit(&text);
}

void mfd_job_look(struct mfd_job_look *look, struct mfd_app *app)
{
    struct mfd_store *store = mfd_app_store(app);
    struct mfd_error err = MFD_ERROR_INIT;
    int64_t now = (int64_t)time(NULL);
    bool want = look->want;
    look->found = look->others_wait = false;
    look->row = (struct mfd_job_row){ 0 };
    sweep(app, now, &err);
    look->counted = mfd_store_jobs_count(store, &look->census, &err) == MFD_OK;
    if (look->counted && !look->resume)
        want = want && look->census.jobs[MFD_JOB_QUEUED] > 0;
    if (look->full && mfd_store_jobs_others_wait(store, &look->others_wait, &err))
        look->others_wait = false;
    if (want && find(look, store, now, &err) < 0)
        look->found = false;
    if (look->found && !mfd_job_operation(app, look->row.operation)) {
        fail_unknown(app, &look->row, now);
        look->found = false;
    }
    if (!look->found)
        mfd_job_row_deinit(&look->row);
    if (err.status < 0)
        mfd_log(MFD_LOG_ERROR, "jobs: %s", err.message);
}
