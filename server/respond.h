/* From the answer a handler gave to what libmicrohttpd sends. */
#pragma once

struct MHD_Response;
struct mfd_request;

/* The answer with all its headers; NULL on lack of memory. A streamed one reads from rq->stream and
 * suspends the connection while there is nothing to send. */
struct MHD_Response *mfd_respond(struct mfd_request *rq, int closing);
