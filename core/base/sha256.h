/* SHA-256 (FIPS 180-4), by way of nettle. */
#pragma once

#include <stddef.h>

#define MFD_SHA256_HEX 65 /* 64 lower-case hex digits and a NUL */

struct mfd_sha256;

/* Incremental: new, update any number of times, finish (which frees). new returns NULL on lack of
 * memory. */
struct mfd_sha256 *mfd_sha256_new(void);
void mfd_sha256_update(struct mfd_sha256 *s, const void *bytes, size_t n);
void mfd_sha256_finish(struct mfd_sha256 *s, char hex[MFD_SHA256_HEX]);

/* Digest of n bytes. */
void mfd_sha256(const void *bytes, size_t n, char hex[MFD_SHA256_HEX]);
