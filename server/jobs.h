/* Jobs that wait and run: takes them from the store in turn, runs so many at a time behind all
 * requests (server/batcher.h, slack), and sweeps what has expired. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "proto/problem.h"

struct mfd_app;
struct mfd_jobs;

/* The state directory's jobs, cleaned of what a crash left; nothing runs yet. */
int mfd_jobs_new(struct mfd_jobs **out, struct mfd_app *app, struct mfd_error *err) MFD_MUST_CHECK;
/* None may be running: see mfd_jobs_stop. Before the loop is freed. */
void mfd_jobs_free(struct mfd_jobs *jobs);

/* Models are loaded: begin. Loop thread. */
void mfd_jobs_start(struct mfd_jobs *jobs);
/* Leave what runs to the next start; `done` is called when nothing runs any more. Loop thread. */
void mfd_jobs_stop(struct mfd_jobs *jobs, void (*done)(void *arg), void *arg);

/* --- any thread --- */
/* The store has changed: a job was added, or (`ended` > 0) that number was cancelled. */
void mfd_jobs_changed(struct mfd_jobs *jobs, int64_t ended);
/* Is a running job held up by the disk? */
bool mfd_jobs_stuck(struct mfd_jobs *jobs, int64_t number, struct mfd_problem *problem);
void mfd_jobs_metrics(struct mfd_jobs *jobs, struct mfd_buffer *out);
