/* Percent-encoding (RFC 3986). */
#pragma once

#include "core/base/buffer.h"

/* Append `text` with everything but unreserved characters encoded: fit for a path segment or a
 * query value. */
void mfd_url_escape(struct mfd_buffer *out, const char *text);
/* Append "name=value", both encoded, after '&' where the query has begun. */
void mfd_url_query(struct mfd_buffer *query, const char *name, const char *value);
