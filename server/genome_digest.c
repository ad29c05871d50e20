#include "server/genome_digest.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "server/store_digests.h"

#define BLOCK ((size_t)1 << 20)

static int add_file(struct mfd_sha256 *sum, const char *path, char *block, atomic_int *stopping,
                    struct mfd_error *err)
{
    MFD_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;
    while (fd >= 0 && (n = read(fd, block, BLOCK)) > 0) {
        if (atomic_load(stopping))
            return mfd_fail(err, MFD_ECANCELLED, "'%s' was not digested to its end", path);
        mfd_sha256_update(sum, block, (size_t)n);
    }
    return n < 0 ? mfd_fail(err, MFD_EIO, "cannot read '%s': %s", path, strerror(errno)) : MFD_OK;
}

static int compute(const struct mfd_genome *genome, char hex[MFD_SHA256_HEX], atomic_int *stopping,
                   struct mfd_error *err)
{
    MFD_AUTO_FREE char *block = mfd_calloc(1, BLOCK);
    struct mfd_sha256 *sum = mfd_sha256_new();
    int status = block && sum ? MFD_OK : mfd_fail_nomem(err);
    if (status == MFD_OK)
        status = add_file(sum, mfd_genome_path(genome), block, stopping, err);
    if (status == MFD_OK)
        status = add_file(sum, mfd_genome_index(genome), block, stopping, err);
    if (sum)
        mfd_sha256_finish(sum, hex);
    return status;
}

static int check_stamp(const struct mfd_genome *genome, struct mfd_error *err)
{
    struct mfd_genome_stamp then = mfd_genome_stamp(genome), now = mfd_genome_stamp_now(genome);
    if (then.text[0] && strcmp(then.text, now.text) == 0)
        return MFD_OK;
    return mfd_fail(err, MFD_EMISMATCH,
                    "'%s' or its index has been changed since the server opened it; restart the "
                    "server, then submit the job again.",
                    mfd_genome_path(genome));
}

int mfd_genome_digest(struct mfd_store *store, const struct mfd_genome *genome,
                      char hex[MFD_SHA256_HEX], atomic_int *stopping, struct mfd_error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* who comes second finds it kept */
    struct mfd_genome_stamp stamp = mfd_genome_stamp(genome);
    struct mfd_error unkept = MFD_ERROR_INIT;
    const char *path = mfd_genome_path(genome);
    pthread_mutex_lock(&lock);
    int status = check_stamp(genome, err);
    if (status == MFD_OK)
        status = mfd_store_genome_digest(store, path, stamp.text, hex, err);
    if (status == MFD_OK && !hex[0]) {
        status = compute(genome, hex, stopping, err);
        if (status == MFD_OK)
            status = check_stamp(genome, err);
        if (status == MFD_OK &&
            mfd_store_genome_digest_put(store, path, stamp.text, hex, &unkept) < 0)
            mfd_log(MFD_LOG_WARNING, "digest of '%s' is not kept: %s", path, unkept.message);
    }
    pthread_mutex_unlock(&lock);
    return status;
}
