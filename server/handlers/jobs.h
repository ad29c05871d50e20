/* What the files of /api/v1/jobs share. */
#pragma once

#include <jansson.h>

#include "server/http.h"
#include "server/store_jobs.h"

/* Answer with a job as its owner sees it. */
void mfd_reply_job(struct mfd_request *rq, int status, const struct mfd_job_row *row);
/* POST /api/v1/jobs */
void mfd_job_submit(struct mfd_request *rq);
