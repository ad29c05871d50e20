#include "core/base/hash.h"

#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <stdlib.h>

#include "core/base/memory.h"

_Static_assert(MFD_MD5_BYTES == MD5_DIGEST_SIZE, "nettle's MD5 has another size");
_Static_assert(MFD_SHA512_BYTES == SHA512_DIGEST_SIZE, "nettle's SHA-512 has another size");

struct mfd_hash {
    struct md5_ctx md5;
    struct sha512_ctx sha512;
};

struct mfd_hash *mfd_hash_new(void)
{
    struct mfd_hash *h = mfd_calloc(1, sizeof *h);
    if (h) {
        md5_init(&h->md5);
        sha512_init(&h->sha512);
    }
    return h;
}

void mfd_hash_update(struct mfd_hash *h, const void *bytes, size_t n)
{
    md5_update(&h->md5, n, bytes);
    sha512_update(&h->sha512, n, bytes);
}

void mfd_hash_finish(struct mfd_hash *h, uint8_t md5[MFD_MD5_BYTES],
                     uint8_t sha512[MFD_SHA512_BYTES])
{
    md5_digest(&h->md5, MFD_MD5_BYTES, md5);
    sha512_digest(&h->sha512, MFD_SHA512_BYTES, sha512);
    mfd_hash_free(h);
}

void mfd_hash_free(struct mfd_hash *h)
{
    free(h);
}
