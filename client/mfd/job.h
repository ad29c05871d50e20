/* Jobs: requests that the server computes in the background. */
#pragma once

#include <jansson.h>

#include "client/mfd/app.h"

#define JOBS "/api/v1/jobs"
#define JOB_KEY_REUSED "idempotency-key-reused"
#define JOB_KEY 33 /* bytes of an idempotency key that job_new_key makes */

/* What job_wait has seen last; `job` is borrowed. */
typedef void (*job_told)(void *arg, json_t *job);

/* The path of a job, and `rest` behind it. Append to `path`. */
int job_path(struct mfd_buffer *path, const char *id, const char *rest,
             struct mfd_error *err) MFD_MUST_CHECK;
/* *job is a new reference. */
int job_get(struct app *app, const char *id, json_t **job, struct mfd_error *err) MFD_MUST_CHECK;
const char *job_state(json_t *job);
bool job_has_ended(json_t *job);
/* A count in it, such as "progress.done". */
size_t job_count(json_t *job, const char *path);
/* Cancel what has not ended, forget what has. */
int job_end(struct app *app, const char *id, struct mfd_error *err) MFD_MUST_CHECK;
/* Until it has ended, in whichever way: *job is a new reference. `told` may be NULL. */
int job_wait(struct app *app, const char *id, job_told told, void *arg, json_t **job,
             struct mfd_error *err) MFD_MUST_CHECK;
/* MFD_OK where it is done, otherwise why not. */
int job_check(json_t *job, struct mfd_error *err) MFD_MUST_CHECK;
/* A name for a submission, of chance enough that no other of one owner bears it. */
int job_new_key(char key[JOB_KEY], struct mfd_error *err) MFD_MUST_CHECK;
/* Submit a body: `request` has it with its type, the parameters and perhaps a key, the rest is
 * filled in. One job is made, however often the connection breaks meanwhile. *job is a new
 * reference. */
int job_post(struct app *app, struct mfd_client_request *request, json_t **job,
             struct mfd_error *err) MFD_MUST_CHECK;
/* The same of an operation's request, whose result is to have that format. */
int job_submit(struct app *app, const char *operation, json_t *request, const char *format,
               json_t **job, struct mfd_error *err) MFD_MUST_CHECK;
/* Whether a reply of status 206 begins at byte `at` of what it is part of; MFD_EFORMAT. */
int job_check_rest(const struct mfd_client_reply *reply, json_int_t at,
                   struct mfd_error *err) MFD_MUST_CHECK;
/* What it has computed, into a sink, each byte once: where the connection breaks, the rest is asked
 * for as long as that brings something. */
int job_result(struct app *app, const char *id, mfd_client_sink sink, void *arg,
               struct mfd_error *err) MFD_MUST_CHECK;
/* Have a request (JSON text) computed as a job, wait, read its result as NDJSON, and forget it. The
 * job of that key is taken where there is one; MFD_EEXISTS, slug JOB_KEY_REUSED, where it has
 * failed or is of another request. */
int job_compute(struct app *app, const char *operation, const char *request, const char *key,
                job_told told, void *told_arg, mfd_client_sink sink, void *sink_arg,
                struct mfd_error *err) MFD_MUST_CHECK;
