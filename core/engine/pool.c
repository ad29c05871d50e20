#include "core/engine/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base/memory.h"

/* Loops follow one another within microseconds while a batch runs, so a worker spins a little
 * before it sleeps. */
#define SPINS 20000

struct worker {
    struct mfd_pool *pool;
    unsigned number;
    pthread_t thread;
};

struct mfd_pool {
    unsigned threads;
    struct worker *workers; /* threads - 1 */
    void (*fn)(void *, size_t, unsigned);
    void *context;
    size_t n;
    atomic_size_t next; /* first item nobody took */
    atomic_uint round;  /* number of loops started */
    atomic_uint busy;   /* workers that have not finished this loop */
    atomic_int stop;
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
    size_t item;
    while ((item = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->n)
        p->fn(p->context, item, number);
}

/* Wait until a loop other than `seen` began; returns its number. */
static unsigned await_round(struct mfd_pool *p, unsigned seen)
{
    unsigned round;
    for (int i = 0; i < SPINS; i++) {
        if ((round = atomic_load_explicit(&p->round, memory_order_acquire)) != seen)
            return round;
        pause_briefly();
    }
    pthread_mutex_lock(&p->lock);
    while ((round = atomic_load_explicit(&p->round, memory_order_acquire)) == seen)
        pthread_cond_wait(&p->wake, &p->lock);
    pthread_mutex_unlock(&p->lock);
    return round;
}

static void *work(void *argument)
{
    struct worker *w = argument;
    struct mfd_pool *p = w->pool;
    unsigned round = 0;
    for (;;) {
        round = await_round(p, round);
        if (atomic_load(&p->stop))
            return NULL;
        take_items(p, w->number);
        atomic_fetch_sub_explicit(&p->busy, 1, memory_order_release);
    }
}

static void start_round(struct mfd_pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add_explicit(&p->round, 1, memory_order_release);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

void mfd_pool_run(struct mfd_pool *p, void (*fn)(void *, size_t, unsigned), void *context, size_t n)
{
    p->fn = fn;
    p->context = context;
    p->n = n;
    atomic_store_explicit(&p->next, 0, memory_order_relaxed);
    if (p->threads > 1 && n > 1) {
        atomic_store_explicit(&p->busy, p->threads - 1, memory_order_relaxed);
        start_round(p);
    }
    take_items(p, 0);
    for (unsigned spins = 0; atomic_load_explicit(&p->busy, memory_order_acquire) != 0; spins++) {
        if (spins < SPINS)
            pause_briefly();
        else
            sched_yield();
    }
}

static void stop_workers(struct mfd_pool *p, unsigned started)
{
    atomic_store(&p->stop, 1);
    start_round(p);
    for (unsigned i = 0; i < started; i++)
        pthread_join(p->workers[i].thread, NULL);
}

int mfd_pool_new(struct mfd_pool **out, unsigned threads, struct mfd_error *err)
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
