/* From a request that has been read to its handler, on the thread its route asks for. */
#pragma once

#include <stdbool.h>

struct mfd_request;

/* Run the handler. True: the answer is there; false: it will be, and rq->wake called. Loop thread.
 */
bool mfd_dispatch(struct mfd_request *rq);
