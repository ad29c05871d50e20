/* What a job is asked to compute: its operation and the operation's input, as they are submitted
 * and as they are read again from the disk. */
#pragma once

#include "core/base/file.h"
#include "proto/limits.h"
#include "server/operation.h"
#include "server/router.h"
#include "server/store_jobs.h"

/* The operation of that name, as the route of a POST has it, with what it accepts and offers.
 * NULL: there is none. */
const struct mfd_route *mfd_job_operation(struct mfd_app *app, const char *name);
/* The names of all, "a, b, c". */
void mfd_job_operations(struct mfd_app *app, char *out, size_t size);

/* Parameters as the text that a row keeps: a JSON array of [name, value]. NULL on lack of memory.
 */
char *mfd_job_params_text(const struct mfd_params *params);

/* What the operation's input points to. */
struct mfd_job_input {
    struct mfd_limits limits; /* of requests, as they are for jobs */
    struct mfd_params params, queries;
    struct mfd_buffer text; /* JSON, read whole for its NUL */
    struct mfd_map map;     /* all else */
};
/* Read the input of `row` for its operation. Worker. 0, or -1 with the problem; release with
 * mfd_job_input_deinit either way. */
int mfd_job_input_load(struct mfd_job_input *in, struct mfd_app *app, const char *directory,
                       const struct mfd_job_row *row, struct mfd_operation_input *input,
                       struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_job_input_deinit(struct mfd_job_input *in);

/* Open the operation of a job that is being submitted (`row`: id, operation, content, format,
 * params, queries; its input is on disk) and complete the row with what it costs and the model it
 * is for. *dry: nothing more is wanted than `row->description`. Worker. */
int mfd_job_judge(struct mfd_app *app, const char *directory, struct mfd_job_row *row, bool *dry,
                  struct mfd_problem *problem) MFD_MUST_CHECK;
/* Do two descriptions of one request speak of the same model, genome and ensemble? */
bool mfd_job_same_basis(const char *a, const char *b);
