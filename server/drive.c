#include "server/drive.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/memory.h"
#include "server/app.h"
#include "server/batcher.h"
#include "server/loop.h"
#include "server/served.h"
#include "server/workers.h"

#define PARTS 2 /* one is computed while the other is encoded or prepared */

enum part_state { FREE, PREPARED, COMPUTING, COMPUTED };

struct part {
    enum part_state state;
    struct mfd_operation_part part;
    struct mfd_ticket *ticket;
    struct mfd_drive *drive;
};

enum step { OPEN, PREPARE, ENCODE, CLOSE };

struct mfd_drive {
    struct mfd_drive_options options;
    struct mfd_drive_owner owner;
    const struct mfd_operation *op;
    void *state;
    struct mfd_operation_plan plan;
    struct mfd_tally counts;
    struct part parts[PARTS];
    size_t prepared, encoded; /* items; the part of item i is parts[(i / step) % PARTS] */
    size_t part_items;
    bool opened, ended, failed; /* whose turn it is: a worker's in a step, else the loop's */
    struct mfd_problem problem;
    enum step step;
    struct part *at; /* of the step */
    struct mfd_work job;
    bool busy, cancelled; /* the loop's alone */
};

static void advance(struct mfd_drive *d);

static bool stopped(const struct mfd_drive *d)
{
    return d->failed || d->ended;
}

static void fail(struct mfd_drive *d, const char *slug, const char *detail)
{
    if (!d->failed)
        mfd_problem_set(&d->problem, slug, NULL, "%s", detail);
    d->failed = true;
}

/* --- on a worker --- */

static void prepare(struct mfd_drive *d, struct part *p)
{
    size_t left = d->plan.items - d->prepared;
    p->part = (struct mfd_operation_part){
        .first = d->prepared,
        .n = left < d->part_items ? left : d->part_items,
    };
    p->state = PREPARED;
    if (d->op->prepare(d->state, &p->part, &d->problem) != 0)
        d->failed = true;
    else
        d->prepared += p->part.n;
}

static void release(struct mfd_drive *d, struct part *p)
{
    if (p->state != FREE)
        d->op->release(d->state, &p->part);
    p->state = FREE;
}

static void open_it(struct mfd_drive *d)
{
    if (d->owner.begin(d->owner.arg, &d->options.input, &d->problem) != 0 ||
        d->op->open(&d->state, &d->options.input, &d->plan, &d->problem) != 0) {
        d->failed = true;
        return;
    }
    d->opened = true;
    d->part_items = d->options.part_items;
    if (d->plan.part_items && d->plan.part_items < d->part_items)
        d->part_items = d->plan.part_items;
    if (d->plan.whole)
        d->part_items = d->plan.items;
    if (!d->owner.opened(d->owner.arg, d->state, &d->plan, &d->problem)) {
        d->ended = true;
        d->failed = d->problem.type != NULL;
        return;
    }
    if (d->prepared < d->plan.items)
        prepare(d, d->at = &d->parts[0]);
}

static void hand_over(struct mfd_drive *d, struct mfd_buffer *text,
                      const struct mfd_operation_part *part)
{
    if (text->failed)
        fail(d, "internal", "Out of memory while writing the answer.");
    if (!d->failed && d->owner.text(d->owner.arg, text, part, &d->problem) != 0)
        d->failed = true;
    mfd_buffer_deinit(text);
}

static void finish(struct mfd_drive *d)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    if (d->op->finish(d->state, &d->counts, &text, &d->problem) != 0)
        d->failed = true;
    hand_over(d, &text, NULL);
    d->ended = true;
}

static void encode(struct mfd_drive *d, struct part *p)
{
    struct mfd_buffer text = MFD_BUFFER_INIT;
    if (d->op->encode(d->state, &p->part, &text, &d->problem) != 0) {
        d->failed = true;
        mfd_buffer_deinit(&text);
    } else {
        mfd_tally_add(&d->counts, &p->part.counts);
        hand_over(d, &text, &p->part);
    }
    d->encoded += p->part.n;
    release(d, p);
}

static void close_it(struct mfd_drive *d)
{
    for (size_t i = 0; i < PARTS; i++)
        release(d, &d->parts[i]);
    if (d->opened)
        d->op->close(d->state);
    mfd_served_unref(d->plan.model);
    d->owner.closing(d->owner.arg, d->failed ? &d->problem : NULL);
}

/* A step, and what can follow on the same thread at once. */
static void work(void *arg)
{
    struct mfd_drive *d = arg;
    if (d->step == OPEN)
        open_it(d);
    else if (d->step == PREPARE)
        prepare(d, d->at);
    else if (d->step == ENCODE)
        encode(d, d->at);
    bool complete = d->opened && !stopped(d) && d->encoded == d->plan.items;
    if (complete)
        finish(d);
    bool idle = d->step == OPEN || d->step == CLOSE || complete; /* no part is on an engine */
    if (d->step == CLOSE || (idle && stopped(d))) {
        close_it(d);
        d->step = CLOSE;
    }
}

/* --- on the loop --- */

static void computed(void *arg, int status, const struct mfd_error *err)
{
    struct part *p = arg;
    struct mfd_drive *d = p->drive;
    p->ticket = NULL;
    p->state = COMPUTED;
    if (status < 0 && !d->failed) {
        mfd_problem_from_error(&d->problem, err, NULL);
        d->failed = true;
    }
    advance(d);
}

static void compute(struct mfd_drive *d, struct part *p)
{
    struct mfd_error err = MFD_ERROR_INIT;
    p->drive = d;
    p->state = COMPUTING;
    if (p->part.task.n == 0) {
        p->state = COMPUTED;
        return;
    }
    int status = mfd_batcher_submit(mfd_app_batcher(d->options.input.app), d->plan.model,
                                    d->options.client, &p->part.task, d->options.deadline_ms,
                                    d->options.slack, computed, p, &p->ticket, &err);
    if (status < 0) {
        p->state = COMPUTED;
        fail(d, "internal", err.message);
    }
}

static void worked(void *arg)
{
    struct mfd_drive *d = arg;
    d->busy = false;
    if (d->step == CLOSE) {
        struct mfd_drive_owner owner = d->owner;
        free(d);
        owner.done(owner.arg);
        return;
    }
    if (d->step == ENCODE)
        d->owner.progress(d->owner.arg);
    for (size_t i = 0; i < PARTS && !stopped(d); i++)
        if (d->parts[i].state == PREPARED)
            compute(d, &d->parts[i]);
    advance(d);
}

static void start(struct mfd_drive *d, enum step step, struct part *p)
{
    d->step = step;
    d->at = p;
    d->busy = true;
    d->job = (struct mfd_work){ .work = work,
                                .done = worked,
                                .arg = d,
                                .kind = d->options.slack ? MFD_WORK_SLACK : MFD_WORK_HEAVY };
    mfd_workers_submit(mfd_app_workers(d->options.input.app), &d->job);
}

/* The part whose items come next in the answer, if it is computed. */
static struct part *next_computed(struct mfd_drive *d)
{
    for (size_t i = 0; i < PARTS; i++)
        if (d->parts[i].state == COMPUTED && d->parts[i].part.first == d->encoded)
            return &d->parts[i];
    return NULL;
}

static struct part *free_part(struct mfd_drive *d)
{
    for (size_t i = 0; i < PARTS && d->prepared < d->plan.items; i++)
        if (d->parts[i].state == FREE)
            return &d->parts[i];
    return NULL;
}

static bool stop_computing(struct mfd_drive *d)
{
    bool computing = false;
    for (size_t i = 0; i < PARTS; i++) {
        if (d->parts[i].state != COMPUTING)
            continue;
        computing = true;
        mfd_batcher_cancel(mfd_app_batcher(d->options.input.app), d->parts[i].ticket);
    }
    return computing;
}

/* Begin whatever can be done now. */
static void advance(struct mfd_drive *d)
{
    if (d->busy)
        return;
    if (d->cancelled)
        fail(d, "cancelled", "The client went away.");
    if (stopped(d)) {
        if (!stop_computing(d))
            start(d, CLOSE, NULL);
        return;
    }
    if (!d->opened) {
        start(d, OPEN, NULL);
        return;
    }
    struct part *p = next_computed(d);
    if (p && !d->owner.full(d->owner.arg)) {
        start(d, ENCODE, p);
        return;
    }
    p = free_part(d);
    if (p)
        start(d, PREPARE, p);
}

struct mfd_drive *mfd_drive_new(const struct mfd_drive_options *options,
                                const struct mfd_drive_owner *owner)
{
    struct mfd_drive *d = mfd_calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->options = *options;
    d->owner = *owner;
    d->op = options->operation;
    d->prepared = d->encoded = options->first;
    d->counts = options->counts;
    return d;
}

void mfd_drive_go(struct mfd_drive *d)
{
    advance(d);
}

void mfd_drive_cancel(struct mfd_drive *d)
{
    if (d->cancelled)
        return;
    d->cancelled = true;
    advance(d);
}

void mfd_drive_tick(struct mfd_drive *d)
{
    uint64_t now = mfd_loop_now(mfd_app_loop(d->options.input.app));
    if (d->busy || stopped(d) || !d->options.deadline_ms || now < d->options.deadline_ms)
        return;
    fail(d, "deadline-exceeded",
         "The answer was not complete in time (limit request_ms); ask for less at once, or post it "
         "as a job.");
    advance(d);
}
