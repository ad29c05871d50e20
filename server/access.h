/* What is noted of a request when it is over: a line of the access log and the metrics. */
#pragma once

#include <stdbool.h>

struct mfd_request;

/* `failed`: the connection ended before the answer did. */
void mfd_access(struct mfd_request *rq, bool failed);
