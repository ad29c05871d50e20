/* problem+json (RFC 9457) into messages. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/* Fill `err` from a reply that is not 2xx: what happened, where in the request, what would be
 * accepted, and the request id to quote. `body` may be anything at all; where it is no problem
 * document, the status code speaks. Returns the status. */
int mfd_problem_fail(struct mfd_error *err, long http, const char *body, size_t n,
                     const char *request_id);
/* The same from a document that is already read, such as the last line of a stream that failed;
 * `document` may be NULL. */
int mfd_problem_fail_json(struct mfd_error *err, long http, json_t *document,
                          const char *request_id);
/* Append what happened, for people, and return the type's stable name (borrowed from `document`, or
 * ""). For problems of single items, whose place the reader knows. */
const char *mfd_problem_text(struct mfd_buffer *out, json_t *document);
