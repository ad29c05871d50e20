#include "core/genome/fasta.h"

#include <errno.h>
#include <fcntl.h>
#include <htslib/bgzf.h>
#include <htslib/faidx.h>
#include <htslib/hfile.h>
#include <htslib/hts_log.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buffer.h"
#include "core/base/cleanup.h"
#include "core/base/file.h"
#include "core/base/memory.h"

#define GZI_LIMIT ((size_t)1 << 30) /* bytes: 64 million blocks */

struct mfd_fasta {
    BGZF *file;
    int fd; /* of `file` */
    struct stat opened;
    bool changed;
    char *path;
    int64_t size; /* of a plain file, bytes; of a bgzip, INT64_MAX */
};

/* htslib writes its complaints to stderr; ours travel in errors. */
static void silence(void)
{
    hts_set_log_level(HTS_LOG_OFF);
}

static void silence_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
}

void mfd_fasta_free(struct mfd_fasta *reader)
{
    if (!reader)
        return;
    if (reader->file)
        bgzf_close(reader->file);
    free(reader->path);
    free(reader);
}

static uint64_t little64(const char *p)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | (unsigned char)p[i];
    return value;
}

/* A .gzi is a count and as many pairs (place in the file, place in the text), both growing, at most
 * 64 KiB of text a block. htslib believes all of it. */
static int check_gzi(const char *gzi, uint64_t file_size, struct mfd_error *err)
{
    MFD_CLEANUP(mfd_buffer_deinit) struct mfd_buffer b = MFD_BUFFER_INIT;
    int status = mfd_file_read(gzi, GZI_LIMIT, &b, err);
    if (status == MFD_ENOTFOUND)
        return mfd_fail(err, status, "there is no index '%s'; make it with `samtools faidx`", gzi);
    if (status != MFD_OK)
        return status;
    uint64_t n = b.len >= 8 ? little64(b.data) : 0, file = 0, text = 0;
    if (b.len < 8 || (b.len - 8) % 16 != 0 || n != (b.len - 8) / 16)
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' is not a bgzip index; make it again with `bgzip -r`", gzi);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t file_next = little64(b.data + 8 + 16 * i);
        uint64_t text_next = little64(b.data + 16 + 16 * i);
        if (file_next <= file || file_next >= file_size || text_next <= text ||
            text_next - text > BGZF_MAX_BLOCK_SIZE)
            return mfd_fail(err, MFD_EFORMAT,
                            "'%s' is damaged or the index of another file (block %llu); make it "
                            "again with `bgzip -r`",
                            gzi, (unsigned long long)i + 1);
        file = file_next;
        text = text_next;
    }
    return MFD_OK;
}

static int load_index(struct mfd_fasta *r, const char *gzi, struct mfd_error *err)
{
    int status = check_gzi(gzi, (uint64_t)r->opened.st_size, err);
    if (status != MFD_OK)
        return status;
    if (bgzf_check_EOF(r->file) == 0)
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' lacks the end marker of bgzip, so it was cut short; copy it again",
                        r->path);
    if (bgzf_index_load(r->file, gzi, NULL) < 0)
        return mfd_fail(err, MFD_EFORMAT, "'%s' cannot be loaded; make it again with `bgzip -r`",
                        gzi);
    return MFD_OK;
}

/* What a FASTA begins with, or what is there instead. */
static int check_start(struct mfd_fasta *r, struct mfd_error *err)
{
    char first[4] = { 0 };
    size_t got;
    int status = mfd_fasta_read(r, 0, first, sizeof first, &got, err);
    if (status != MFD_OK)
        return status;
    if (got == 0)
        return mfd_fail(err, MFD_EFORMAT, "'%s' is empty", r->path);
    if (first[0] != '>')
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' is not a FASTA (plain or bgzip): it does not begin with '>'%s",
                        r->path, first[0] == '@' ? " but '@', as a FASTQ does" : "");
    return MFD_OK;
}

/* htslib hides the descriptors of what it opens itself. */
static int open_descriptor(struct mfd_fasta *r, struct mfd_error *err)
{
    MFD_AUTO_CLOSE int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* it may be a FIFO */
    if (fd < 0 || fstat(fd, &r->opened) < 0)
        return mfd_fail(err, errno == ENOENT ? MFD_ENOTFOUND : MFD_EIO, "cannot open '%s': %s",
                        r->path, strerror(errno));
    if (!S_ISREG(r->opened.st_mode))
        return mfd_fail(err, MFD_EINVAL, "'%s' is not a regular file", r->path);
    errno = 0;
    hFILE *file = hdopen(fd, "r");
    if (file) {
        r->fd = fd;
        fd = -1;
        r->file = bgzf_hopen(file, "r");
    }
    if (r->file)
        return MFD_OK;
    int reason = errno;
    if (file)
        hclose_abruptly(file);
    return mfd_fail(err, MFD_EIO, "cannot open '%s': %s", r->path,
                    reason ? strerror(reason) : "htslib refuses it");
}

static int open_file(struct mfd_fasta *r, const char *gzi, struct mfd_error *err)
{
    int status = open_descriptor(r, err);
    if (status != MFD_OK)
        return status;
    int compression = bgzf_compression(r->file);
    r->size = compression == 0 ? r->opened.st_size : INT64_MAX;
    if (compression == 1)
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' is plain gzip, which cannot be read from the middle; write it anew "
                        "with `gunzip -c FILE | bgzip > NEW`",
                        r->path);
    if (compression == 2) {
        status = load_index(r, gzi, err);
        if (status != MFD_OK)
            return status;
    }
    return check_start(r, err);
}

int mfd_fasta_open(struct mfd_fasta **out, const char *path, const char *gzi, struct mfd_error *err)
{
    silence_once();
    struct mfd_fasta *r = mfd_calloc(1, sizeof *r);
    if (!r)
        return mfd_fail_nomem(err);
    r->path = mfd_strdup(path);
    int status = r->path ? open_file(r, gzi, err) : mfd_fail_nomem(err);
    if (status != MFD_OK) {
        mfd_fasta_free(r);
        return status;
    }
    *out = r;
    return MFD_OK;
}

int mfd_fasta_read(struct mfd_fasta *r, int64_t at, char *bytes, size_t n, size_t *got,
                   struct mfd_error *err)
{
    if (at > r->size) { /* a seek that fails would make htslib leak the file when it is closed */
        *got = 0;
        return MFD_OK;
    }
    errno = 0;
    r->file->errcode = 0; /* or one failed read would fail all others */
    ssize_t done = bgzf_useek(r->file, at, SEEK_SET) < 0 ? -1 : bgzf_read(r->file, bytes, n);
    if (done < 0) {
        bool system = errno == EIO || errno == ENOMEM;
        return mfd_fail(err, system ? MFD_EIO : MFD_EFORMAT,
                        "'%s' cannot be read at byte %lld of its text: %s", r->path, (long long)at,
                        system ? strerror(errno)
                               : "it is damaged or cut short, or its .gzi belongs to another file");
    }
    *got = (size_t)done;
    return MFD_OK;
}

bool mfd_fasta_changed(struct mfd_fasta *r)
{
    struct stat now;
    const struct stat *then = &r->opened;
    r->changed = r->changed || fstat(r->fd, &now) < 0 || now.st_size != then->st_size ||
                 now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
                 now.st_mtim.tv_nsec != then->st_mtim.tv_nsec;
    return r->changed;
}

static char *beside(const char *path)
{
    struct mfd_buffer b = MFD_BUFFER_INIT;
    mfd_buffer_addf(&b, "%s.%ld.new", path, (long)getpid());
    return mfd_buffer_steal(&b, NULL);
}

int mfd_fasta_build_index(const char *path, const char *fai, const char *gzi, struct mfd_error *err)
{
    silence_once();
    MFD_AUTO_FREE char *new_fai = beside(fai);
    MFD_AUTO_FREE char *new_gzi = beside(gzi);
    if (!new_fai || !new_gzi)
        return mfd_fail_nomem(err);
    errno = 0;
    int status = MFD_OK;
    if (fai_build3(path, new_fai, new_gzi) < 0)
        status = mfd_fail(
            err, errno == EACCES || errno == EROFS || errno == ENOSPC ? MFD_EIO : MFD_EFORMAT,
            "cannot make the index '%s' of '%s': %s", fai, path,
            errno ? strerror(errno) : "it is no FASTA, plain or bgzip, with lines of one length");
    else if (rename(new_fai, fai) < 0 || (access(new_gzi, F_OK) == 0 && rename(new_gzi, gzi) < 0))
        status = mfd_fail(err, MFD_EIO, "cannot write '%s': %s", fai, strerror(errno));
    unlink(new_fai);
    unlink(new_gzi);
    return status;
}
