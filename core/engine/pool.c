#include "core/engine/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/base/memory.h"
#include "core/base/thread.h"

/* Loops follow one another within microseconds while a batch runs, so a worker spins a little
 * before it sleeps. */
#define SPINS 20000

struct worker {
    struct mfd_pool *pool;
    unsigned number;
    pthread_t thread;
};

/* A loop is over when its items are done, whoever did them: nobody waits for a worker that the
 * system has not let run. So a worker may look at any time, and reads what to do only once it has
 * taken an item, because until that item is done the loop cannot end. */
struct mfd_pool {
    unsigned threads;
    int nice;
    struct worker *workers; /* threads - 1 */
    void (*fn)(void *, size_t, unsigned);
    void *context;
    size_t n;
    atomic_size_t untaken;    /* items nobody took: the next is n - untaken */
    atomic_size_t unfinished; /* items not done */
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    sched_yield();
#endif
}

static void take_items(struct mfd_pool *p, unsigned number)
{
    size_t left = atomic_load_explicit(&p->untaken, memory_order_relaxed);
    while (left > 0) {
        if (!atomic_compare_exchange_weak_explicit(&p->untaken, &left, left - 1,
                                                   memory_order_acquire, memory_order_relaxed))
            continue;
        p->fn(p->context, p->n - left, number);
        atomic_fetch_sub_explicit(&p->unfinished, 1, memory_order_release);
        left = atomic_load_explicit(&p->untaken, memory_order_relaxed);
    }
}

static bool idle(struct mfd_pool *p)
{
    return atomic_load_explicit(&p->untaken, memory_order_relaxed) == 0 &&
           !atomic_load_explicit(&p->stop, memory_order_relaxed);
}

static void await_items(struct mfd_pool *p)
{
    for (int i = 0; i < SPINS; i++) {
        if (!idle(p))
            return;
        pause_briefly();
    }
    pthread_mutex_lock(&p->lock);
    while (idle(p))
        pthread_cond_wait(&p->wake, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static void *work(void *argument)
{
    struct worker *w = argument;
    mfd_thread_describe("mfd-compute", w->pool->nice);
    while (!atomic_load_explicit(&w->pool->stop, memory_order_relaxed)) {
        take_items(w->pool, w->number);
        await_items(w->pool);
    }
    return NULL;
}

void mfd_pool_run(struct mfd_pool *p, void (*fn)(void *, size_t, unsigned), void *context, size_t n)
{
    if (p->threads == 1 || n <= 1) {
        for (size_t item = 0; item < n; item++)
            fn(context, item, 0);
        return;
    }
    p->fn = fn;
    p->context = context;
    p->n = n;
    atomic_store_explicit(&p->unfinished, n, memory_order_relaxed);
    pthread_mutex_lock(&p->lock); /* or a worker could look, find nothing and sleep through it */
    atomic_store_explicit(&p->untaken, n, memory_order_release);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    take_items(p, 0);
    for (unsigned spins = 0; atomic_load_explicit(&p->unfinished, memory_order_acquire) != 0;
         spins++) {
        if (spins < SPINS)
            pause_briefly();
        else
            sched_yield();
    }
}

static void stop_workers(struct mfd_pool *p, unsigned started)
{
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, true);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < started; i++)
        pthread_join(p->workers[i].thread, NULL);
}

int mfd_pool_new(struct mfd_pool **out, unsigned threads, int nice, struct mfd_error *err)
{
    if (threads < 1 || threads > 1024)
        return mfd_fail(err, MFD_EINVAL, "%u worker threads asked for; 1 to 1024 are possible",
                        threads);
    struct mfd_pool *p = mfd_calloc(1, sizeof *p);
    struct worker *workers = mfd_calloc(threads, sizeof *workers);
    if (!p || !workers) {
        free(p);
        free(workers);
        return mfd_fail_nomem(err);
    }
    p->workers = workers;
    p->threads = threads;
    p->nice = nice;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    for (unsigned i = 0; i + 1 < threads; i++) {
        workers[i] = (struct worker){ .pool = p, .number = i + 1 };
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            stop_workers(p, i);
            p->threads = 1;
            mfd_pool_free(p);
            return mfd_fail(err, MFD_ENOMEM, "cannot start worker thread %u of %u", i + 1, threads);
        }
    }
    *out = p;
    return MFD_OK;
}

void mfd_pool_free(struct mfd_pool *p)
{
    if (!p)
        return;
    if (p->threads > 1)
        stop_workers(p, p->threads - 1);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p);
}

unsigned mfd_pool_threads(const struct mfd_pool *p)
{
    return p->threads;
}
