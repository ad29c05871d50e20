/* Worker threads for what must not hold up the loop: the store, decoding and encoding. Quick jobs
 * (a look into the store) go first and always find a thread; heavy ones use all but one; those that
 * nobody waits for come last and leave a thread to the heavy ones where there are enough. */
#pragma once

#include "server/loop.h"

enum mfd_work_kind { MFD_WORK_QUICK, MFD_WORK_HEAVY, MFD_WORK_SLACK };
#define MFD_WORK_KINDS 3

struct mfd_workers;

/* A job; the caller's memory until `done` has been called. */
struct mfd_work {
    mfd_loop_fn *work; /* on a worker */
    mfd_loop_fn *done; /* on the loop afterwards; may be NULL, the memory is then free after work */
    void *arg;
    enum mfd_work_kind kind;
    struct mfd_work *next; /* the pool's */
    struct mfd_post post;
};

/* `threads` at least 2. */
int mfd_workers_new(struct mfd_workers **out, struct mfd_loop *loop, unsigned threads,
                    struct mfd_error *err) MFD_MUST_CHECK;
/* Finishes what is queued, then joins the threads; deliver the loop's posts afterwards. */
void mfd_workers_free(struct mfd_workers *pool);
/* Any thread. */
void mfd_workers_submit(struct mfd_workers *pool, struct mfd_work *job);
