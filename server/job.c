#include "server/job.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "server/app.h"
#include "server/drive.h"
#include "server/genome_digest.h"
#include "server/job_files.h"
#include "server/job_input.h"
#include "server/registry.h"
#include "server/router.h"
#include "server/settings.h"

/* Window passes of a part: some seconds of work, which is what a crash may cost. */
#define PART_PASSES 1024.0
#define PART_ITEMS 256

struct mfd_job {
    struct mfd_app *app;
    struct mfd_job_row row;
    struct mfd_job_input input;
    const struct mfd_route *route;
    struct mfd_drive *drive;
    struct mfd_job_progress progress; /* as the store has it */
    int fd;                           /* of the result */
    bool stuck;                       /* the disk was the reason */
    atomic_int stopping, yielding;
    enum mfd_job_outcome outcome;
    struct mfd_problem problem;
    mfd_job_over *over;
    void *arg;
};

const char *mfd_job_id(const struct mfd_job *job)
{
    return job->row.id;
}

const char *mfd_job_owner(const struct mfd_job *job)
{
    return job->row.owner;
}

int64_t mfd_job_number(const struct mfd_job *job)
{
    return job->row.number;
}

const struct mfd_problem *mfd_job_problem(const struct mfd_job *job)
{
    return &job->problem;
}

static const char *directory(const struct mfd_job *job)
{
    return mfd_app_job_dir(job->app);
}

/* --- steps of the drive, on a worker --- */

/* A disk that refuses is no fault of the job: it waits until the disk is better. */
static int stuck(struct mfd_job *job, const struct mfd_error *err, struct mfd_problem *problem)
{
    job->stuck = err->status != MFD_ECANCELLED;
    return mfd_problem_from_error(problem, err, NULL);
}

static int begin(void *arg, struct mfd_operation_input *input, struct mfd_problem *problem)
{
    struct mfd_job *job = arg;
    struct mfd_error err = MFD_ERROR_INIT;
    int status =
        mfd_job_input_load(&job->input, job->app, directory(job), &job->row, input, problem);
    if (status)
        return status;
    status = mfd_job_result_open(directory(job), job->row.id, job->progress.bytes, &job->fd, &err);
    if (status == MFD_EMISMATCH)
        return mfd_problem_set(problem, "internal", NULL, "%s", err.message);
    return status < 0 ? stuck(job, &err, problem) : 0;
}

/* All of a result is of one genome: of the files as they were when its first part was computed. */
static int check_genome(struct mfd_job *job, const struct mfd_operation_plan *plan,
                        struct mfd_problem *problem)
{
    char digest[MFD_SHA256_HEX];
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_store *store = mfd_app_store(job->app);
    if (!plan->genome)
        return 0;
    int status = mfd_genome_digest(store, plan->genome, digest, &job->stopping, &err);
    if (status == MFD_EMISMATCH)
        return mfd_problem_set(problem, "genome-changed", NULL, "Genome '%s': %s",
                               plan->genome_name, err.message);
    if (status < 0)
        return mfd_problem_from_error(problem, &err, NULL);
    if (job->progress.done == 0 || !job->row.genome[0]) /* "": an older server began it */
        status = mfd_store_job_genome(store, job->row.number, digest, &err);
    else if (strcmp(job->row.genome, digest) != 0)
        return mfd_problem_set(
            problem, "genome-changed", NULL,
            "The first %lld results are of genome '%s' with the digest %s, which "
            "is now %s; submit the job again.",
            (long long)job->progress.done, plan->genome_name, job->row.genome, digest);
    return status < 0 ? stuck(job, &err, problem) : 0;
}

/* The operation must understand the request as it did when the job was accepted. */
static bool opened(void *arg, void *state, struct mfd_operation_plan *plan,
                   struct mfd_problem *problem)
{
    struct mfd_job *job = arg;
    struct mfd_buffer now = MFD_BUFFER_INIT;
    const struct mfd_operation *op = job->route->operation;
    bool same = (int64_t)plan->items == job->row.items;
    if (same && job->row.description[0])
        same = op->describe(state, &now, problem) == 0 &&
               mfd_job_same_basis(job->row.description, now.data);
    mfd_buffer_deinit(&now);
    if (!same && !problem->type)
        mfd_problem_set(problem, "model-gone", NULL,
                        "The request does not mean what it meant when the job was accepted: the "
                        "genome or the bundle has been replaced. Submit it again.");
    return same && check_genome(job, plan, problem) == 0;
}

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

static int64_t expiry(const struct mfd_job *job)
{
    return now_s() + mfd_app_settings(job->app)->jobs_keep_s;
}

static int add_text(void *arg, struct mfd_buffer *text, const struct mfd_operation_part *part,
                    struct mfd_problem *problem)
{
    struct mfd_job *job = arg;
    struct mfd_error err = MFD_ERROR_INIT;
    struct mfd_store *store = mfd_app_store(job->app);
    struct mfd_job_progress next = job->progress;
    next.bytes += (int64_t)text->len;
    if (part) {
        next.done += (int64_t)part->n;
        mfd_tally_add(&next.counts, &part->counts);
        next.json_bytes = (int64_t)part->json_bytes;
    }
    int status = mfd_job_result_append(job->fd, job->progress.bytes, text->data, text->len, &err);
    if (status == MFD_OK && part)
        status = mfd_store_job_progress(store, job->row.number, &next,
                                        mfd_app_limits(job->app)->job_disk_bytes, &err);
    else if (status == MFD_OK)
        status = mfd_store_job_done(store, job->row.number, &next, now_s(), expiry(job), &err);
    if (status < 0)
        return stuck(job, &err, problem);
    job->progress = next;
    if (part && atomic_load(&job->yielding))
        return mfd_problem_set(problem, "cancelled", NULL, "Others go first.");
    return 0;
}

static void note_failure(struct mfd_job *job, const struct mfd_problem *problem)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    struct mfd_error err = MFD_ERROR_INIT;
    bool changed;
    mfd_problem_encode(problem, NULL, NULL, &text);
    int status = text.failed ? mfd_fail_nomem(&err)
                             : mfd_store_job_end(mfd_app_store(job->app), job->row.number,
                                                 text.data, now_s(), expiry(job), &changed, &err);
    mfd_buffer_deinit(&text);
    job->outcome = MFD_JOB_ENDED;
    if (status == MFD_OK)
        return;
    job->outcome = MFD_JOB_STUCK; /* it will fail again, and be noted then */
    mfd_problem_from_error(&job->problem, &err, NULL);
}

/* For another time; where it makes room, as one that waits. */
static void leave(struct mfd_job *job)
{
    struct mfd_error err = MFD_ERROR_INIT;
    job->outcome = MFD_JOB_LEFT;
    if (!atomic_load(&job->yielding) || atomic_load(&job->stopping) ||
        mfd_store_job_yield(mfd_app_store(job->app), job->row.number, &err) == MFD_OK)
        return;
    job->outcome = MFD_JOB_STUCK;
    mfd_problem_from_error(&job->problem, &err, NULL);
}

static void closing(void *arg, const struct mfd_problem *problem)
{
    static const char *const interrupted[] = { "cancelled", "shutting-down" };
    struct mfd_job *job = arg;
    if (job->fd >= 0)
        close(job->fd);
    job->fd = -1;
    job->outcome = MFD_JOB_ENDED;
    if (problem) {
        job->problem = *problem;
        bool left = false;
        for (size_t i = 0; i < sizeof interrupted / sizeof *interrupted; i++)
            left = left || strcmp(problem->type->slug, interrupted[i]) == 0;
        if (job->stuck)
            job->outcome = MFD_JOB_STUCK;
        else if (left)
            leave(job);
        else
            note_failure(job, problem);
    }
    mfd_job_input_deinit(&job->input);
    if (job->outcome == MFD_JOB_ENDED)
        mfd_job_input_remove(directory(job), job->row.id);
}

/* --- on the loop --- */

static void progress(void *arg)
{
    (void)arg;
}

static bool full(void *arg)
{
    (void)arg;
    return false;
}

static void done(void *arg)
{
    struct mfd_job *job = arg;
    job->drive = NULL;
    job->over(job->arg, job, job->outcome);
}

struct mfd_job *mfd_job_start(struct mfd_app *app, struct mfd_job_row *row, mfd_job_over *over,
                              void *arg)
{
    struct mfd_job *job = mfd_calloc(1, sizeof *job);
    if (!job)
        return NULL;
    const struct mfd_drive_owner owner = { job,      begin, opened,  add_text,
                                           progress, full,  closing, done };
    double item_passes = row->passes / (double)(row->items ? row->items : 1);
    double items = PART_PASSES / (item_passes > 0 ? item_passes : 1);
    job->app = app;
    job->row = *row;
    job->route = mfd_job_operation(app, row->operation);
    job->progress =
        (struct mfd_job_progress){ row->done, row->bytes, row->json_bytes, row->counts };
    job->fd = -1;
    job->over = over;
    job->arg = arg;
    const struct mfd_drive_options options = {
        .operation = job->route->operation,
        .input = { .app = app },
        .client = job->row.owner,
        .slack = true,
        .part_items = items >= PART_ITEMS ? PART_ITEMS
                      : items < 1         ? 1
                                          : (size_t)items,
        .first = (size_t)row->done,
        .counts = row->counts,
    };
    job->drive = mfd_drive_new(&options, &owner);
    if (!job->drive) {
        free(job);
        return NULL;
    }
    *row = (struct mfd_job_row){ 0 };
    mfd_drive_go(job->drive);
    return job;
}

void mfd_job_stop(struct mfd_job *job)
{
    atomic_store(&job->stopping, 1);
    if (job->drive)
        mfd_drive_cancel(job->drive);
}

void mfd_job_yield(struct mfd_job *job)
{
    atomic_store(&job->yielding, 1);
}

void mfd_job_free(struct mfd_job *job)
{
    if (!job)
        return;
    mfd_job_row_deinit(&job->row);
    free(job);
}
