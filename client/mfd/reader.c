#include "client/mfd/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 16)

int reader_open(struct reader *r, const char *path, struct mfd_error *err)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    *r = (struct reader){ .name = standard ? "standard input" : path };
    if (fd < 0 || fstat(fd, &st) < 0) {
        int status = mfd_fail(err, MFD_EIO, "cannot open '%s': %s", r->name, strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    if (S_ISDIR(st.st_mode)) {
        close(fd);
        return mfd_fail(err, MFD_EIO, "cannot read '%s': it is a directory", r->name);
    }
    r->size = S_ISREG(st.st_mode) ? st.st_size : 0;
    r->file = gzdopen(fd, "rb");
    if (!r->file) {
        close(fd);
        return mfd_fail_nomem(err);
    }
    gzbuffer(r->file, 2 * PIECE);
    return MFD_OK;
}

void reader_close(struct reader *r)
{
    if (r->file)
        gzclose(r->file);
    mfd_buffer_deinit(&r->text);
    *r = (struct reader){ 0 };
}

/* Read more behind what is there. */
static int fill(struct reader *r, struct mfd_error *err)
{
    if (r->at) { /* what was taken goes */
        memmove(r->text.data, r->text.data + r->at, r->text.len - r->at);
        r->text.len -= r->at;
        r->at = 0;
    }
    if (r->text.len > READER_LINE_LIMIT)
        return mfd_fail(err, MFD_ELIMIT, "line %zu of '%s' is longer than %zu bytes", r->line + 1,
                        r->name, READER_LINE_LIMIT);
    char *to = mfd_buffer_reserve(&r->text, PIECE);
    if (!to)
        return mfd_fail_nomem(err);
    int n = gzread(r->file, to, PIECE), code = Z_OK;
    if (n < 0 && !r->number) /* zlib goes on failing, but errno is of the first time */
        r->number = errno;
    const char *why = gzerror(r->file, &code);
    if (n < 0 && code == Z_ERRNO && r->number == EINTR) /* by a signal that asks to stop */
        return mfd_fail_as(err, MFD_ECANCELLED, "interrupted", "interrupted");
    if (n < 0 || (n == 0 && code != Z_OK && code != Z_STREAM_END))
        return mfd_fail(err, MFD_EIO, "cannot read '%s': %s", r->name,
                        code == Z_ERRNO       ? strerror(r->number)
                        : code == Z_BUF_ERROR ? "the compressed data end in the middle"
                                              : why);
    r->ended = n == 0;
    r->text.len += (size_t)n;
    return MFD_OK;
}

/* At the beginning of the text: pass over a byte order mark. MFD_EFORMAT where it is no text. */
static int begin(struct reader *r, struct mfd_error *err)
{
    const char *s = r->text.data;
    size_t n = r->text.len;
    if (r->line || r->at)
        return MFD_OK;
    if (n >= 4 && memcmp(s, "BCF\2", 4) == 0)
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' is BCF, which is not read; convert it with `bcftools view -Oz`",
                        r->name);
    if (n >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0))
        return mfd_fail(err, MFD_EFORMAT,
                        "'%s' is UTF-16 text, which is not read; convert it with "
                        "`iconv -f UTF-16 -t UTF-8`",
                        r->name);
    if (n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
        r->at = 3;
    return MFD_OK;
}

int reader_line(struct reader *r, char **line, size_t *n, struct mfd_error *err)
{
    size_t seen = 0;
    char *end = NULL;
    for (;;) {
        size_t have = r->text.len - r->at;
        end = have > seen ? memchr(r->text.data + r->at + seen, '\n', have - seen) : NULL;
        if (end || r->ended)
            break;
        seen = have;
        int status = fill(r, err);
        if (status < 0)
            return status;
    }
    int status = begin(r, err);
    if (status < 0)
        return status;
    if (r->at == r->text.len)
        return 0;
    char *first = r->text.data + r->at;
    size_t len = end ? (size_t)(end - first) : r->text.len - r->at;
    r->at += len + (end != NULL);
    if (!end && !mfd_buffer_reserve(&r->text, 1)) /* room for the NUL */
        return mfd_fail_nomem(err);
    first = r->text.data + (r->at - len - (end != NULL));
    if (len && first[len - 1] == '\r')
        len--;
    first[len] = '\0';
    r->line++;
    *line = first;
    *n = len;
    return 1;
}

int reader_peek(struct reader *r)
{
    struct mfd_error ignored;
    while (r->at == r->text.len && !r->ended)
        if (fill(r, &ignored) < 0)
            return -1;
    if (begin(r, &ignored) < 0)
        return -1;
    return r->at < r->text.len ? (unsigned char)r->text.data[r->at] : -1;
}

double reader_progress(const struct reader *r)
{
    return r->size > 0 ? (double)gzoffset(r->file) / (double)r->size : -1;
}
