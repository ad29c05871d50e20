#include "core/base/sha256.h"

#include <nettle/sha2.h>
#include <stdlib.h>

#include "core/base/memory.h"

struct mfd_sha256 {
    struct sha256_ctx ctx;
};

static void finish(struct sha256_ctx *ctx, char hex[MFD_SHA256_HEX])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(ctx, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[64] = '\0';
}

struct mfd_sha256 *mfd_sha256_new(void)
{
    struct mfd_sha256 *s = mfd_calloc(1, sizeof *s);
    if (s)
        sha256_init(&s->ctx);
    return s;
}

void mfd_sha256_update(struct mfd_sha256 *s, const void *bytes, size_t n)
{
    sha256_update(&s->ctx, n, bytes);
}

void mfd_sha256_finish(struct mfd_sha256 *s, char hex[MFD_SHA256_HEX])
{
    finish(&s->ctx, hex);
    free(s);
}

void mfd_sha256(const void *bytes, size_t n, char hex[MFD_SHA256_HEX])
{
    struct sha256_ctx ctx;
    sha256_init(&ctx);
    sha256_update(&ctx, n, bytes);
    finish(&ctx, hex);
}
