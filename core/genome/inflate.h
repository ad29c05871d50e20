/* Bytes that come in pieces, plain or gzip (several members in a row, as bgzip writes them),
 * decompressed in steps of bounded size. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

enum mfd_inflate_mode { MFD_INFLATE_UNKNOWN, MFD_INFLATE_PLAIN, MFD_INFLATE_GZIP };

struct mfd_inflate {
    enum mfd_inflate_mode mode;
    z_stream stream;
    gz_header header;
    uint8_t extra[8];      /* start of a member's extra field */
    bool inside;           /* a member has begun and not ended */
    bool more;             /* there may be text without further input */
    bool bgzf;             /* all members so far were blocks of bgzip */
    uint64_t member_bytes; /* of text in the member */
    bool ends_empty;       /* the last member held nothing: bgzip's end marker */
};

void mfd_inflate_deinit(struct mfd_inflate *f);

/* Take bytes from *in (advancing *in, *n) and append at most `most` to `out`. What the first two
 * bytes are decides the mode; call it with two at least, or with `last` set, and again while `more`
 * is set. MFD_EFORMAT where a stream is damaged. */
int mfd_inflate_run(struct mfd_inflate *f, const char **in, size_t *n, bool last,
                    struct mfd_buffer *out, size_t most, struct mfd_error *err) MFD_MUST_CHECK;
/* MFD_EFORMAT where the input, now at its end, stops inside a member. */
int mfd_inflate_end(const struct mfd_inflate *f, struct mfd_error *err) MFD_MUST_CHECK;
