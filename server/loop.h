/* The event loop, by way of libuv: timers, watched descriptors, signals, and messages from other
 * threads. No other room includes uv.h. All functions belong to the loop's thread but mfd_loop_post
 * and mfd_loop_now's clock. */
#pragma once

#include <stdint.h>

#include "core/base/error.h"

struct mfd_loop;
struct mfd_timer;
struct mfd_watch;

typedef void mfd_loop_fn(void *arg);

int mfd_loop_new(struct mfd_loop **out, struct mfd_error *err) MFD_MUST_CHECK;
/* Runs what is still being closed; every timer and watch must have been freed. */
void mfd_loop_free(struct mfd_loop *loop);
/* Until mfd_loop_stop. */
void mfd_loop_run(struct mfd_loop *loop);
void mfd_loop_stop(struct mfd_loop *loop);
/* Milliseconds of a monotonic clock, as of this turn of the loop. */
uint64_t mfd_loop_now(const struct mfd_loop *loop);

/* NULL on lack of memory. The function runs `ms` after start, then every `repeat` ms (0: once). */
struct mfd_timer *mfd_timer_new(struct mfd_loop *loop, mfd_loop_fn *fn, void *arg);
void mfd_timer_start(struct mfd_timer *timer, uint64_t ms, uint64_t repeat);
void mfd_timer_stop(struct mfd_timer *timer);
void mfd_timer_free(struct mfd_timer *timer); /* NULL is fine; the function is not called again */

enum mfd_watch_event {
    MFD_WATCH_READ = 1,   /* readable */
    MFD_WATCH_HANGUP = 2, /* the peer has closed, or closed its sending side */
};
/* Call `fn` whenever the event holds. The descriptor stays the caller's; free the watch before
 * closing it. NULL where the descriptor cannot be watched. */
struct mfd_watch *mfd_watch_new(struct mfd_loop *loop, int fd, enum mfd_watch_event event,
                                mfd_loop_fn *fn, void *arg);
void mfd_watch_free(struct mfd_watch *watch);

/* Call `fn` on the loop for each arrival of a signal, for the loop's life. */
int mfd_loop_on_signal(struct mfd_loop *loop, int signal, mfd_loop_fn *fn, void *arg,
                       struct mfd_error *err) MFD_MUST_CHECK;

/* A message to the loop; memory of the sender's until `fn` has been called. */
struct mfd_post {
    struct mfd_post *next;
    mfd_loop_fn *fn;
    void *arg;
};
/* Have post->fn(post->arg) called on the loop, in order. Any thread. */
void mfd_loop_post(struct mfd_loop *loop, struct mfd_post *post);
