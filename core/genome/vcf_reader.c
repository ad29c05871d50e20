#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/genome/inflate.h"
#include "core/genome/vcf.h"
#include "core/genome/vcf_header.h"
#include "core/genome/vcf_record.h"

#define STEP ((size_t)1 << 16)        /* bytes read, and decompressed, at a time */
#define LINE_LIMIT ((size_t)16 << 20) /* defaults of struct mfd_vcf_limits */
#define HEADER_LIMIT ((size_t)16 << 20)

struct mfd_vcf_reader {
    struct mfd_vcf_limits limits;
    int fd; /* -1 = pushed */
    bool own_fd;
    bool ended; /* no more input will come */
    struct mfd_buffer in;
    size_t in_at;
    struct mfd_inflate inflate;
    struct mfd_buffer text;
    size_t text_at;  /* first byte not yet handed out */
    size_t searched; /* bytes from there that hold no newline */
    uint64_t total, line;
    struct mfd_vcf_header header;
    struct mfd_vcf_line record;
    int status; /* a failure that is final, with its message */
    struct mfd_error err;
};

static void reader_free(struct mfd_vcf_reader *r)
{
    if (!r)
        return;
    if (r->own_fd)
        close(r->fd);
    mfd_inflate_deinit(&r->inflate);
    mfd_vcf_header_deinit(&r->header);
    mfd_vcf_line_deinit(&r->record);
    mfd_buffer_deinit(&r->in);
    mfd_buffer_deinit(&r->text);
    free(r);
}

void mfd_vcf_reader_free(struct mfd_vcf_reader *reader)
{
    reader_free(reader);
}

int mfd_vcf_reader_new(struct mfd_vcf_reader **out, const struct mfd_vcf_limits *limits,
                       struct mfd_error *err)
{
    struct mfd_vcf_reader *r = mfd_calloc(1, sizeof *r);
    if (!r)
        return mfd_fail_nomem(err);
    if (limits)
        r->limits = *limits;
    if (!r->limits.line)
        r->limits.line = LINE_LIMIT;
    if (!r->limits.header)
        r->limits.header = HEADER_LIMIT;
    r->fd = -1;
    *out = r;
    return MFD_OK;
}

int mfd_vcf_reader_open_fd(struct mfd_vcf_reader **out, int fd, bool own,
                           const struct mfd_vcf_limits *limits, struct mfd_error *err)
{
    int status = mfd_vcf_reader_new(out, limits, err);
    if (status == MFD_OK) {
        (*out)->fd = fd;
        (*out)->own_fd = own;
    }
    return status;
}

int mfd_vcf_reader_open(struct mfd_vcf_reader **out, const char *path,
                        const struct mfd_vcf_limits *limits, struct mfd_error *err)
{
    if (strcmp(path, "-") == 0)
        return mfd_vcf_reader_open_fd(out, STDIN_FILENO, false, limits, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mfd_fail(err, errno == ENOENT ? MFD_ENOTFOUND : MFD_EIO, "cannot open '%s': %s",
                        path, strerror(errno));
    int status = mfd_vcf_reader_open_fd(out, fd, true, limits, err);
    if (status != MFD_OK)
        close(fd);
    return status;
}

int mfd_vcf_reader_push(struct mfd_vcf_reader *reader, const void *bytes, size_t n,
                        struct mfd_error *err)
{
    if (reader->in_at && reader->in_at >= reader->in.len / 2) { /* make room of what is read */
        memmove(reader->in.data, reader->in.data + reader->in_at, reader->in.len - reader->in_at);
        reader->in.len -= reader->in_at;
        reader->in_at = 0;
    }
    mfd_buffer_add(&reader->in, bytes, n);
    return reader->in.failed ? mfd_fail_nomem(err) : MFD_OK;
}

void mfd_vcf_reader_end(struct mfd_vcf_reader *reader)
{
    reader->ended = true;
}

static int read_fd(struct mfd_vcf_reader *r, struct mfd_error *err)
{
    mfd_buffer_clear(&r->in);
    r->in_at = 0;
    char *room = mfd_buffer_reserve(&r->in, STEP);
    if (!room)
        return mfd_fail_nomem(err);
    ssize_t n;
    do
        n = read(r->fd, room, STEP);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return mfd_fail(err, MFD_EIO, "cannot read the VCF: %s", strerror(errno));
    r->in.len += (size_t)n;
    r->ended = n == 0;
    return MFD_OK;
}

/* What is handed out already makes room for more. */
static void drop_used(struct mfd_vcf_reader *r)
{
    if (r->text_at == 0)
        return;
    r->text.len -= r->text_at;
    memmove(r->text.data, r->text.data + r->text_at, r->text.len);
    r->text_at = 0;
}

/* Get more text, or input to get it from. *drained where there will be none; MFD_EBUSY where it has
 * to be pushed first. */
static int fill(struct mfd_vcf_reader *r, bool *drained, struct mfd_error *err)
{
    bool undecided = r->inflate.mode == MFD_INFLATE_UNKNOWN;
    size_t n = r->in.len - r->in_at, before = r->text.len - r->text_at;
    bool enough = n >= (undecided ? 2 : 1) || r->inflate.more || (undecided && r->ended && n);
    if (!enough && !r->ended) {
        if (r->fd < 0)
            return MFD_EBUSY;
        if (n == 0)
            return read_fd(r, err);
        char first = r->in.data[r->in_at]; /* one byte, of two that tell what it is */
        int status = read_fd(r, err);
        if (status == MFD_OK && !mfd_buffer_reserve(&r->in, 1))
            status = mfd_fail_nomem(err);
        if (status != MFD_OK)
            return status;
        memmove(r->in.data + 1, r->in.data, r->in.len++);
        r->in.data[0] = first;
        return MFD_OK;
    }
    if (!enough) {
        *drained = true;
        return mfd_inflate_end(&r->inflate, err);
    }
    drop_used(r);
    const char *in = r->in.data + r->in_at;
    int status = mfd_inflate_run(&r->inflate, &in, &n, r->ended, &r->text, STEP, err);
    r->in_at = r->in.len - n;
    r->total += r->text.len - before;
    if (status == MFD_OK && r->limits.text && r->total > r->limits.text)
        status = mfd_fail_as(err, MFD_ELIMIT, "over-limit",
                             "the VCF has more than %llu bytes after decompression",
                             (unsigned long long)r->limits.text);
    return status;
}

/* The next line, without its end. s is NULL at the end of all. A line over `most` comes cut, *whole
 * false, and the rest of it is skipped. */
static int next_line(struct mfd_vcf_reader *r, size_t most, struct mfd_span *line, bool *whole,
                     struct mfd_error *err)
{
    bool drained = false;
    for (;;) {
        char *start = r->text.data ? r->text.data + r->text_at : NULL;
        size_t have = r->text.len - r->text_at;
        char *newline = start ? memchr(start + r->searched, '\n', have - r->searched) : NULL;
        size_t n = newline ? (size_t)(newline - start) : have;
        if (newline || drained) {
            bool none = !newline && n == 0;
            r->text_at += n + (newline != NULL);
            r->searched = 0;
            r->line += !none;
            *whole = n <= most;
            n -= n > 0 && start[n - 1] == '\r';
            *line = (struct mfd_span){ none ? NULL : start, n < most ? n : most };
            return MFD_OK;
        }
        if (n > most + STEP) { /* keep the start, for the message, and forget the middle */
            r->text.len = r->text_at + most + 1;
            have = most + 1;
        }
        r->searched = have;
        int status = fill(r, &drained, err);
        if (status != MFD_OK)
            return status;
    }
}

static int read_header(struct mfd_vcf_reader *r, struct mfd_error *err)
{
    while (r->header.n_columns == 0) {
        size_t used = r->header.text.len;
        size_t left = used < r->limits.header ? r->limits.header - used : 0;
        struct mfd_span line;
        bool whole;
        int status = next_line(r, left, &line, &whole, err);
        if (status != MFD_OK)
            return status;
        if (!line.s)
            return mfd_fail_as(err, MFD_EFORMAT, "bad-request",
                               r->line ? "the VCF ends before its #CHROM line"
                                       : "the VCF is empty");
        if (!whole)
            return mfd_fail_as(err, MFD_ELIMIT, "over-limit",
                               "the VCF header is longer than %zu bytes", r->limits.header);
        status = mfd_vcf_header_take(&r->header, line.s, line.n, r->line, err);
        if (status != MFD_OK)
            return status;
    }
    return MFD_OK;
}

static int next_record(struct mfd_vcf_reader *r, const struct mfd_vcf_record **record,
                       struct mfd_error *err)
{
    int status = read_header(r, err);
    struct mfd_span line = { "", 0 };
    bool whole = true;
    while (status == MFD_OK && line.s && line.n == 0 && whole) /* blank lines are no records */
        status = next_line(r, r->limits.line, &line, &whole, err);
    if (status != MFD_OK)
        return status;
    if (!line.s) {
        *record = NULL;
        return MFD_OK;
    }
    *record = &r->record.record;
    if (!whole) {
        mfd_vcf_line_too_long(&r->record, line, r->line, r->limits.line);
        return MFD_OK;
    }
    status = mfd_vcf_line_parse(&r->record, line, r->line, r->header.n_columns, err);
    if (status == MFD_OK && !r->record.record.malformed) {
        struct mfd_span chrom = r->record.record.column[MFD_VCF_CHROM];
        mfd_vcf_header_declares(&r->header, chrom.s, chrom.n, &r->record.record.chrom_length);
    }
    return status;
}

/* A failure is final, but for want of input. */
static int settle(struct mfd_vcf_reader *r, int status, const struct mfd_error *found,
                  struct mfd_error *err)
{
    if (status == MFD_EBUSY)
        return mfd_fail(err, status, "more of the VCF has to be pushed");
    if (status != MFD_OK && r->status == MFD_OK) {
        r->status = status;
        r->err = *found;
    }
    if (r->status != MFD_OK && err)
        *err = r->err;
    return r->status;
}

int mfd_vcf_reader_next(struct mfd_vcf_reader *reader, const struct mfd_vcf_record **record,
                        struct mfd_error *err)
{
    struct mfd_error found = MFD_ERROR_INIT;
    int status = reader->status == MFD_OK ? next_record(reader, record, &found) : MFD_OK;
    return settle(reader, status, &found, err);
}

int mfd_vcf_reader_header(struct mfd_vcf_reader *reader, const struct mfd_vcf_header **header,
                          struct mfd_error *err)
{
    struct mfd_error found = MFD_ERROR_INIT;
    int status = reader->status == MFD_OK ? read_header(reader, &found) : MFD_OK;
    status = settle(reader, status, &found, err);
    if (status == MFD_OK)
        *header = &reader->header;
    return status;
}

bool mfd_vcf_reader_lacks_end(const struct mfd_vcf_reader *reader)
{
    return reader->inflate.mode == MFD_INFLATE_GZIP && reader->inflate.bgzf &&
           !reader->inflate.ends_empty;
}
