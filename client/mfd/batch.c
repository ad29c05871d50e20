#include "client/mfd/batch.h"

#include <stdlib.h>
#include <string.h>

#include "client/lib/lines.h"
#include "client/lib/problem.h"
#include "client/mfd/job.h"
#include "client/mfd/progress.h"
#include "client/mfd/show.h"
#include "core/base/cleanup.h"

#define PIECE_BYTES ((size_t)8 << 20) /* of text in one request, half of what servers take */
#define JOB_BYTES ((size_t)32 << 20)  /* the same of a job */
#define JOB_ITEMS 200000              /* in one job; as JSON, a variant is eight values */
#define PIECE_ITEMS 64                /* where the server does not say what it takes */

struct run {
    const struct batch *batch;
    json_t *pending; /* inputs read and not yet answered, as an array */
    size_t done;     /* inputs answered before pending[0] */
    size_t sent;     /* inputs of the request under way, from pending[0] on */
    size_t answered; /* of those */
    size_t most;     /* inputs a request may have */
    bool ended;      /* the source has no more */
    bool whole;      /* the request's last line has come */
    json_t *head;    /* the first line of the first reply */
    json_t *results; /* collected where one JSON document is wanted */
    json_t *cost;    /* summed, of a dry run */
    json_t *provenance;
    struct progress progress;
};

/* What this file writes itself; anything else is left to the batch's functions. */
static enum format format_of(const struct run *run)
{
    return run->batch->by_hand ? FORMAT_AUTO : run->batch->app->format;
}

/* Requests are computed as jobs; a dry run is of what they would be. */
static bool by_job(const struct run *run)
{
    return run->batch->app->set.job && !run->batch->app->set.dry_run;
}

static size_t text_bytes(json_t *input)
{
    json_t *value = json_is_string(input) ? input : json_object_get(input, "sequence");
    return 128 + json_string_length(value);
}

/* Read on until a request is full. */
static int fill(struct run *run, struct mfd_error *err)
{
    size_t bytes = 0, most = by_job(run) ? JOB_BYTES : PIECE_BYTES, i;
    json_t *input;
    json_array_foreach(run->pending, i, input)
    {
        bytes += text_bytes(input);
    }
    while (!run->ended && json_array_size(run->pending) < run->most && bytes < most) {
        int status = source_next(run->batch->source, &input, err);
        if (status < 0)
            return status;
        if (status == 0)
            run->ended = true;
        else if (json_array_append_new(run->pending, input) < 0)
            return mfd_fail_nomem(err);
        else
            bytes += text_bytes(input);
    }
    return MFD_OK;
}

/* What one request may hold: the server's limits, where it tells them. */
static void read_limits(struct run *run)
{
    json_t *info = NULL;
    bool job = by_job(run);
    run->most = PIECE_ITEMS;
    if (mfd_client_json(run->batch->app->client, "/service-info", NULL, NULL, &info, NULL) < 0)
        return;
    json_int_t items = json_integer_value(
        show_member(info, job ? "limits.job_items.value" : "limits.items.value"));
    json_int_t passes = json_integer_value(
        show_member(info, job ? "limits.job_passes.value" : "limits.passes.value"));
    items = job && items > JOB_ITEMS ? JOB_ITEMS : items;
    if (items > 0 && passes > 0) {
        json_int_t most = passes / run->batch->passes;
        most = most < items ? most : items;
        run->most = most > 0 ? (size_t)most : 1;
    }
    json_decref(info);
}

static const char *digest_of(const struct run *run)
{
    return json_string_value(show_member(run->head, "provenance.digest"));
}

/* The head of a later piece must be of the same model as the first: it may have been replaced. */
static int take_head(struct run *run, json_t *line, struct mfd_error *err)
{
    const char *now = json_string_value(show_member(line, "provenance.digest"));
    const char *first = run->head ? digest_of(run) : run->batch->digest;
    if (now && first && strcmp(now, first) != 0)
        return mfd_fail(err, MFD_EMISMATCH,
                        "the model was replaced after %zu inputs; start again, "
                        "naming a version with --model",
                        run->done);
    if (run->head)
        return MFD_OK;
    run->head = json_incref(line);
    if (format_of(run) == FORMAT_NDJSON)
        return run->batch->skip ? MFD_OK : show_line(run->batch->app, line, err);
    return format_of(run) == FORMAT_JSON ? MFD_OK : run->batch->head(run->batch->arg, line, err);
}

static int take_result(struct run *run, json_t *result, struct mfd_error *err)
{
    struct app *app = run->batch->app;
    const char *state = json_string_value(json_object_get(result, "status"));
    if (run->answered >= run->sent || !state ||
        json_integer_value(json_object_get(result, "index")) != (json_int_t)run->answered)
        return mfd_fail_as(err, MFD_EFORMAT, "bad-reply",
                           "the server's results do not follow the inputs (after input %zu)",
                           run->done + run->answered);
    json_t *input = json_array_get(run->pending, run->answered);
    if (json_object_set_new(result, "index", json_integer((json_int_t)(run->done + run->answered))))
        return mfd_fail_nomem(err);
    run->answered++;
    size_t *count = strcmp(state, "ok") == 0        ? &app->ok
                    : strcmp(state, "skipped") == 0 ? &app->skipped
                                                    : &app->failed;
    ++*count;
    progress_show(&run->progress, run->done + run->answered, source_progress(run->batch->source));
    if (format_of(run) == FORMAT_NDJSON)
        return show_line(app, result, err);
    if (format_of(run) == FORMAT_JSON)
        return json_array_append(run->results, result) < 0 ? mfd_fail_nomem(err) : MFD_OK;
    return run->batch->result(run->batch->arg, result, input, err);
}

static int take_line(void *arg, json_t *line, struct mfd_error *err)
{
    struct run *run = arg;
    if (json_object_get(line, "index"))
        return take_result(run, line, err);
    if (json_object_get(line, "provenance"))
        return take_head(run, line, err);
    if (json_object_get(line, "summary")) {
        run->whole = true;
        return MFD_OK;
    }
    json_t *problem = json_object_get(line, "problem");
    problem = problem ? problem : line;
    long http = (long)json_integer_value(json_object_get(problem, "status"));
    return mfd_problem_fail_json(err, http ? http : 500, problem, NULL);
}

/* The request over the first n pending inputs. */
static char *request_body(const struct run *run, size_t n, struct mfd_error *err)
{
    json_t *request = json_copy(run->batch->options), *inputs = json_array();
    bool ok = request && inputs;
    for (size_t i = 0; ok && i < n; i++)
        ok = json_array_append(inputs, json_array_get(run->pending, i)) == 0;
    ok = ok && json_object_set(request, run->batch->member, inputs) == 0;
    char *text = ok ? json_dumps(request, JSON_COMPACT) : NULL;
    json_decref(inputs);
    json_decref(request);
    if (!text)
        mfd_fail_nomem(err);
    return text;
}

static void on_wait(void *arg, json_t *job)
{
    struct run *run = arg;
    size_t done = job_count(job, "progress.done"), items = job_count(job, "progress.items");
    double read = source_progress(run->batch->source);
    bool only = run->ended && !run->done && run->sent == json_array_size(run->pending);
    progress_show(&run->progress, run->done + done,
                  only && items ? (double)done / (double)items
                  : read < 1    ? read
                                : -1);
}

/* How far the answer has come; before a job, which one goes on with it. */
static int checkpoint(const struct run *run, const char *job, struct mfd_error *err)
{
    const struct batch *batch = run->batch;
    const char *digest = digest_of(run);
    return batch->checkpoint
               ? batch->checkpoint(batch->arg, run->done, digest ? digest : batch->digest, job, err)
               : MFD_OK;
}

/* The request as a job: the answer comes when all of it is computed. */
static int send_job_as(struct run *run, const char *key, const char *body, struct mfd_lines *lines,
                       struct mfd_error *err)
{
    const char *operation = run->batch->path + strlen("/api/v1/");
    int status = checkpoint(run, key, err);
    if (status == MFD_OK)
        status = job_compute(run->batch->app, operation, body, key, on_wait, run, mfd_lines_add,
                             lines, err);
    return status;
}

/* The first may be one that an earlier run has begun. */
static int send_job(struct run *run, const char *body, struct mfd_lines *lines,
                    struct mfd_error *err)
{
    char key[JOB_KEY];
    const char *begun = run->done == run->batch->skip ? run->batch->job : NULL;
    int status = begun ? send_job_as(run, begun, body, lines, err) : MFD_OK;
    if (begun && (status == MFD_OK || strcmp(err->slug, JOB_KEY_REUSED) != 0))
        return status;
    status = job_new_key(key, err);
    return status == MFD_OK ? send_job_as(run, key, body, lines, err) : status;
}

static int send_piece(struct run *run, size_t n, struct mfd_error *err)
{
    struct mfd_lines lines = MFD_LINES_INIT;
    struct mfd_client_reply reply = MFD_CLIENT_REPLY_INIT;
    MFD_AUTO_FREE char *body = request_body(run, n, err);
    if (!body)
        return MFD_ENOMEM;
    lines.limit = (size_t)256 << 20;
    lines.handler = take_line;
    lines.arg = run;
    struct mfd_client_request request = {
        .path = run->batch->path,
        .accept = "application/x-ndjson",
        .body = body,
        .body_len = strlen(body),
        .body_type = "application/json",
        .sink = mfd_lines_add,
        .sink_arg = &lines,
    };
    run->sent = n;
    run->answered = 0;
    run->whole = false;
    int status = by_job(run) ? send_job(run, body, &lines, err)
                             : mfd_client_send(run->batch->app->client, &request, &reply, err);
    if (status == MFD_OK)
        status = mfd_lines_end(&lines, err);
    if (status == MFD_OK && (!run->whole || run->answered < n))
        status =
            mfd_fail_as(err, MFD_EIO, "unreachable",
                        "the server's answer ended after %zu of %zu results", run->answered, n);
    mfd_lines_deinit(&lines);
    mfd_client_reply_deinit(&reply);
    return status;
}

static int add_cost(struct run *run, json_t *answer, struct mfd_error *err)
{
    static const char *const summed[] = { "items", "unscored", "windows", "passes" };
    json_t *cost = json_object_get(answer, "cost");
    if (!run->cost) {
        run->cost = json_deep_copy(cost);
        run->provenance = json_incref(json_object_get(answer, "provenance"));
        return run->cost ? MFD_OK
                         : mfd_fail_as(err, MFD_EFORMAT, "bad-reply",
                                       "the server's answer to a dry run tells no cost");
    }
    for (size_t i = 0; i < sizeof summed / sizeof *summed; i++) {
        json_int_t sum = json_integer_value(json_object_get(run->cost, summed[i])) +
                         json_integer_value(json_object_get(cost, summed[i]));
        if (json_object_set_new(run->cost, summed[i], json_integer(sum)) < 0)
            return mfd_fail_nomem(err);
    }
    return MFD_OK;
}

static int ask_cost(struct run *run, size_t n, struct mfd_error *err)
{
    struct mfd_error first = MFD_ERROR_INIT;
    MFD_AUTO_FREE char *body = request_body(run, n, &first);
    json_t *request = body ? json_loads(body, 0, NULL) : NULL, *answer = NULL;
    if (!request)
        return mfd_fail_nomem(err);
    int status =
        mfd_client_json(run->batch->app->client, run->batch->path, NULL, request, &answer, err);
    if (status == MFD_OK)
        status = add_cost(run, answer, err);
    run->answered = status == MFD_OK ? n : 0;
    json_decref(request);
    json_decref(answer);
    return status;
}

/* A piece that failed may go on in another way: smaller, or from where the connection broke. */
static bool worth_going_on(struct run *run, size_t n, const struct mfd_error *err)
{
    if (strcmp(err->slug, "over-limit") == 0 && n > 1 && !run->answered) {
        run->most = n / 2;
        return true;
    }
    /* a job is kept with all of its result: computing the rest once more is no way on */
    return strcmp(err->slug, "unreachable") == 0 && run->answered > 0 && !by_job(run);
}

static void drop_answered(struct run *run)
{
    size_t left = json_array_size(run->pending) - run->answered;
    json_t *rest = json_array();
    for (size_t i = 0; rest && i < left; i++)
        json_array_append(rest, json_array_get(run->pending, run->answered + i));
    json_decref(run->pending);
    run->pending = rest;
    run->done += run->answered;
    run->answered = 0;
}

static int send_all(struct run *run, struct mfd_error *err)
{
    for (;;) {
        int status = fill(run, err);
        size_t n = json_array_size(run->pending);
        if (status < 0 || n == 0)
            return status;
        n = n < run->most ? n : run->most;
        status = run->batch->app->set.dry_run ? ask_cost(run, n, err) : send_piece(run, n, err);
        if (status < 0 && worth_going_on(run, n, err))
            status = MFD_OK;
        if (status < 0) {
            if (run->done)
                mfd_fail_prefix(err, status, "after %zu inputs", run->done);
            return status;
        }
        drop_answered(run);
        if (!run->pending)
            return mfd_fail_nomem(err);
        if (!run->batch->app->set.dry_run)
            status = checkpoint(run, NULL, err);
        if (status < 0)
            return status;
    }
}

static json_t *summary(const struct app *app)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "items",
                     (json_int_t)(app->ok + app->skipped + app->failed), "ok", (json_int_t)app->ok,
                     "skipped", (json_int_t)app->skipped, "error", (json_int_t)app->failed);
}

/* What stands behind the last result. */
static int finish(struct run *run, struct mfd_error *err)
{
    struct app *app = run->batch->app;
    json_t *whole = NULL;
    if (app->set.dry_run)
        whole = json_pack("{s:O*, s:O}", "provenance", run->provenance, "cost", run->cost);
    else if (format_of(run) == FORMAT_NDJSON)
        whole = json_pack("{s:o}", "summary", summary(app));
    else if (format_of(run) == FORMAT_JSON)
        whole = json_pack("{s:O*, s:O*, s:O, s:o}", "provenance",
                          json_object_get(run->head, "provenance"), "tracks",
                          json_object_get(run->head, "tracks"), "results", run->results, "summary",
                          summary(app));
    else
        return MFD_OK;
    int status = !whole                       ? mfd_fail_nomem(err)
                 : app->set.dry_run           ? show_card(app, whole, err)
                 : app->format == FORMAT_JSON ? show_json(app, whole, err)
                                              : show_line(app, whole, err);
    json_decref(whole);
    return status;
}

/* Pass over what an earlier run has answered. */
static int skip(struct run *run, struct mfd_error *err)
{
    for (; run->done < run->batch->skip; run->done++) {
        json_t *input = NULL;
        int status = source_next(run->batch->source, &input, err);
        json_decref(input);
        if (status < 0)
            return status;
        if (status == 0)
            return mfd_fail(err, MFD_EMISMATCH,
                            "the input is shorter than what has been answered; "
                            "start over with --fresh");
    }
    while (source_line(run->batch->source))
        source_line_done(run->batch->source);
    return MFD_OK;
}

int batch_run(const struct batch *batch, struct mfd_error *err)
{
    struct run run = { .batch = batch, .pending = json_array(), .results = json_array() };
    int status = run.pending && run.results ? MFD_OK : mfd_fail_nomem(err);
    run.most = PIECE_ITEMS;
    if (status == MFD_OK)
        status = skip(&run, err);
    progress_begin(&run.progress, batch->app, run.done, source_progress(batch->source));
    if (status == MFD_OK)
        status = fill(&run, err);
    if (status == MFD_OK && !json_array_size(run.pending) && !batch->skip)
        status = mfd_fail(err, MFD_EINVAL, "there is nothing to ask: the input is empty");
    if (status == MFD_OK && json_array_size(run.pending) == run.most)
        read_limits(&run);
    if (status == MFD_OK)
        status = send_all(&run, err);
    progress_end(&run.progress);
    if (status == MFD_OK)
        status = finish(&run, err);
    json_decref(run.pending);
    json_decref(run.results);
    json_decref(run.head);
    json_decref(run.cost);
    json_decref(run.provenance);
    return status;
}
