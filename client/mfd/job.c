#include "client/mfd/job.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "client/lib/url.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"
#include "core/base/memory.h"

#define FIRST_PAUSE_MS 200
#define LONGEST_PAUSE_MS 5000

const char *job_state(json_t *job)
{
    const char *state = json_string_value(json_object_get(job, "state"));
    return state ? state : "";
}

bool job_has_ended(json_t *job)
{
    return strcmp(job_state(job), "queued") != 0 && strcmp(job_state(job), "running") != 0;
}

size_t job_count(json_t *job, const char *path)
{
    return (size_t)json_integer_value(show_member(job, path));
}

int job_path(struct mfd_buffer *path, const char *id, const char *rest, struct mfd_error *err)
{
    mfd_buffer_adds(path, JOBS "/");
    mfd_url_escape(path, id);
    mfd_buffer_adds(path, rest);
    return path->failed ? mfd_fail_nomem(err) : MFD_OK;
}

int job_get(struct app *app, const char *id, json_t **job, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    int status = job_path(&path, id, "", err);
    if (status == MFD_OK)
        status = mfd_client_json(app->client, path.data, NULL, NULL, job, err);
    mfd_buffer_deinit(&path);
    return status;
}

int job_end(struct app *app, const char *id, struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    struct mfd_client_reply reply = MFD_CLIENT_REPLY_INIT;
    int status = job_path(&path, id, "", err);
    const struct mfd_client_request request = { .method = "DELETE",
                                                .path = path.data,
                                                .changes_state = true };
    if (status == MFD_OK)
        status = mfd_client_send(app->client, &request, &reply, err);
    mfd_client_reply_deinit(&reply);
    mfd_buffer_deinit(&path);
    return status;
}

static int pause_ms(long ms, struct mfd_error *err)
{
    struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    while (!app_interrupted && nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
    return app_interrupted ? mfd_fail_as(err, MFD_ECANCELLED, "interrupted", "interrupted")
                           : MFD_OK;
}

int job_wait(struct app *app, const char *id, job_told told, void *arg, json_t **job,
             struct mfd_error *err)
{
    for (long ms = FIRST_PAUSE_MS;; ms = ms * 2 < LONGEST_PAUSE_MS ? ms * 2 : LONGEST_PAUSE_MS) {
        json_t *now;
        int status = job_get(app, id, &now, err);
        if (status < 0)
            return status;
        if (told)
            told(arg, now);
        if (job_has_ended(now)) {
            *job = now;
            return MFD_OK;
        }
        json_decref(now);
        status = pause_ms(ms, err);
        if (status < 0)
            return status;
    }
}

int job_check(json_t *job, struct mfd_error *err)
{
    const char *detail = json_string_value(show_member(job, "problem.detail"));
    if (strcmp(job_state(job), "done") == 0)
        return MFD_OK;
    return mfd_fail(err, MFD_EIO, "the job was not done: it is %s%s%s", job_state(job),
                    detail ? ": " : "", detail ? detail : "");
}

int job_result(struct app *app, const char *id, mfd_client_sink sink, void *arg,
               struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    struct mfd_client_reply reply = MFD_CLIENT_REPLY_INIT;
    int status = job_path(&path, id, "/result", err);
    const struct mfd_client_request request = {
        .path = path.data, .accept = "*/*", .sink = sink, .sink_arg = arg
    };
    if (status == MFD_OK)
        status = mfd_client_send(app->client, &request, &reply, err);
    mfd_client_reply_deinit(&reply);
    mfd_buffer_deinit(&path);
    return status;
}

/* *id is owned by the caller. */
static int submit(struct app *app, const char *operation, const char *request, char **id,
                  struct mfd_error *err)
{
    json_t *document = json_loads(request, 0, NULL), *job = NULL;
    json_t *body = json_pack("{s:s, s:o, s:s}", "operation", operation, "request", document,
                             "format", "ndjson");
    int status =
        body ? mfd_client_json(app->client, JOBS, NULL, body, &job, err) : mfd_fail_nomem(err);
    const char *name = json_string_value(json_object_get(job, "id"));
    if (status == MFD_OK && !name)
        status = mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's job has no id");
    if (status == MFD_OK && !(*id = mfd_strdup(name)))
        status = mfd_fail_nomem(err);
    json_decref(body);
    json_decref(job);
    return status;
}

int job_compute(struct app *app, const char *operation, const char *request, job_told told,
                void *told_arg, mfd_client_sink sink, void *sink_arg, struct mfd_error *err)
{
    MFD_AUTO_FREE char *id = NULL;
    json_t *job = NULL;
    int status = submit(app, operation, request, &id, err);
    if (status < 0)
        return status;
    app_note(app, "job %s", id);
    status = job_wait(app, id, told, told_arg, &job, err);
    if (status == MFD_OK)
        status = job_check(job, err);
    if (status == MFD_OK)
        status = job_result(app, id, sink, sink_arg, err);
    if (status == MFD_OK)
        status = job_end(app, id, err);
    else
        app_note(app, "job %s is kept; see `mfd jobs show %s`", id, id);
    json_decref(job);
    return status;
}
