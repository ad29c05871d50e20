#include "server/loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <uv.h>

#include "core/base/memory.h"

#define MAX_SIGNALS 4

struct signal_slot {
    uv_signal_t handle;
    mfd_loop_fn *fn;
    void *arg;
};

struct mfd_loop {
    uv_loop_t uv;
    uv_async_t wake;
    struct signal_slot signals[MAX_SIGNALS];
    size_t n_signals;
    pthread_mutex_t lock;
    struct mfd_post *first, **last; /* under lock */
};

struct mfd_timer {
    uv_timer_t handle;
    mfd_loop_fn *fn;
    void *arg;
};

struct mfd_watch {
    uv_poll_t handle;
    mfd_loop_fn *fn;
    void *arg;
};

static void deliver(uv_async_t *wake)
{
    struct mfd_loop *loop = wake->data;
    pthread_mutex_lock(&loop->lock);
    struct mfd_post *post = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->lock);
    while (post) {
        struct mfd_post *next = post->next; /* the function may free or send it again */
        post->fn(post->arg);
        post = next;
    }
}

int mfd_loop_new(struct mfd_loop **out, struct mfd_error *err)
{
    struct mfd_loop *loop = mfd_calloc(1, sizeof *loop);
    if (!loop)
        return mfd_fail_nomem(err);
    int rc = uv_loop_init(&loop->uv);
    if (rc < 0) {
        free(loop);
        return mfd_fail(err, MFD_EIO, "cannot start an event loop: %s", uv_strerror(rc));
    }
    rc = uv_async_init(&loop->uv, &loop->wake, deliver);
    if (rc < 0) {
        uv_loop_close(&loop->uv);
        free(loop);
        return mfd_fail(err, MFD_EIO, "cannot start an event loop: %s", uv_strerror(rc));
    }
    loop->wake.data = loop;
    loop->last = &loop->first;
    pthread_mutex_init(&loop->lock, NULL);
    *out = loop;
    return MFD_OK;
}

void mfd_loop_free(struct mfd_loop *loop)
{
    if (!loop)
        return;
    deliver(&loop->wake);
    uv_close((uv_handle_t *)&loop->wake, NULL);
    for (size_t i = 0; i < loop->n_signals; i++)
        uv_close((uv_handle_t *)&loop->signals[i].handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

void mfd_loop_run(struct mfd_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void mfd_loop_stop(struct mfd_loop *loop)
{
    uv_stop(&loop->uv);
}

uint64_t mfd_loop_now(const struct mfd_loop *loop)
{
    return uv_now(&loop->uv);
}

void mfd_loop_post(struct mfd_loop *loop, struct mfd_post *post)
{
    post->next = NULL;
    pthread_mutex_lock(&loop->lock);
    *loop->last = post;
    loop->last = &post->next;
    pthread_mutex_unlock(&loop->lock);
    uv_async_send(&loop->wake);
}

static void on_timer(uv_timer_t *handle)
{
    struct mfd_timer *timer = handle->data;
    timer->fn(timer->arg);
}

static void free_closed(uv_handle_t *handle)
{
    free(handle->data);
}

struct mfd_timer *mfd_timer_new(struct mfd_loop *loop, mfd_loop_fn *fn, void *arg)
{
    struct mfd_timer *timer = mfd_calloc(1, sizeof *timer);
    if (!timer)
        return NULL;
    uv_timer_init(&loop->uv, &timer->handle);
    timer->handle.data = timer;
    timer->fn = fn;
    timer->arg = arg;
    return timer;
}

void mfd_timer_start(struct mfd_timer *timer, uint64_t ms, uint64_t repeat)
{
    uv_timer_start(&timer->handle, on_timer, ms, repeat);
}

void mfd_timer_stop(struct mfd_timer *timer)
{
    uv_timer_stop(&timer->handle);
}

void mfd_timer_free(struct mfd_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->handle, free_closed);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    (void)status; /* an error on the descriptor is an event like any other: its owner will see it */
    (void)events;
    struct mfd_watch *watch = handle->data;
    watch->fn(watch->arg);
}

struct mfd_watch *mfd_watch_new(struct mfd_loop *loop, int fd, enum mfd_watch_event event,
                                mfd_loop_fn *fn, void *arg)
{
    struct mfd_watch *watch = mfd_calloc(1, sizeof *watch);
    if (!watch)
        return NULL;
    if (uv_poll_init(&loop->uv, &watch->handle, fd) < 0) {
        free(watch);
        return NULL;
    }
    watch->handle.data = watch;
    watch->fn = fn;
    watch->arg = arg;
    int rc = uv_poll_start(&watch->handle, event == MFD_WATCH_READ ? UV_READABLE : UV_DISCONNECT,
                           on_poll);
    if (rc < 0) {
        mfd_watch_free(watch);
        return NULL;
    }
    return watch;
}

void mfd_watch_free(struct mfd_watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->handle, free_closed);
}

static void on_signal(uv_signal_t *handle, int signal)
{
    (void)signal;
    struct signal_slot *slot = handle->data;
    slot->fn(slot->arg);
}

int mfd_loop_on_signal(struct mfd_loop *loop, int signal, mfd_loop_fn *fn, void *arg,
                       struct mfd_error *err)
{
    if (loop->n_signals == MAX_SIGNALS)
        return mfd_fail(err, MFD_ELIMIT, "more than %d signals", MAX_SIGNALS);
    struct signal_slot *slot = &loop->signals[loop->n_signals];
    *slot = (struct signal_slot){ .fn = fn, .arg = arg };
    uv_signal_init(&loop->uv, &slot->handle);
    slot->handle.data = slot;
    loop->n_signals++;
    int rc = uv_signal_start(&slot->handle, on_signal, signal);
    if (rc < 0)
        return mfd_fail(err, MFD_EIO, "cannot catch signal %d: %s", signal, uv_strerror(rc));
    uv_unref((uv_handle_t *)&slot->handle);
    return MFD_OK;
}
