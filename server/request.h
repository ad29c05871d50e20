/* A request as handlers see it: read, checked and authorised, and the ways to answer it. Behind it
 * stand libmicrohttpd and the loop (server/http.h).
 *
 * What has happened before a handler runs: the route was found (404, 405), the client is who it
 * says and may do this (401, 403, 429), a format was negotiated (406), the body was read within its
 * limits and deadlines, decompressed and its type checked (408, 413, 415). What happens behind it:
 * gzip, ETag and conditional requests (304, 412), security headers, request id, traceparent, access
 * log, metrics.
 *
 * HOW A HANDLER IS WRITTEN (see server/router.h for the table that names it)
 *
 *   void mfd_handle_thing(struct mfd_request *rq)
 *   {
 *       const char *name = mfd_request_param(rq, "model");
 *       ...
 *       mfd_reply_json(rq, 200, json_pack(...));
 *   }
 *
 * Three kinds of routes:
 *
 * - MFD_ON_LOOP runs on the loop thread: microseconds only, no file, no database, no lock that is
 *   held for long. It answers before it returns.
 * - MFD_ON_WORKER runs on a worker thread: it may read the store or the disk and encode large
 *   answers. It answers before it returns; the answer goes out when it has.
 * - An operation (server/operation.h) needs the engine: decode, run in parts through the batcher,
 *   encode, streamed or whole, synchronous or as a job.
 *
 * A handler answers exactly once. Strings that the accessors return live as long as the request.
 * When the client goes away the request is cancelled: handlers may ask (mfd_request_cancelled) and
 * stop early, and an answer given afterwards is dropped. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "proto/media.h"
#include "proto/problem.h"
#include "server/params.h"

struct mfd_app;
struct mfd_request;
struct mfd_upload;

/* --- reading; any thread that runs the handler --- */

struct mfd_app *mfd_request_app(const struct mfd_request *rq);
const char *mfd_request_param(const struct mfd_request *rq,
                              const char *name); /* {name} of the path */
const char *mfd_request_query(const struct mfd_request *rq, const char *name); /* NULL: absent */
const struct mfd_params *mfd_request_params(const struct mfd_request *rq);
const struct mfd_params *mfd_request_queries(const struct mfd_request *rq);
const char *mfd_request_header(const struct mfd_request *rq, const char *name); /* NULL: absent */
/* The body, decompressed, followed by a NUL; n is 0 where there is none. */
const char *mfd_request_body(const struct mfd_request *rq, size_t *n);
/* The file of a body that went to one (struct mfd_route, upload), finished; NULL where there was no
 * such body. The request's. */
struct mfd_upload *mfd_request_upload(const struct mfd_request *rq);
enum mfd_media mfd_request_content(const struct mfd_request *rq); /* the body's type */
enum mfd_media mfd_request_format(const struct mfd_request *rq);  /* what to answer with */
/* Who asks: an id of an API key, or the address where there are none; for fairness and logs. */
const char *mfd_request_client(const struct mfd_request *rq);
bool mfd_request_is_admin(const struct mfd_request *rq); /* may he see what is others'? */
bool mfd_request_cancelled(const struct mfd_request *rq);

/* --- answering: once, from the handler --- */

/* Add a header to the answer that follows. The value is checked: control characters drop the
 * header. */
void mfd_request_set_header(struct mfd_request *rq, const char *name, const char *value);
/* State the entity tag of the answer (unquoted text of visible ASCII). GET only: true where
 * If-None-Match holds it and 304 has been answered; the handler then returns. */
bool mfd_request_etag(struct mfd_request *rq, const char *tag);
/* State it without asking what the client has. */
void mfd_request_set_etag(struct mfd_request *rq, const char *tag);
/* For PUT and DELETE: true where If-Match (or If-None-Match: *) forbids the change and 412 has been
 * answered. `tag` is the present entity's, NULL where there is none. */
bool mfd_request_precondition_failed(struct mfd_request *rq, const char *tag);

void mfd_reply_json(struct mfd_request *rq, int status, json_t *value); /* takes the reference */
/* The same under another media type of JSON. */
void mfd_reply_json_as(struct mfd_request *rq, int status, enum mfd_media media, json_t *value);
/* Takes the buffer's bytes, leaving it empty. */
void mfd_reply_buffer(struct mfd_request *rq, int status, enum mfd_media media,
                      struct mfd_buffer *body);
void mfd_reply_empty(struct mfd_request *rq, int status);
/* Bytes that outlive the daemon's work, such as an embedded file: not copied. */
void mfd_reply_static(struct mfd_request *rq, int status, enum mfd_media media, const char *bytes,
                      size_t n);
/* n bytes of an open file from `offset` on; takes the descriptor. */
void mfd_reply_file(struct mfd_request *rq, int status, enum mfd_media media, int fd,
                    uint64_t offset, size_t n);
void mfd_reply_problem(struct mfd_request *rq, const struct mfd_problem *problem);
void mfd_reply_error(struct mfd_request *rq,
                     const struct mfd_error *err); /* mfd_problem_from_error */
/* printf-style problem, for the common case. */
void mfd_reply_fail(struct mfd_request *rq, const char *slug, const char *pointer, const char *fmt,
                    ...) MFD_PRINTF(4, 5);
