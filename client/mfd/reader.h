/* Lines of a file or of standard input, plain or gzip (bgzip too). */
#pragma once

#include <stdint.h>
#include <zlib.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

#define READER_LINE_LIMIT ((size_t)256 << 20) /* bytes; VCF lines with many samples are long */

struct reader {
    gzFile file;
    const char *name; /* borrowed; for messages */
    size_t line;      /* lines read so far */
    int64_t size;     /* bytes of the file as it lies on disk, 0 where unknown */
    struct mfd_buffer text;
    size_t at; /* first byte of `text` not yet taken */
    bool ended;
    int number; /* errno of the failure, once there was one */
};

/* Open `path`, "-" being standard input. */
int reader_open(struct reader *r, const char *path, struct mfd_error *err) MFD_MUST_CHECK;
void reader_close(struct reader *r);
/* The next line without its end (LF or CRLF), borrowed until the next call, with a NUL behind: 1,
 * or 0 at the end, or a failure. */
int reader_line(struct reader *r, char **line, size_t *n, struct mfd_error *err) MFD_MUST_CHECK;
/* The first byte that reader_line would give, or -1 at the end; a failure shows on reader_line. */
int reader_peek(struct reader *r);
/* Share of the file that has been read, 0..1, or -1 where its size is not known. */
double reader_progress(const struct reader *r);
