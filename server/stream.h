/* An answer that is sent while it is still being computed: a queue of bytes between the one who
 * writes and the connection that sends. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buffer.h"

struct mfd_stream;

/* `drained` is called when the bytes waiting fall under the low mark after having been above the
 * high one (256 KiB and 1 MiB). gzip: the bytes leave compressed, each write flushed. */
struct mfd_stream *mfd_stream_new(bool gzip, void (*drained)(void *arg), void *arg);
void mfd_stream_free(struct mfd_stream *stream);
/* Take the bytes; leaves the buffer empty. False on lack of memory. */
bool mfd_stream_write(struct mfd_stream *stream, struct mfd_buffer *bytes);
/* No more will come; `failed` cuts the connection so that the client sees that something is
 * missing. */
void mfd_stream_end(struct mfd_stream *stream, bool failed);
/* True where the writer should wait for `drained`. */
bool mfd_stream_full(struct mfd_stream *stream);

enum mfd_stream_state { MFD_STREAM_DATA, MFD_STREAM_EMPTY, MFD_STREAM_END, MFD_STREAM_FAILED };
/* Take up to `max` bytes. */
enum mfd_stream_state mfd_stream_read(struct mfd_stream *stream, char *out, size_t max, size_t *n);
