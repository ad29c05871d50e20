/* MD5 (RFC 1321) and SHA-512 (FIPS 180-4) of a stream, both at once, by way of nettle. MD5 is here
 * because GA4GH refget and SAM headers name sequences by it, for nothing that has to be secure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MFD_MD5_BYTES 16
#define MFD_SHA512_BYTES 64

struct mfd_hash;

/* new, update any number of times, finish (which frees). new returns NULL on lack of memory; free
 * gives up a stream, NULL too. */
struct mfd_hash *mfd_hash_new(void);
void mfd_hash_update(struct mfd_hash *h, const void *bytes, size_t n);
void mfd_hash_finish(struct mfd_hash *h, uint8_t md5[MFD_MD5_BYTES],
                     uint8_t sha512[MFD_SHA512_BYTES]);
void mfd_hash_free(struct mfd_hash *h);
