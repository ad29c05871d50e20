/* What the files of /api/v1/jobs share. */
#pragma once

#include <jansson.h>

#include "server/request.h"
#include "server/store_jobs.h"

/* What a list says of a job; NULL on lack of memory. */
json_t *mfd_job_json(struct mfd_app *app, const struct mfd_job_row *row);
/* Answer with a job as its owner sees it. */
void mfd_reply_job(struct mfd_request *rq, int status, const struct mfd_job_row *row);
/* POST /api/v1/jobs */
void mfd_job_submit(struct mfd_request *rq);
