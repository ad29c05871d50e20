#include "server/workers.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/base/memory.h"
#include "core/base/thread.h"

struct queue {
    struct mfd_work *first, **last;
};

struct mfd_workers {
    struct mfd_loop *loop;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct queue queues[MFD_WORK_KINDS];
    unsigned running[MFD_WORK_KINDS];
    bool stopping;
    unsigned n, started;
    pthread_t threads[];
};

/* Where the next job comes from, NULL: from nowhere, for there is none, or none that has a place.
 */
static struct queue *next_queue(struct mfd_workers *pool)
{
    struct queue *quick = &pool->queues[MFD_WORK_QUICK];
    struct queue *heavy = &pool->queues[MFD_WORK_HEAVY];
    struct queue *slack = &pool->queues[MFD_WORK_SLACK];
    unsigned lazy = pool->running[MFD_WORK_SLACK];
    if (quick->first)
        return quick;
    if (pool->running[MFD_WORK_HEAVY] + lazy + 1 >= pool->n)
        return NULL;
    if (heavy->first)
        return heavy;
    return slack->first && (lazy == 0 || lazy + 2 < pool->n) ? slack : NULL;
}

static struct mfd_work *next_job(struct mfd_workers *pool)
{
    struct queue *queue = next_queue(pool);
    if (!queue)
        return NULL;
    struct mfd_work *job = queue->first;
    queue->first = job->next;
    if (!queue->first)
        queue->last = &queue->first;
    return job;
}

static void finish(struct mfd_workers *pool, struct mfd_work *job)
{
    if (!job->done)
        return;
    job->post = (struct mfd_post){ .fn = job->done, .arg = job->arg };
    mfd_loop_post(pool->loop, &job->post);
}

static void *work(void *arg)
{
    struct mfd_workers *pool = arg;
    mfd_thread_describe("mfd-worker", 0);
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct mfd_work *job = next_job(pool);
        if (!job && pool->stopping && !pool->queues[MFD_WORK_HEAVY].first &&
            !pool->queues[MFD_WORK_SLACK].first)
            break;
        if (!job) {
            pthread_cond_wait(&pool->more, &pool->lock);
            continue;
        }
        enum mfd_work_kind kind = job->kind;
        pool->running[kind]++;
        if (next_queue(pool)) /* one wakes the next: who ends a job looks for another himself */
            pthread_cond_signal(&pool->more);
        pthread_mutex_unlock(&pool->lock);
        job->work(job->arg);
        finish(pool, job); /* the job is no longer ours */
        pthread_mutex_lock(&pool->lock);
        pool->running[kind]--;
        if (pool->stopping) /* they may wait for this one */
            pthread_cond_broadcast(&pool->more);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

int mfd_workers_new(struct mfd_workers **out, struct mfd_loop *loop, unsigned threads,
                    struct mfd_error *err)
{
    struct mfd_workers *pool = mfd_calloc(1, sizeof *pool + threads * sizeof *pool->threads);
    if (!pool)
        return mfd_fail_nomem(err);
    pool->loop = loop;
    pool->n = threads;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    for (size_t i = 0; i < MFD_WORK_KINDS; i++)
        pool->queues[i].last = &pool->queues[i].first;
    sigset_t all, old;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_BLOCK, &all, &old);
    while (pool->started < threads &&
           pthread_create(&pool->threads[pool->started], NULL, work, pool) == 0)
        pool->started++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (pool->started < threads) {
        mfd_workers_free(pool);
        return mfd_fail(err, MFD_ENOMEM, "cannot start %u worker threads", threads);
    }
    *out = pool;
    return MFD_OK;
}

void mfd_workers_free(struct mfd_workers *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->started; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void mfd_workers_submit(struct mfd_workers *pool, struct mfd_work *job)
{
    job->next = NULL;
    pthread_mutex_lock(&pool->lock);
    struct queue *queue = &pool->queues[job->kind];
    *queue->last = job;
    queue->last = &job->next;
    pthread_cond_signal(&pool->more);
    pthread_mutex_unlock(&pool->lock);
}
