/* Jobs in the store: who wants what computed, and how far it is. What stands here about a result is
 * true of its file: bytes are synced there before they are counted here (server/job_files.h). */
#pragma once

#include "core/base/error.h"
#include "proto/media.h"
#include "server/store.h"
#include "server/tally.h"

enum mfd_job_state {
    MFD_JOB_QUEUED,
    MFD_JOB_RUNNING,
    MFD_JOB_DONE,
    MFD_JOB_FAILED,
    MFD_JOB_CANCELLED,
};
#define MFD_JOB_STATES 5
extern const char *const mfd_job_state_names[]; /* MFD_JOB_STATES of them, then NULL */

#define MFD_JOB_ID 17       /* 16 hex digits and a NUL */
#define MFD_JOB_KEY_MAX 255 /* bytes of an idempotency key */

/* A row; release with mfd_job_row_deinit. Times are Unix seconds, 0: not yet. */
struct mfd_job_row {
    int64_t number; /* in the order of submission */
    char id[MFD_JOB_ID];
    char *owner, *operation; /* a client (server/auth.h); a name of struct mfd_operation */
    enum mfd_media content, format;
    char *params, *queries;  /* of the operation's input: JSON arrays of [name, value] */
    char *model, *digest;    /* accepted for: "name@version" */
    char *description;       /* the operation's own, JSON, or "" */
    char *server;            /* version that wrote the result so far */
    char *key, *fingerprint; /* idempotency key or NULL; digest of the submission */
    enum mfd_job_state state;
    int64_t items, done;
    double passes;
    struct mfd_tally counts;    /* of the items done */
    int64_t input_bytes, bytes; /* of the files */
    int64_t json_bytes;         /* of the result, where tensors stand behind JSON */
    int64_t created, started, ended, expires;
    char *problem; /* JSON, where it failed; else "" */
    char *genome;  /* digest of the one it began with (server/genome_digest.h); "": none yet */
};
void mfd_job_row_deinit(struct mfd_job_row *row);

/* What a new job must leave free. */
struct mfd_job_room {
    int64_t jobs, client_jobs; /* that wait or run */
    int64_t disk_bytes;        /* of all jobs */
};

/* Add a job (of `row`: id to digest, description, server, key, fingerprint, items, passes,
 * input_bytes, created). Where the owner has used the key already nothing is added, and *before is
 * that row, else its id is "". Slugs: idempotency-key-reused, too-many-jobs, disk-full. */
int mfd_store_job_add(struct mfd_store *store, const struct mfd_job_row *row,
                      const struct mfd_job_room *room, struct mfd_job_row *before,
                      struct mfd_error *err) MFD_MUST_CHECK;
/* `owner` NULL: anybody's. MFD_ENOTFOUND. */
int mfd_store_job(struct mfd_store *store, const char *id, const char *owner,
                  struct mfd_job_row *row, struct mfd_error *err) MFD_MUST_CHECK;

struct mfd_job_query {
    const char *owner; /* NULL: everybody's */
    int state;         /* -1: any */
    int64_t before;    /* number; -1: from the newest */
    size_t limit;
};
/* Newest first; free each and then the array. *next is for `before`, or -1. */
int mfd_store_jobs(struct mfd_store *store, const struct mfd_job_query *query,
                   struct mfd_job_row **rows, size_t *n, int64_t *next,
                   struct mfd_error *err) MFD_MUST_CHECK;

/* After a start: what ran when the daemon ended waits again, ahead of all others. */
int mfd_store_jobs_recover(struct mfd_store *store, struct mfd_error *err) MFD_MUST_CHECK;
/* Let the next job run: one that ran when the daemon ended, else one of the owner with the fewest
 * running, whose last turn is longest ago; of these one that has begun, else the oldest. *found:
 * there was one, `row` is it. */
int mfd_store_job_next(struct mfd_store *store, int64_t now, bool *found, struct mfd_job_row *row,
                       struct mfd_error *err) MFD_MUST_CHECK;

/* Does a job wait whose owner has none running? */
int mfd_store_jobs_others_wait(struct mfd_store *store, bool *wait,
                               struct mfd_error *err) MFD_MUST_CHECK;
/* A running job waits again, as others do. */
int mfd_store_job_yield(struct mfd_store *store, int64_t number,
                        struct mfd_error *err) MFD_MUST_CHECK;

/* How far a result is. */
struct mfd_job_progress {
    int64_t done, bytes, json_bytes;
    struct mfd_tally counts;
};
/* Note it for a running job; MFD_ECANCELLED where it runs no more. disk-full where all jobs
 * together are larger than `disk_bytes`. */
int mfd_store_job_progress(struct mfd_store *store, int64_t number,
                           const struct mfd_job_progress *progress, int64_t disk_bytes,
                           struct mfd_error *err) MFD_MUST_CHECK;
/* The same for the last piece: the job is done. */
int mfd_store_job_done(struct mfd_store *store, int64_t number,
                       const struct mfd_job_progress *progress, int64_t now, int64_t expires,
                       struct mfd_error *err) MFD_MUST_CHECK;
/* What it computes from now on is of the genome with that digest. */
int mfd_store_job_genome(struct mfd_store *store, int64_t number, const char *digest,
                         struct mfd_error *err) MFD_MUST_CHECK;
/* Forget what was computed: another version of the server goes on with it. */
int mfd_store_job_restart(struct mfd_store *store, int64_t number, const char *server,
                          struct mfd_error *err) MFD_MUST_CHECK;
/* A job that waits or runs fails (`problem`: JSON) or is cancelled (NULL). *changed: it was one. */
int mfd_store_job_end(struct mfd_store *store, int64_t number, const char *problem, int64_t now,
                      int64_t expires, bool *changed, struct mfd_error *err) MFD_MUST_CHECK;
/* Forget an ended job. */
int mfd_store_job_delete(struct mfd_store *store, int64_t number,
                         struct mfd_error *err) MFD_MUST_CHECK;
/* Forget a job that has expired by now; its id, or "" where there is none. */
int mfd_store_job_expire(struct mfd_store *store, int64_t now, char id[MFD_JOB_ID],
                         struct mfd_error *err) MFD_MUST_CHECK;

struct mfd_job_census {
    int64_t jobs[MFD_JOB_STATES];
    int64_t bytes; /* inputs and results */
};
int mfd_store_jobs_count(struct mfd_store *store, struct mfd_job_census *census,
                         struct mfd_error *err) MFD_MUST_CHECK;
