/* One job, from its row in the store to the last byte of its result. The result grows part by part:
 * bytes are synced to the file, then counted in the store, so that after a crash the job goes on
 * behind the last part that was counted, and the result is what it would have been without. */
#pragma once

#include "proto/problem.h"
#include "server/store_jobs.h"

struct mfd_app;
struct mfd_job;
enum mfd_job_outcome {
    MFD_JOB_ENDED, /* done, failed or cancelled, and the store says so */
    MFD_JOB_LEFT,  /* to be gone on with at another time */
    MFD_JOB_STUCK, /* the disk does not let it go on: see mfd_job_problem */
};
typedef void mfd_job_over(void *arg, struct mfd_job *job, enum mfd_job_outcome outcome);

/* Run a job that the store says is running, of an operation that there is. Takes the row's
 * contents. `over` is called on the loop when it has come to rest; then mfd_job_free. NULL on lack
 * of memory (the row stays the caller's). Loop thread. */
struct mfd_job *mfd_job_start(struct mfd_app *app, struct mfd_job_row *row, mfd_job_over *over,
                              void *arg);
/* Come to rest soon; the store knows why. Loop thread. */
void mfd_job_stop(struct mfd_job *job);
/* Let others go first: come to rest when the next part of the result is there, and wait again. Loop
 * thread. */
void mfd_job_yield(struct mfd_job *job);
void mfd_job_free(struct mfd_job *job);
const char *mfd_job_owner(const struct mfd_job *job);
const char *mfd_job_id(const struct mfd_job *job);
int64_t mfd_job_number(const struct mfd_job *job);
const struct mfd_problem *mfd_job_problem(const struct mfd_job *job);
