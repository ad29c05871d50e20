/* gzip (RFC 1952) in memory, by way of zlib. */
#pragma once

#include <stddef.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/* Append the content of a gzip file, all members of it (bgzip makes many), at most `limit` bytes:
 * MFD_ELIMIT beyond, MFD_EFORMAT where it is not gzip, is cut short, or has something else behind.
 */
int mfd_gunzip(const char *bytes, size_t n, size_t limit, struct mfd_buffer *out,
               struct mfd_error *err) MFD_MUST_CHECK;
/* Append the bytes as one gzip member. False on lack of memory. */
bool mfd_gzip(const char *bytes, size_t n, struct mfd_buffer *out);

/* A member in pieces, each flushed so that the reader has all of it at once. */
struct mfd_deflate;
struct mfd_deflate *mfd_deflate_new(void);
void mfd_deflate_free(struct mfd_deflate *d);
/* `last` ends the member. */
bool mfd_deflate_add(struct mfd_deflate *d, const char *bytes, size_t n, bool last,
                     struct mfd_buffer *out);
