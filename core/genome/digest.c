#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/hash.h"
#include "core/base/memory.h"
#include "core/genome/genome.h"

#define STEP 32768 /* bases between looks at `cancel` */
#define TRUNCATED 24

MFD_DEFINE_CLEANUP(struct mfd_hash, mfd_hash_free);

static void hex(const uint8_t *bytes, size_t n, char *out)
{
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

/* base64url (RFC 4648) of n bytes, n a multiple of 3: no padding needed. */
static void base64url(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *out++ = digits[v >> shift & 63];
    }
    *out = '\0';
}

int mfd_genome_contig_digest(struct mfd_genome *genome, size_t contig,
                             struct mfd_contig_digest *out, const volatile int *cancel,
                             struct mfd_error *err)
{
    MFD_CLEANUP(mfd_hash_free_p) struct mfd_hash *h = mfd_hash_new();
    MFD_AUTO_FREE char *bases = mfd_calloc(STEP, 1);
    if (!h || !bases)
        return mfd_fail_nomem(err);
    int64_t length = mfd_genome_contig_length(genome, contig);
    for (int64_t at = 0; at < length;) {
        if (cancel && *cancel)
            return mfd_fail(err, MFD_ECANCELLED, "the digest of contig '%.40s' was cancelled",
                            mfd_genome_contig_name(genome, contig));
        int64_t end = length - at < STEP ? length : at + STEP;
        int status = mfd_genome_fetch(genome, contig, at, end, bases, NULL, err);
        if (status != MFD_OK)
            return status;
        mfd_hash_update(h, bases, (size_t)(end - at));
        at = end;
    }
    uint8_t md5[MFD_MD5_BYTES], sha512[MFD_SHA512_BYTES];
    mfd_hash_finish(mfd_steal(h), md5, sha512);
    hex(md5, sizeof md5, out->md5);
    hex(sha512, TRUNCATED, out->trunc512);
    out->ga4gh[0] = 'S';
    out->ga4gh[1] = 'Q';
    out->ga4gh[2] = '.';
    base64url(sha512, TRUNCATED, out->ga4gh + 3);
    return MFD_OK;
}
