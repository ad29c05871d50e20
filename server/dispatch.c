#include "server/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "server/answer.h"
#include "server/app.h"
#include "server/intake.h"
#include "server/request_in.h"
#include "server/upload.h"

#define COMPRESS_ON_LOOP ((size_t)64 << 10) /* bytes; more is a worker's work */

static void handle(struct mfd_request *rq)
{
    rq->match.route->handle(rq);
    if (rq->reply.kind == MFD_REPLY_NONE)
        mfd_reply_fail(rq, "internal", NULL, "The handler of %s gave no answer.",
                       rq->match.route->path);
}

static void work(void *arg)
{
    struct mfd_request *rq = arg;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_problem problem = MFD_PROBLEM_INIT;
    if (rq->upload && mfd_upload_finish(rq->upload, &err) < 0)
        mfd_reply_error(rq, &err);
    else if (mfd_intake_inflate(rq, &problem) != 0)
        mfd_reply_problem(rq, &problem);
    else
        handle(rq);
    mfd_reply_compress(rq);
}

static void worked(void *arg)
{
    struct mfd_request *rq = arg;
    rq->wake(rq);
    mfd_request_unref(rq);
}

bool mfd_dispatch(struct mfd_request *rq)
{
    const struct mfd_route *route = rq->match.route;
    if (route->operation)
        return mfd_answer(rq);
    if (route->where == MFD_ON_LOOP && !rq->body.len) {
        handle(rq);
        if (rq->reply.body.len < COMPRESS_ON_LOOP)
            mfd_reply_compress(rq);
        return true;
    }
    rq->job = (struct mfd_work){
        .work = work,
        .done = worked,
        .arg = mfd_request_ref(rq),
        .kind = rq->body.len || rq->upload || route->heavy ? MFD_WORK_HEAVY : MFD_WORK_QUICK,
    };
    mfd_workers_submit(mfd_app_workers(rq->app), &rq->job);
    return false;
}
