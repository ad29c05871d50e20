/* The queue before the engines. Tasks of concurrent requests for the same model are merged into
 * engine runs, and large tasks are cut into slices, so that nobody waits longer than one run for
 * his turn: clients take turns, and the tasks of a client take turns, by cost. Results do not
 * depend on the company (core/engine/engine.h), so merging is invisible.
 *
 * A task is plain memory that says what to compute and where to put it; it, and all it points to,
 * stay put until its `done` is called. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/score/score.h"

enum mfd_task_kind { MFD_TASK_SEQUENCES, MFD_TASK_BINS, MFD_TASK_VARIANTS };

/* Arguments of mfd_score_sequences, mfd_score_bins or mfd_score_variants, whose comments say what
 * they mean. Tasks merge where kind, ensemble, head, genome and pad agree: so use the model's own
 * head (NULL) and pick tracks when encoding, unless the tracks are virtual. Outputs may differ. */
struct mfd_task {
    enum mfd_task_kind kind;
    const struct mfd_head *head; /* NULL: all tracks of the model */
    struct mfd_genome *genome;   /* bins, variants */
    struct mfd_ensemble ensemble;
    bool pad;
    size_t n;                         /* items; 0 is done at once */
    const struct mfd_window *windows; /* (n) sequences */
    const size_t *contig;             /* (n) bins */
    const int64_t *start;             /* (n) bins */
    struct mfd_variant *variants;     /* (n) variants; status may be changed */
    struct mfd_outputs out;           /* sequences, bins: NULL or (n, width) each */
    struct mfd_effects effects;       /* variants: likewise */
    int *status;                      /* (n) bins */
    bool *padded;                     /* (n) bins, may be NULL */
};

struct mfd_batcher;
struct mfd_served; /* a loaded model: server/registry.h */
struct mfd_ticket; /* a task that waits or runs */

/* Called on the loop thread when every item has been computed, or with the failure: MFD_ECANCELLED,
 * MFD_EBUSY (slug "deadline-exceeded" or "shutting-down"), or the engine's. The ticket is gone. */
typedef void mfd_task_done(void *arg, int status, const struct mfd_error *err);

/* Queue a task. `client` names the flow for fairness; `deadline_ms` is on the loop's clock, 0 =
 * none. The served model is referenced until done. MFD_EBUSY, slug "queue-full", where the queue is
 * full: nothing was queued and done will not be called. Loop thread. */
int mfd_batcher_submit(struct mfd_batcher *batcher, struct mfd_served *model, const char *client,
                       const struct mfd_task *task, uint64_t deadline_ms, mfd_task_done *done,
                       void *arg, struct mfd_ticket **ticket, struct mfd_error *err) MFD_MUST_CHECK;
/* Ask a task to stop: done follows, soon, with MFD_ECANCELLED (or with whatever it had already
 * reached). Loop thread. */
void mfd_batcher_cancel(struct mfd_batcher *batcher, struct mfd_ticket *ticket);

/* Whole windows that a task costs at most, nobody sharing: items x passes (x 2 for variants). */
double mfd_task_passes(const struct mfd_task *task);
/* Seconds until a queue that is full now will have room, for Retry-After; at least 1. */
unsigned mfd_batcher_retry_after(const struct mfd_batcher *batcher);
