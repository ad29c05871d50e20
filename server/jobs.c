#include "server/jobs.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "server/app.h"
#include "server/job.h"
#include "server/job_files.h"
#include "server/job_look.h"
#include "server/loop.h"
#include "server/settings.h"
#include "server/store_jobs.h"
#include "server/workers.h"

#define TICK_MS 2000  /* how soon what has expired is gone */
#define RETRY_MS 5000 /* how soon a job tries again whether the disk is better */

/* One that runs, or did so until the disk refused. */
struct runner {
    struct runner *next;
    struct mfd_jobs *jobs;
    struct mfd_job *job;
    uint64_t since_ms; /* loop clock */
    uint64_t again_ms; /* 0: it runs; loop clock: stuck until then */
    bool yields;
};

struct mfd_jobs {
    struct mfd_app *app;
    struct mfd_timer *timer;
    bool started, stopping;
    void (*stopped)(void *arg);
    void *stopped_arg;

    /* one at a time: the worker's while `looking` */
    struct mfd_work work;
    struct mfd_job_look look;
    bool looking, look_again;

    pthread_mutex_t lock; /* for the list as others see it, and the census */
    struct runner *runners;
    size_t n;
    struct mfd_job_census census;
};

static void look(struct mfd_jobs *jobs);

/* --- running, on the loop --- */

static void forget(struct mfd_jobs *jobs, struct runner *runner)
{
    pthread_mutex_lock(&jobs->lock);
    struct runner **at = &jobs->runners;
    while (*at != runner)
        at = &(*at)->next;
    *at = runner->next;
    jobs->n--;
    pthread_mutex_unlock(&jobs->lock);
    mfd_job_free(runner->job);
    free(runner);
}

static void check_stopped(struct mfd_jobs *jobs)
{
    void (*stopped)(void *) = jobs->stopped;
    if (!stopped || jobs->looking || jobs->runners)
        return;
    jobs->stopped = NULL;
    stopped(jobs->stopped_arg);
}

static void over(void *arg, struct mfd_job *job, enum mfd_job_outcome outcome)
{
    struct runner *runner = arg;
    struct mfd_jobs *jobs = runner->jobs;
    if (outcome == MFD_JOB_STUCK && !jobs->stopping) {
        mfd_log(MFD_LOG_WARNING, "job %s waits: %s", mfd_job_id(job), mfd_job_problem(job)->detail);
        pthread_mutex_lock(&jobs->lock);
        runner->again_ms = mfd_loop_now(mfd_app_loop(jobs->app)) + RETRY_MS;
        pthread_mutex_unlock(&jobs->lock);
        return;
    }
    forget(jobs, runner);
    if (jobs->stopping)
        check_stopped(jobs);
    else
        look(jobs);
}

static struct runner *find_runner(struct mfd_jobs *jobs, int64_t number)
{
    struct runner *runner = jobs->runners;
    while (runner && mfd_job_number(runner->job) != number)
        runner = runner->next;
    return runner;
}

/* Run what the look has found. */
static void begin(struct mfd_jobs *jobs)
{
    struct runner *runner = mfd_calloc(1, sizeof *runner);
    if (runner)
        runner->job = mfd_job_start(jobs->app, &jobs->look.row, over, runner);
    if (!runner || !runner->job) { /* the store takes it for running: it is gone on with later */
        mfd_log(MFD_LOG_ERROR, "job %s: out of memory", jobs->look.row.id);
        mfd_job_row_deinit(&jobs->look.row);
        free(runner);
        return;
    }
    runner->jobs = jobs;
    runner->since_ms = mfd_loop_now(mfd_app_loop(jobs->app));
    pthread_mutex_lock(&jobs->lock);
    runner->next = jobs->runners;
    jobs->runners = runner;
    jobs->n++;
    pthread_mutex_unlock(&jobs->lock);
}

static size_t running_of(const struct mfd_jobs *jobs, const char *owner)
{
    size_t n = 0;
    for (const struct runner *r = jobs->runners; r; r = r->next)
        n += strcmp(mfd_job_owner(r->job), owner) == 0;
    return n;
}

/* All places are taken, and somebody has none: of those who have the most, the job that has had its
 * place longest gives it up, unless it has only just begun, or one does so already. */
static void make_room(struct mfd_jobs *jobs)
{
    uint64_t now = mfd_loop_now(mfd_app_loop(jobs->app));
    uint64_t turn = (uint64_t)mfd_app_settings(jobs->app)->jobs_turn_ms;
    struct runner *longest = NULL;
    size_t most = 0;
    for (struct runner *r = jobs->runners; r; r = r->next) {
        size_t n = running_of(jobs, mfd_job_owner(r->job));
        if (r->yields && !r->again_ms)
            return;
        if (r->again_ms || now - r->since_ms < turn || n < most)
            continue;
        if (n > most || !longest || r->since_ms < longest->since_ms)
            longest = r;
        most = n;
    }
    if (!longest)
        return;
    longest->yields = true;
    mfd_job_yield(longest->job);
}

static void count(struct mfd_jobs *jobs, const struct mfd_job_census *census)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->census = *census;
    pthread_mutex_unlock(&jobs->lock);
}

static void look_into_store(void *arg)
{
    struct mfd_jobs *jobs = arg;
    mfd_job_look(&jobs->look, jobs->app);
}

static void looked(void *arg)
{
    struct mfd_jobs *jobs = arg;
    struct mfd_job_look *seen = &jobs->look;
    jobs->looking = false;
    if (seen->counted)
        count(jobs, &seen->census);
    struct runner *resumed = seen->resume ? find_runner(jobs, seen->resume) : NULL;
    if (resumed)
        forget(jobs, resumed);
    if (seen->found && !jobs->stopping)
        begin(jobs);
    else if (seen->found)
        mfd_job_row_deinit(&seen->row); /* the next start goes on with it */
    if (seen->others_wait && !jobs->stopping)
        make_room(jobs);
    bool again = jobs->look_again || seen->found;
    jobs->look_again = false;
    if (jobs->stopping)
        check_stopped(jobs);
    else if (again)
        look(jobs);
}

/* A stuck one whose time has come, else whatever waits if there is a place. */
static void choose(struct mfd_jobs *jobs)
{
    uint64_t now = mfd_loop_now(mfd_app_loop(jobs->app));
    struct mfd_job_look *ask = &jobs->look;
    ask->resume = 0;
    for (struct runner *r = jobs->runners; r && !ask->resume; r = r->next)
        if (r->again_ms && now >= r->again_ms) {
            ask->resume = mfd_job_number(r->job);
            snprintf(ask->resume_id, sizeof ask->resume_id, "%s", mfd_job_id(r->job));
        }
    ask->full = jobs->n >= (size_t)mfd_app_settings(jobs->app)->jobs_at_once;
    ask->want = ask->resume || !ask->full;
}

static void look(struct mfd_jobs *jobs)
{
    if (!jobs->started || jobs->stopping)
        return;
    if (jobs->looking) {
        jobs->look_again = true;
        return;
    }
    choose(jobs);
    jobs->looking = true;
    jobs->work = (struct mfd_work){
        .work = look_into_store, .done = looked, .arg = jobs, .kind = MFD_WORK_QUICK
    };
    mfd_workers_submit(mfd_app_workers(jobs->app), &jobs->work);
}

static void tick(void *arg)
{
    look(arg);
}

void mfd_jobs_start(struct mfd_jobs *jobs)
{
    if (jobs->started || jobs->stopping)
        return;
    jobs->started = true;
    mfd_timer_start(jobs->timer, TICK_MS, TICK_MS);
    look(jobs);
}

void mfd_jobs_stop(struct mfd_jobs *jobs, void (*done)(void *arg), void *arg)
{
    jobs->stopped = done;
    jobs->stopped_arg = arg;
    jobs->stopping = true;
    mfd_timer_stop(jobs->timer);
    for (struct runner *r = jobs->runners, *next; r; r = next) {
        next = r->next;
        if (r->again_ms)
            forget(jobs, r);
        else
            mfd_job_stop(r->job);
    }
    check_stopped(jobs);
}

/* --- any thread --- */

struct message {
    struct mfd_post post;
    struct mfd_jobs *jobs;
    int64_t ended;
};

static void receive(void *arg)
{
    struct message *message = arg;
    struct mfd_jobs *jobs = message->jobs;
    struct runner *runner = message->ended ? find_runner(jobs, message->ended) : NULL;
    free(message);
    if (runner && runner->again_ms)
        forget(jobs, runner);
    else if (runner)
        mfd_job_stop(runner->job);
    look(jobs);
}

void mfd_jobs_changed(struct mfd_jobs *jobs, int64_t ended)
{
    struct message *message = mfd_calloc(1, sizeof *message);
    if (!message)
        return; /* the next tick looks anyway, and a cancelled job ends with its part */
    *message = (struct message){ .post = { .fn = receive, .arg = message }, jobs, ended };
    mfd_loop_post(mfd_app_loop(jobs->app), &message->post);
}

bool mfd_jobs_stuck(struct mfd_jobs *jobs, int64_t number, struct mfd_problem *problem)
{
    pthread_mutex_lock(&jobs->lock);
    const struct runner *runner = find_runner(jobs, number);
    bool stuck = runner && runner->again_ms;
    if (stuck)
        *problem = *mfd_job_problem(runner->job);
    pthread_mutex_unlock(&jobs->lock);
    return stuck;
}

void mfd_jobs_metrics(struct mfd_jobs *jobs, struct mfd_buffer *out)
{
    pthread_mutex_lock(&jobs->lock);
    struct mfd_job_census census = jobs->census;
    pthread_mutex_unlock(&jobs->lock);
    mfd_buffer_adds(out, "# HELP mfd_jobs Jobs, by state.\n# TYPE mfd_jobs gauge\n");
    for (int i = 0; i < MFD_JOB_STATES; i++)
        mfd_buffer_addf(out, "mfd_jobs{state=\"%s\"} %lld\n", mfd_job_state_names[i],
                        (long long)census.jobs[i]);
    mfd_buffer_addf(out,
                    "# HELP mfd_jobs_disk_bytes Inputs and results of jobs on disk.\n"
                    "# TYPE mfd_jobs_disk_bytes gauge\nmfd_jobs_disk_bytes %lld\n",
                    (long long)census.bytes);
}

int mfd_jobs_new(struct mfd_jobs **out, struct mfd_app *app, struct mfd_error *err)
{
    struct mfd_jobs *jobs = mfd_calloc(1, sizeof *jobs);
    const char *directory = mfd_app_job_dir(app);
    if (!jobs)
        return mfd_fail_nomem(err);
    pthread_mutex_init(&jobs->lock, NULL);
    jobs->app = app;
    jobs->timer = mfd_timer_new(mfd_app_loop(app), tick, jobs);
    int status = jobs->timer ? MFD_OK : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = mfd_mkdirs(directory, 0700, err);
    if (status == MFD_OK && chmod(directory, 0700) < 0) /* people's variants */
        status =
            mfd_fail(err, MFD_EIO, "cannot keep '%s' to itself: %s", directory, strerror(errno));
    if (status == MFD_OK)
        status = mfd_store_jobs_recover(mfd_app_store(app), err);
    if (status == MFD_OK)
        status = mfd_job_files_clean(directory, mfd_app_store(app), err);
    if (status < 0) {
        mfd_jobs_free(jobs);
        return status;
    }
    *out = jobs;
    return MFD_OK;
}

void mfd_jobs_free(struct mfd_jobs *jobs)
{
    if (!jobs)
        return;
    mfd_timer_free(jobs->timer);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}
