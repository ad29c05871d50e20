/* The blocked gzip format of SAM/BAM (SAMv1, section 4.1), for writing: what bgzip writes and tabix
 * indexes. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

struct bgzf;

/* Write to `fd`, which stays the caller's. */
int bgzf_new(struct bgzf **out, int fd, struct mfd_error *err) MFD_MUST_CHECK;
/* 0, or -1 with errno. */
int bgzf_write(struct bgzf *b, const char *bytes, size_t n);
/* End the block, so that what was written can be read. */
int bgzf_flush(struct bgzf *b);
/* The empty block that ends a file. */
int bgzf_finish(struct bgzf *b);
void bgzf_free(struct bgzf *b);
