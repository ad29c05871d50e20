#include "client/mfd/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
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

int job_check_rest(const struct mfd_client_reply *reply, json_int_t at, struct mfd_error *err)
{
    char expected[48];
    const char *range = reply->content_range;
    int n = snprintf(expected, sizeof expected, "bytes %lld-", (long long)at);
    if (strncmp(range, expected, (size_t)n) == 0 && !strchr(range, '*'))
        return MFD_OK;
    return mfd_fail_as(err, MFD_EFORMAT, "bad-reply",
                       "the server was asked for what follows byte %lld and sent '%s'",
                       (long long)at, range);
}

/* A result on its way into a sink, which cannot take anything back. */
struct reading {
    mfd_client_sink sink;
    void *arg;
    struct mfd_client_reply reply;
    char etag[sizeof((struct mfd_client_reply *)0)->etag];
    json_int_t received;
    bool begun; /* a body has begun in this attempt */
};

static int take(void *arg, const char *bytes, size_t n, struct mfd_error *err)
{
    struct reading *r = arg;
    int status = MFD_OK;
    if (!r->begun && r->received && r->reply.http != 206)
        return mfd_fail(err, MFD_EMISMATCH,
                        "the job's result was replaced after %lld bytes of it had come",
                        (long long)r->received);
    if (!r->begun && r->received)
        status = job_check_rest(&r->reply, r->received, err);
    if (!r->begun)
        snprintf(r->etag, sizeof r->etag, "%s", r->reply.etag);
    r->begun = true;
    if (status == MFD_OK)
        status = r->sink(r->arg, bytes, n, err);
    r->received += (json_int_t)n;
    return status;
}

static int read_on(struct app *app, const char *path, struct reading *r, struct mfd_error *err)
{
    char range[48];
    snprintf(range, sizeof range, "bytes=%lld-", (long long)r->received);
    bool rest = r->received > 0;
    const struct mfd_client_request request = { .path = path,
                                                .accept = "*/*",
                                                .as_stored = true,
                                                .range = rest ? range : NULL,
                                                .if_range = rest ? r->etag : NULL,
                                                .sink = take,
                                                .sink_arg = r };
    r->begun = false;
    return mfd_client_send(app->client, &request, &r->reply, err);
}

int job_result(struct app *app, const char *id, mfd_client_sink sink, void *arg,
               struct mfd_error *err)
{
    struct mfd_buffer path = MFD_BUFFER_INIT;
    struct reading r = { .sink = sink, .arg = arg, .reply = MFD_CLIENT_REPLY_INIT };
    int status = job_path(&path, id, "/result", err);
    for (bool more = status == MFD_OK; more;) {
        json_int_t before = r.received;
        status = read_on(app, path.data, &r, err);
        more =
            status < 0 && strcmp(err->slug, "unreachable") == 0 && r.received > before && r.etag[0];
        if (more)
            app_note(app, "the connection broke after %lld bytes; going on", (long long)r.received);
    }
    mfd_client_reply_deinit(&r.reply);
    mfd_buffer_deinit(&path);
    return status;
}

int job_new_key(char key[JOB_KEY], struct mfd_error *err)
{
    unsigned char bytes[(JOB_KEY - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return mfd_fail(err, MFD_EIO, "no random numbers: %s", strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(key + 2 * i, 3, "%02x", bytes[i]);
    return MFD_OK;
}

int job_post(struct app *app, struct mfd_client_request *request, json_t **job,
             struct mfd_error *err)
{
    struct mfd_client_reply reply = MFD_CLIENT_REPLY_INIT;
    char key[JOB_KEY];
    const char *given = request->idempotency_key;
    int status = given ? MFD_OK : job_new_key(key, err);
    request->path = JOBS;
    request->idempotency_key = given ? given : key;
    if (status == MFD_OK)
        status = mfd_client_send(app->client, request, &reply, err);
    json_t *document =
        status == MFD_OK ? json_loadb(reply.body.data, reply.body.len, 0, NULL) : NULL;
    if (status == MFD_OK && !document)
        status = mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's answer is not JSON");
    if (status == MFD_OK)
        *job = document;
    request->idempotency_key = given;
    mfd_client_reply_deinit(&reply);
    return status;
}

/* `key` may be NULL. */
static int submit(struct app *app, const char *operation, json_t *request, const char *format,
                  const char *key, json_t **job, struct mfd_error *err)
{
    json_t *body =
        json_pack("{s:s, s:O, s:s}", "operation", operation, "request", request, "format", format);
    MFD_AUTO_FREE char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!text)
        return mfd_fail_nomem(err);
    struct mfd_client_request post = { .body = text,
                                       .body_len = strlen(text),
                                       .body_type = "application/json",
                                       .idempotency_key = key };
    return job_post(app, &post, job, err);
}

int job_submit(struct app *app, const char *operation, json_t *request, const char *format,
               json_t **job, struct mfd_error *err)
{
    return submit(app, operation, request, format, NULL, job, err);
}

/* *id is owned by the caller. */
static int begin(struct app *app, const char *operation, const char *request, const char *key,
                 char **id, struct mfd_error *err)
{
    json_t *document = json_loads(request, 0, NULL), *job = NULL;
    int status =
        document ? submit(app, operation, document, "ndjson", key, &job, err) : mfd_fail_nomem(err);
    if (status == MFD_OK && job_has_ended(job) && strcmp(job_state(job), "done") != 0)
        status = mfd_fail_as(err, MFD_EEXISTS, JOB_KEY_REUSED, "the job of that key is %s",
                             job_state(job));
    const char *name = json_string_value(json_object_get(job, "id"));
    if (status == MFD_OK && !name)
        status = mfd_fail_as(err, MFD_EFORMAT, "bad-reply", "the server's job has no id");
    if (status == MFD_OK && !(*id = mfd_strdup(name)))
        status = mfd_fail_nomem(err);
    json_decref(document);
    json_decref(job);
    return status;
}

int job_compute(struct app *app, const char *operation, const char *request, const char *key,
                job_told told, void *told_arg, mfd_client_sink sink, void *sink_arg,
                struct mfd_error *err)
{
    MFD_AUTO_FREE char *id = NULL;
    json_t *job = NULL;
    int status = begin(app, operation, request, key, &id, err);
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
