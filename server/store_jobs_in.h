/* The inside of the store's jobs, for its own files. */
#pragma once

#include "server/store_in.h"
#include "server/store_jobs.h"

#define MFD_JOB_COLUMNS                                                                            \
    "number, id, owner, operation, params, queries, model, digest, description, server, "          \
    "fingerprint, problem, genome, key, content, format, state, items, done, passes, ok, "         \
    "skipped, error, "                                                                             \
    "input_bytes, bytes, json_bytes, created, started, ended, expires"
#define MFD_JOB_WAITS_OR_RUNS "state < 2" /* see enum mfd_job_state */

/* The one row of a query of these columns, which is ended; *found tells whether there is one. */
int mfd_job_read_one(struct mfd_query *q, bool *found, struct mfd_job_row *row,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* Bytes of all inputs and results, and the failure where they are more than `most`. */
int mfd_jobs_disk_used(sqlite3 *db, int64_t *bytes, struct mfd_error *err) MFD_MUST_CHECK;
int mfd_jobs_fail_disk(int64_t used, int64_t most, struct mfd_error *err);
