#include "client/mfd/bgzf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/base/file.h"
#include "core/base/memory.h"

#define BLOCK 0xff00 /* bytes of text; compressed at worst, it still fits the 16 bits of BSIZE */
#define HEADER 18
#define FOOTER 8

struct bgzf {
    int fd;
    size_t n;
    unsigned char text[BLOCK];
    unsigned char packed[65536];
};

int bgzf_new(struct bgzf **out, int fd, struct mfd_error *err)
{
    struct bgzf *b = mfd_calloc(1, sizeof *b);
    if (!b)
        return mfd_fail_nomem(err);
    b->fd = fd;
    *out = b;
    return MFD_OK;
}

void bgzf_free(struct bgzf *b)
{
    free(b);
}

static void put(unsigned char *at, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

static int write_block(struct bgzf *b)
{
    static const unsigned char head[HEADER] = { 31, 139, 8, 4, 0,   0,   0, 0,
                                                0,  255, 6, 0, 'B', 'C', 2, 0 };
    z_stream z = { .next_in = b->text,
                   .avail_in = (uInt)b->n,
                   .next_out = b->packed + HEADER,
                   .avail_out = sizeof b->packed - HEADER - FOOTER };
    int level = 6, done;
    if (deflateInit2(&z, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        errno = ENOMEM;
        return -1;
    }
    done = deflate(&z, Z_FINISH);
    size_t size = HEADER + z.total_out + FOOTER;
    deflateEnd(&z);
    if (done != Z_STREAM_END) { /* cannot be: BLOCK leaves room for what does not compress */
        errno = EIO;
        return -1;
    }
    memcpy(b->packed, head, HEADER);
    put(b->packed + 16, (uint32_t)size - 1, 2);
    put(b->packed + size - 8, (uint32_t)crc32(0, b->text, (uInt)b->n), 4);
    put(b->packed + size - 4, (uint32_t)b->n, 4);
    b->n = 0;
    return mfd_file_write(b->fd, b->packed, size);
}

const unsigned char *bgzf_pending(const struct bgzf *b, size_t *n)
{
    *n = b->n;
    return b->text;
}

int bgzf_write(struct bgzf *b, const char *bytes, size_t n)
{
    while (n) {
        size_t piece = BLOCK - b->n < n ? BLOCK - b->n : n;
        memcpy(b->text + b->n, bytes, piece);
        b->n += piece;
        bytes += piece;
        n -= piece;
        if (b->n == BLOCK && write_block(b) < 0)
            return -1;
    }
    return 0;
}

int bgzf_finish(struct bgzf *b)
{
    return b->n && write_block(b) < 0 ? -1 : write_block(b); /* an empty block ends a file */
}
