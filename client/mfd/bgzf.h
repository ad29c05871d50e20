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
/* End the block and the file. */
int bgzf_finish(struct bgzf *b);
/* The text of the block that is not full yet, borrowed until the next call; writing it again into a
 * new struct bgzf goes on where this one is, so that where a run was interrupted does not show. */
const unsigned char *bgzf_pending(const struct bgzf *b, size_t *n);
void bgzf_free(struct bgzf *b);
