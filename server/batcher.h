/* The queue before the engines. Tasks of concurrent requests for the same model are merged into
 * engine runs, and large tasks are cut into slices, so that nobody waits longer than one run for
 * his turn: clients take turns, and the tasks of a client take turns, by cost. Results do not
 * depend on the company (core/engine/engine.h), so merging is invisible. One thread runs the
 * engines, one run at a time: an engine uses every core by itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "server/task.h"

struct mfd_batcher;
struct mfd_loop;
struct mfd_metrics;
struct mfd_served; /* a loaded model: server/registry.h */
struct mfd_ticket; /* a task that waits or runs: server/flows.h */

struct mfd_batcher_options {
    size_t queue;       /* requests admitted at a time */
    double most_passes; /* a run */
    double target_s;    /* a run should take this long */
    double delay_s;     /* how long a lone task waits for company */
    int nice;           /* added to the niceness of the thread */
};

/* Starts the thread. `metrics` may be NULL. */
int mfd_batcher_new(struct mfd_batcher **out, struct mfd_loop *loop, struct mfd_metrics *metrics,
                    const struct mfd_batcher_options *options,
                    struct mfd_error *err) MFD_MUST_CHECK;
/* Ends what waits with MFD_EBUSY "shutting-down", finishes what runs, joins the thread; deliver the
 * loop's posts afterwards. */
void mfd_batcher_stop(struct mfd_batcher *batcher);
void mfd_batcher_free(struct mfd_batcher *batcher);

/* Take a place for a request of this client, before its body is even decoded; MFD_EBUSY, slug
 * "queue-full", where there is none. An eighth of the places is kept from any single client. Give
 * it back with leave. Loop thread. */
int mfd_batcher_enter(struct mfd_batcher *batcher, const char *client,
                      struct mfd_error *err) MFD_MUST_CHECK;
void mfd_batcher_leave(struct mfd_batcher *batcher, const char *client);
/* Seconds until a queue that is full now will have room, for Retry-After; at least 1. */
unsigned mfd_batcher_retry_after(struct mfd_batcher *batcher);

/* Queue a task. `client` names the flow for fairness; `deadline_ms` is on the loop's clock, 0 =
 * none; `slack` tasks (jobs) yield to all others. The served model is referenced until done.
 * MFD_ENOMEM: nothing was queued and done will not be called. Loop thread. */
int mfd_batcher_submit(struct mfd_batcher *batcher, struct mfd_served *model, const char *client,
                       const struct mfd_task *task, uint64_t deadline_ms, bool slack,
                       mfd_task_done *done, void *arg, struct mfd_ticket **ticket,
                       struct mfd_error *err) MFD_MUST_CHECK;
/* Ask a task to stop: done follows, soon, with MFD_ECANCELLED (or with whatever it had already
 * reached). Loop thread. */
void mfd_batcher_cancel(struct mfd_batcher *batcher, struct mfd_ticket *ticket);

struct mfd_batcher_stats {
    size_t tasks;
    double passes;
    uint64_t refused, cancelled;
};
void mfd_batcher_stats(struct mfd_batcher *batcher, struct mfd_batcher_stats *stats);
