#include "server/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/parse.h"
#include "proto/limits.h"
#include "server/app.h"
#include "server/batcher.h"
#include "server/drive.h"
#include "server/intake.h"
#include "server/request_in.h"

#define PART_ITEMS 256
#define PART_ITEMS_STREAMED 8 /* lines that leave together */

static bool stated_limits(struct mfd_request *rq, const struct mfd_operation_plan *plan,
                          struct mfd_problem *problem)
{
    const struct mfd_limits *limits = mfd_app_limits(rq->app);
    if (plan->items > (size_t)limits->items)
        mfd_problem_limit(problem, "items", limits->items, (int64_t)plan->items, NULL);
    else if (plan->passes > (double)limits->passes)
        mfd_problem_limit(problem, "passes", limits->passes, (int64_t)plan->passes, NULL);
    else
        return true;
    mfd_operation_suggest_job(problem);
    return false;
}

static int tensors_in(struct mfd_request *rq, struct mfd_operation_input *input,
                      struct mfd_problem *problem)
{
    const char *text = mfd_request_header(rq, MFD_TENSOR_HEADER);
    int64_t n = 0;
    if (text && !mfd_parse_i64(text, strlen(text), 1, (int64_t)input->size, &n))
        return mfd_problem_set(problem, "bad-request", NULL,
                               MFD_TENSOR_HEADER
                               " must be the bytes of JSON that the body begins with.");
    input->json_bytes = (size_t)n;
    return 0;
}

static void tensors_out(struct mfd_request *rq, size_t json_bytes)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", json_bytes);
    mfd_request_set_header(rq, MFD_TENSOR_HEADER, text);
    rq->format = MFD_MEDIA_OCTETS;
}

static int begin(void *arg, struct mfd_operation_input *input, struct mfd_problem *problem)
{
    struct mfd_request *rq = arg;
    if (mfd_intake_inflate(rq, problem) != 0)
        return -1;
    input->body = rq->match.route->accepts ? mfd_request_body(rq, &input->size) : NULL;
    return tensors_in(rq, input, problem);
}

static bool opened(void *arg, void *state, struct mfd_operation_plan *plan,
                   struct mfd_problem *problem)
{
    struct mfd_request *rq = arg;
    if (!plan->dry_run && !stated_limits(rq, plan, problem))
        return false;
    if (plan->etag[0] && mfd_request_etag(rq, plan->etag))
        return false;
    if (!plan->dry_run)
        return true;
    struct mfd_buffer text = MFD_BUFFER_INIT;
    if (rq->match.route->operation->describe(state, &text, problem) == 0)
        mfd_reply_buffer(rq, 200, MFD_MEDIA_JSON, &text);
    mfd_buffer_deinit(&text);
    return false;
}

/* Text gathers in the reply's buffer; on the loop it moves to the stream where there is one. */
static int add_text(void *arg, struct mfd_buffer *text, const struct mfd_operation_part *part,
                    struct mfd_problem *problem)
{
    struct mfd_request *rq = arg;
    struct mfd_buffer *body = &rq->reply.body;
    if (part && part->json_bytes)
        tensors_out(rq, part->json_bytes);
    if (!body->data) { /* the common case: all in one */
        *body = *text;
        *text = (struct mfd_buffer)MFD_BUFFER_INIT;
        return 0;
    }
    mfd_buffer_add(body, text->data, text->len);
    return body->failed ? mfd_problem_set(problem, "internal", NULL,
                                          "Out of memory while writing the answer.")
                        : 0;
}

static void drained(void *arg)
{
    struct mfd_request *rq = arg;
    if (rq->drive)
        mfd_drive_go(rq->drive);
}

static bool streams(const struct mfd_request *rq)
{
    return rq->format == MFD_MEDIA_NDJSON;
}

/* Lines so far go out: the answer has begun, its status is said. */
static void flush(struct mfd_request *rq)
{
    if (!rq->connection || rq->reply.body.len == 0)
        return;
    if (!rq->stream) {
        const char *accept = mfd_request_header(rq, "Accept-Encoding");
        bool gzip = mfd_media_coding_quality(accept, "gzip") > 0;
        rq->stream = mfd_stream_new(gzip, drained, rq);
        if (!rq->stream)
            return; /* then all at once, at the end */
        rq->reply.gzip = gzip;
        rq->reply.kind = MFD_REPLY_STREAM;
        rq->reply.status = 200;
        rq->reply.media = rq->format;
    }
    if (!mfd_stream_write(rq->stream, &rq->reply.body))
        mfd_drive_cancel(rq->drive);
    rq->wake(rq);
}

static void progress(void *arg)
{
    struct mfd_request *rq = arg;
    if (streams(rq))
        flush(rq);
}

static bool full(void *arg)
{
    struct mfd_request *rq = arg;
    return rq->stream && rq->connection && mfd_stream_full(rq->stream);
}

/* The answer as far as it is in one piece; of a stream, the rest. */
static void closing(void *arg, const struct mfd_problem *problem)
{
    struct mfd_request *rq = arg;
    if (rq->stream) {
        rq->drive_failed = problem != NULL;
        if (problem) {
            mfd_buffer_adds(&rq->reply.body, "{\"problem\":");
            mfd_problem_encode(problem, rq->ids.request, NULL, &rq->reply.body);
            mfd_buffer_adds(&rq->reply.body, "}\n");
        }
        return;
    }
    if (problem) {
        mfd_reply_problem(rq, problem);
    } else if (rq->reply.kind == MFD_REPLY_NONE) {
        struct mfd_buffer text = rq->reply.body;
        rq->reply.body = (struct mfd_buffer)MFD_BUFFER_INIT;
        mfd_reply_buffer(rq, 200, rq->format, &text);
    }
    mfd_reply_compress(rq);
}

static void done(void *arg)
{
    struct mfd_request *rq = arg;
    struct mfd_batcher *batcher = mfd_app_batcher(rq->app);
    rq->drive = NULL;
    mfd_batcher_leave(batcher, rq->principal.client);
    if (rq->stream) {
        bool failed = rq->drive_failed;
        if (rq->reply.body.len && !mfd_stream_write(rq->stream, &rq->reply.body))
            failed = true;
        mfd_stream_end(rq->stream, failed);
    } else if (rq->reply.status == 503) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", mfd_batcher_retry_after(batcher));
        mfd_request_set_header(rq, "Retry-After", seconds);
    }
    rq->wake(rq);
    mfd_request_unref(rq);
}

static bool refuse(struct mfd_request *rq, const struct mfd_error *err)
{
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%u", mfd_batcher_retry_after(mfd_app_batcher(rq->app)));
    mfd_request_set_header(rq, "Retry-After", seconds);
    mfd_reply_error(rq, err);
    return true;
}

bool mfd_answer(struct mfd_request *rq)
{
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_batcher *batcher = mfd_app_batcher(rq->app);
    const struct mfd_drive_owner owner = { rq,       begin, opened,  add_text,
                                           progress, full,  closing, done };
    if (mfd_batcher_enter(batcher, rq->principal.client, &err) < 0)
        return refuse(rq, &err);
    rq->deadline_ms =
        mfd_loop_now(mfd_app_loop(rq->app)) + (uint64_t)mfd_app_limits(rq->app)->request_ms;
    const struct mfd_drive_options options = {
        .operation = rq->match.route->operation,
        .input = { .app = rq->app,
                   .limits = mfd_app_limits(rq->app),
                   .params = &rq->match.params,
                   .queries = &rq->queries,
                   .content = rq->content,
                   .format = rq->format,
                   .request_id = rq->ids.request },
        .client = rq->principal.client,
        .deadline_ms = rq->deadline_ms,
        .part_items = streams(rq) ? PART_ITEMS_STREAMED : PART_ITEMS,
    };
    rq->drive = mfd_drive_new(&options, &owner);
    if (!rq->drive) {
        mfd_batcher_leave(batcher, rq->principal.client);
        mfd_reply_fail(rq, "internal", NULL, "Out of memory.");
        return true;
    }
    mfd_request_ref(rq);
    mfd_drive_go(rq->drive);
    return false;
}
