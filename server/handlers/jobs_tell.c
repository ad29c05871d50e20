/* What is told of a job. */
#include <stdio.h>

#include "server/app.h"
#include "server/handlers/jobs.h"
#include "server/jobs.h"

static json_t *when(int64_t seconds)
{
    return seconds ? json_integer(seconds) : json_null();
}

static json_t *problem_json(const struct mfd_problem *problem)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    mfd_problem_encode(problem, NULL, NULL, &text);
    json_t *out = text.failed ? NULL : json_loadb(text.data, text.len, 0, NULL);
    mfd_buffer_deinit(&text);
    return out;
}

static json_t *result_json(const struct mfd_job_row *row)
{
    char path[64];
    snprintf(path, sizeof path, "/api/v1/jobs/%s/result", row->id);
    return json_pack("{s:s, s:s, s:I, s:b}", "href", path, "type",
                     mfd_media_info(row->format)->type, "available", (json_int_t)row->bytes,
                     "complete", row->state == MFD_JOB_DONE);
}

json_t *mfd_job_json(struct mfd_app *app, const struct mfd_job_row *row)
{
    struct mfd_problem stuck;
    const struct mfd_tally *c = &row->counts;
    json_t *out = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I}, "
        "s:{s:I, s:I, s:I, s:I}, s:o}",
        "id", row->id, "operation", row->operation, "state", mfd_job_state_names[row->state],
        "owner", row->owner, "model", row->model, "digest", row->digest, "created",
        when(row->created), "started", when(row->started), "ended", when(row->ended), "expires",
        when(row->expires), "progress", "items", (json_int_t)row->items, "done",
        (json_int_t)row->done, "passes", (json_int_t)row->passes, "summary", "items",
        (json_int_t)row->done, "ok", (json_int_t)c->ok, "skipped", (json_int_t)c->skipped, "error",
        (json_int_t)c->error, "result", result_json(row));
    if (row->problem[0])
        json_object_set_new(out, "problem", json_loads(row->problem, 0, NULL));
    else if (row->state == MFD_JOB_RUNNING &&
             mfd_jobs_stuck(mfd_app_jobs(app), row->number, &stuck))
        json_object_set_new(out, "stuck", problem_json(&stuck));
    return out;
}

void mfd_reply_job(struct mfd_request *rq, int status, const struct mfd_job_row *row)
{
    json_t *out = mfd_job_json(mfd_request_app(rq), row);
    json_t *description = json_loads(row->description, 0, NULL);
    if (out && description)
        json_object_update_missing(out, description);
    json_decref(description);
    mfd_reply_json(rq, status, out);
}
