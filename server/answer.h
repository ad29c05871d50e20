/* A request whose answer takes an operation: admission, limits, the answer whole or streamed. */
#pragma once

#include <stdbool.h>

struct mfd_request;

/* Begin it. True: the answer is there, a refusal; false: it will be, and rq->wake called. Loop
 * thread. */
bool mfd_answer(struct mfd_request *rq);
