#include "server/batcher.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/memory.h"
#include "core/base/thread.h"
#include "server/flows.h"
#include "server/loop.h"
#include "server/merge.h"
#include "server/metrics.h"
#include "server/places.h"
#include "server/served.h"

#define LEAST_BUDGET 1.0 /* passes of a run, however slow the model */
#define FIRST_GUESS 0.02 /* seconds a pass, before anything was measured */
#define LEARNING 0.3     /* weight of the newest run in the measured pace */
#define LONGEST_RETRY 30 /* seconds */

struct mfd_batcher {
    struct mfd_loop *loop;
    struct mfd_metrics *metrics;
    struct mfd_batcher_options options;
    pthread_t thread;
    bool started;

    struct mfd_places places; /* the loop's alone */

    pthread_mutex_t lock;
    pthread_cond_t more;
    struct mfd_flows flows;
    size_t running; /* tickets in the run under way */
    double running_passes;
    double pace; /* seconds a pass of late, over all models */
    uint64_t refused, cancelled;
    bool stopping;
    struct mfd_pick *selection, *one; /* the thread's */
    volatile int cancel;              /* the run under way: nobody wants it any more */
};

/* Whole windows that an item of a task costs at most, nobody sharing. */
static double item_passes(const struct mfd_task *task)
{
    static const double windows[MFD_TASK_KINDS] = {
        [MFD_TASK_SEQUENCES] = 1, [MFD_TASK_BINS] = 1, [MFD_TASK_VARIANTS] = 2, [MFD_TASK_ISM] = 3
    };
    return mfd_ensemble_passes(task->ensemble) * windows[task->kind];
}

/* On the loop: the last of a ticket. */
static void finish(void *arg)
{
    struct mfd_ticket *t = arg;
    t->done(t->arg, t->status, &t->err);
    mfd_served_unref(t->model);
    free(t);
}

/* Under lock: no run holds the ticket and none will. */
static void complete(struct mfd_batcher *b, struct mfd_ticket *t)
{
    if (t->status == MFD_ECANCELLED || t->status == MFD_EBUSY)
        b->cancelled++;
    t->post = (struct mfd_post){ .fn = finish, .arg = t };
    mfd_loop_post(b->loop, &t->post);
}

static void fail(struct mfd_ticket *t, int status, const char *slug, const char *message)
{
    if (t->status == MFD_OK)
        t->status = mfd_fail_as(&t->err, status, slug, "%s", message);
}

/* Take out of the queue what need not wait any longer. */
static void expire(struct mfd_ticket *t, void *arg)
{
    struct mfd_batcher *b = arg;
    uint64_t now_ms = (uint64_t)(mfd_seconds() * 1e3);
    if (t->cancelled)
        fail(t, MFD_ECANCELLED, "cancelled", "The client went away.");
    else if (b->stopping)
        fail(t, MFD_EBUSY, "shutting-down", "The server is stopping; try again in a moment.");
    else if (t->deadline_ms && now_ms >= t->deadline_ms)
        fail(t, MFD_EBUSY, "deadline-exceeded",
             "The computation did not finish in time (limit request_ms); ask for less at once, or "
             "post it as a job.");
    if (t->status == MFD_OK)
        return;
    mfd_flows_remove(&b->flows, t);
    if (!t->running)
        complete(b, t);
}

static double budget_of(const struct mfd_batcher *b, const struct mfd_ticket *lead)
{
    const double *pace = mfd_served_pace(lead->model);
    double a_pass = pace[lead->task.kind] > 0 ? pace[lead->task.kind] : FIRST_GUESS;
    return fmax(LEAST_BUDGET, fmin(b->options.most_passes, b->options.target_s / a_pass));
}

/* Under lock; sleeps until there is something to run. False: stop. */
static bool wait_for_work(struct mfd_batcher *b)
{
    for (;;) {
        mfd_flows_each(&b->flows, expire, b);
        const struct mfd_ticket *lead = mfd_flows_next(&b->flows);
        if (!lead && b->stopping)
            return false;
        if (!lead) {
            pthread_cond_wait(&b->more, &b->lock);
            continue;
        }
        double until = lead->queued_s + b->options.delay_s;
        if (b->options.delay_s <= 0 || b->flows.passes >= budget_of(b, lead) ||
            mfd_seconds() >= until)
            return true;
        struct timespec at = { .tv_sec = (time_t)until,
                               .tv_nsec = (long)((until - floor(until)) * 1e9) };
        pthread_cond_timedwait(&b->more, &b->lock, &at);
    }
}

static void learn(struct mfd_batcher *b, struct mfd_ticket *lead, double passes, double took)
{
    double *pace = &mfd_served_pace(lead->model)[lead->task.kind];
    double now = took / passes;
    *pace = *pace > 0 ? *pace + LEARNING * (now - *pace) : now;
    b->pace = b->pace > 0 ? b->pace + LEARNING * (now - b->pace) : now;
}

/* Is anybody left who wants what is running? */
static void check_wanted(struct mfd_batcher *b)
{
    for (size_t i = 0; i < b->selection->n; i++)
        if (!b->selection->shares[i].ticket->cancelled)
            return;
    __atomic_store_n(&b->cancel, 1, __ATOMIC_RELAXED);
}

static void begin_run(struct mfd_batcher *b)
{
    struct mfd_ticket *lead = mfd_flows_next(&b->flows);
    mfd_flows_select(&b->flows, budget_of(b, lead), b->selection);
    for (size_t i = 0; i < b->selection->n; i++)
        b->selection->shares[i].ticket->running = true;
    b->running = b->selection->n;
    b->running_passes = b->selection->passes;
    __atomic_store_n(&b->cancel, 0, __ATOMIC_RELAXED);
}

static void end_run(struct mfd_batcher *b, int status, const struct mfd_error *err)
{
    for (size_t i = 0; i < b->selection->n; i++) {
        struct mfd_ticket *t = b->selection->shares[i].ticket;
        t->running = false;
        if (status < 0 && t->status == MFD_OK) {
            t->status = status;
            t->err = *err;
        }
        if (t->cancelled)
            fail(t, MFD_ECANCELLED, "cancelled", "The client went away.");
        if (t->status < 0)
            mfd_flows_remove(&b->flows, t);
        if (!t->flow)
            complete(b, t);
    }
    b->running = 0;
    b->running_passes = 0;
    b->selection->n = 0;
}

/* One task that cannot be computed must not take down those it happened to be merged with: after a
 * failure each runs by itself, and only the culprit fails. */
static int run_apart(struct mfd_engine *engine, const struct mfd_pick *all, struct mfd_pick *one,
                     const volatile int *cancel, struct mfd_error *err)
{
    for (size_t i = 0; i < all->n; i++) {
        struct mfd_ticket *t = all->shares[i].ticket;
        *one = (struct mfd_pick){ .shares = { all->shares[i] }, .n = 1 };
        int status = mfd_merge_run(engine, one, cancel, err);
        if (status == MFD_ECANCELLED || status == MFD_ENOMEM)
            return status;
        if (status < 0 && t->status == MFD_OK) {
            t->status = status; /* the ticket is this thread's while it runs */
            t->err = *err;
        }
    }
    return MFD_OK;
}

static int compute(struct mfd_batcher *b, struct mfd_error *err)
{
    struct mfd_engine *engine = mfd_served_engine(b->selection->shares[0].ticket->model);
    int status = mfd_merge_run(engine, b->selection, &b->cancel, err);
    if (status < 0 && b->selection->n > 1 && status != MFD_ECANCELLED && status != MFD_ENOMEM)
        status = run_apart(engine, b->selection, b->one, &b->cancel, err);
    return status;
}

static bool is_computed(const struct mfd_task *task, size_t item)
{
    if (task->kind == MFD_TASK_VARIANTS)
        return mfd_variant_scored(task->variants[item].status);
    return task->kind != MFD_TASK_BINS || task->status[item] == MFD_OK;
}

/* Items of a run that have values now: what was not scored, and what failed, has none. */
static size_t computed_items(const struct mfd_pick *sel)
{
    size_t n = 0;
    for (size_t i = 0; i < sel->n; i++) {
        const struct mfd_share *share = &sel->shares[i];
        for (size_t k = 0; share->ticket->status == MFD_OK && k < share->n; k++)
            n += is_computed(&share->ticket->task, share->first + k);
    }
    return n;
}

/* Windows that a model's engine has computed so far. */
static uint64_t windows_of(const struct mfd_ticket *lead)
{
    struct mfd_engine_stats stats;
    mfd_engine_stats(mfd_served_engine(lead->model), &stats);
    return stats.windows;
}

static void *run(void *arg)
{
    static const char *const kinds[] = { "sequences", "bins", "variants", "ism" };
    struct mfd_batcher *b = arg;
    mfd_thread_describe("mfd-compute", b->options.nice);
    pthread_mutex_lock(&b->lock);
    while (wait_for_work(b)) {
        struct mfd_error err = MFD_ERROR_INIT;
        begin_run(b);
        const struct mfd_pick *sel = b->selection;
        struct mfd_ticket *lead = sel->shares[0].ticket;
        double oldest = lead->queued_s, start = mfd_seconds();
        uint64_t before = windows_of(lead);
        for (size_t i = 1; i < sel->n; i++)
            oldest = fmin(oldest, sel->shares[i].ticket->queued_s);
        pthread_mutex_unlock(&b->lock);
        int status = compute(b, &err);
        double took = mfd_seconds() - start;
        if (b->metrics)
            mfd_metrics_run(b->metrics, kinds[lead->task.kind], sel->n,
                            status == MFD_OK ? computed_items(sel) : 0,
                            (double)(windows_of(lead) - before), start - oldest, took);
        pthread_mutex_lock(&b->lock);
        if (status == MFD_OK)
            learn(b, lead, sel->passes, took);
        end_run(b, status, &err);
    }
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

int mfd_batcher_new(struct mfd_batcher **out, struct mfd_loop *loop, struct mfd_metrics *metrics,
                    const struct mfd_batcher_options *options, struct mfd_error *err)
{
    struct mfd_batcher *b = mfd_calloc(1, sizeof *b);
    if (b)
        b->selection = mfd_calloc(2, sizeof *b->selection);
    if (!b || !b->selection) {
        free(b);
        return mfd_fail_nomem(err);
    }
    b->one = b->selection + 1;
    b->loop = loop;
    b->metrics = metrics;
    b->options = *options;
    b->places.most = options->queue;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->more, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&b->lock, NULL);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    b->started = pthread_create(&b->thread, NULL, run, b) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!b->started) {
        mfd_batcher_free(b);
        return mfd_fail(err, MFD_ENOMEM, "cannot start the compute thread");
    }
    *out = b;
    return MFD_OK;
}

void mfd_batcher_stop(struct mfd_batcher *b)
{
    if (!b || !b->started)
        return;
    pthread_mutex_lock(&b->lock);
    b->stopping = true;
    pthread_cond_signal(&b->more);
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    b->started = false;
}

void mfd_batcher_free(struct mfd_batcher *b)
{
    if (!b)
        return;
    mfd_batcher_stop(b);
    pthread_cond_destroy(&b->more);
    pthread_mutex_destroy(&b->lock);
    mfd_places_deinit(&b->places);
    free(b->selection);
    free(b);
}

int mfd_batcher_enter(struct mfd_batcher *b, const char *client, struct mfd_error *err)
{
    int status = mfd_places_take(&b->places, client, err);
    if (status != MFD_EBUSY)
        return status;
    pthread_mutex_lock(&b->lock);
    b->refused++;
    pthread_mutex_unlock(&b->lock);
    return status;
}

void mfd_batcher_leave(struct mfd_batcher *b, const char *client)
{
    mfd_places_give_back(&b->places, client);
}

unsigned mfd_batcher_retry_after(struct mfd_batcher *b)
{
    pthread_mutex_lock(&b->lock);
    double wait = (b->flows.passes + b->running_passes) * (b->pace > 0 ? b->pace : FIRST_GUESS);
    pthread_mutex_unlock(&b->lock);
    return (unsigned)fmin(LONGEST_RETRY, fmax(1, ceil(wait / 2)));
}

int mfd_batcher_submit(struct mfd_batcher *b, struct mfd_served *model, const char *client,
                       const struct mfd_task *task, uint64_t deadline_ms, bool slack,
                       mfd_task_done *done, void *arg, struct mfd_ticket **ticket,
                       struct mfd_error *err)
{
    struct mfd_ticket *t = mfd_calloc(1, sizeof *t);
    if (!t)
        return mfd_fail_nomem(err);
    *t = (struct mfd_ticket){
        .task = *task,
        .item_passes = item_passes(task),
        .deadline_ms = deadline_ms,
        .queued_s = mfd_seconds(),
        .slack = slack,
        .done = done,
        .arg = arg,
    };
    t->model = mfd_served_ref(model);
    pthread_mutex_lock(&b->lock);
    int status = MFD_OK;
    if (b->stopping)
        fail(t, MFD_EBUSY, "shutting-down", "The server is stopping; try again in a moment.");
    if (task->n == 0 || b->stopping)
        complete(b, t);
    else
        status = mfd_flows_add(&b->flows, t, client);
    pthread_cond_signal(&b->more);
    pthread_mutex_unlock(&b->lock);
    if (status < 0) {
        mfd_served_unref(model);
        free(t);
        return mfd_fail_nomem(err);
    }
    *ticket = t;
    return MFD_OK;
}

void mfd_batcher_cancel(struct mfd_batcher *b, struct mfd_ticket *ticket)
{
    pthread_mutex_lock(&b->lock);
    ticket->cancelled = true;
    if (ticket->running)
        check_wanted(b);
    else if (ticket->flow)
        expire(ticket, b);
    pthread_mutex_unlock(&b->lock);
}

void mfd_batcher_stats(struct mfd_batcher *b, struct mfd_batcher_stats *stats)
{
    pthread_mutex_lock(&b->lock);
    *stats = (struct mfd_batcher_stats){
        .tasks = b->flows.tickets + b->running,
        .passes = b->flows.passes,
        .refused = b->refused,
        .cancelled = b->cancelled,
    };
    pthread_mutex_unlock(&b->lock);
}
