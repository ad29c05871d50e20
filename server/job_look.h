/* A look into the store for the jobs: what has expired goes, what is to run next is found. Worker,
 * one at a time. */
#pragma once

#include "server/store_jobs.h"

struct mfd_app;

struct mfd_job_look {
    /* what is asked */
    bool want;      /* a job to run */
    int64_t resume; /* number of one that ran and tries again; 0: any that waits */
    char resume_id[MFD_JOB_ID];
    bool full; /* every place is taken: does an owner wait who has none? */
    /* what there is */
    bool found; /* `row` is to run, and is whoever looked's */
    struct mfd_job_row row;
    bool others_wait;
    bool counted;
    struct mfd_job_census census;
};

/* Failures are logged; the next look may do better. */
void mfd_job_look(struct mfd_job_look *look, struct mfd_app *app);
