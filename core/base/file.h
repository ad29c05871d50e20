/* Files: read-only maps, whole reads with a limit, atomic replacement. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>
#include <sys/types.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

/* A read-only private map of a whole file; data is NULL where the file is empty. */
struct mfd_map {
    const void *data;
    size_t size; /* bytes */
};

int mfd_map_open(struct mfd_map *map, const char *path, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_map_close(struct mfd_map *map);

/* Append a whole file to `out`; MFD_ELIMIT where it is larger than `limit` bytes. */
int mfd_file_read(const char *path, size_t limit, struct mfd_buffer *out,
                  struct mfd_error *err) MFD_MUST_CHECK;

/* Write `n` bytes to a new file beside `path`, sync it, and rename it into place: a reader sees the
 * old file or the whole new one. */
int mfd_file_replace(const char *path, const void *bytes, size_t n,
                     struct mfd_error *err) MFD_MUST_CHECK;

/* The same for a file given in `n` pieces, so that a large one need not be copied together. */
int mfd_file_replacev(const char *path, const struct iovec *parts, size_t n,
                      struct mfd_error *err) MFD_MUST_CHECK;

/* Make the names in a directory last: what was created, renamed or removed there. */
int mfd_dir_sync(const char *path, struct mfd_error *err) MFD_MUST_CHECK;

/* Write `n` bytes to a descriptor, however many calls that takes: 0, or -1 with errno. */
int mfd_file_write(int fd, const void *bytes, size_t n) MFD_MUST_CHECK;

/* Is this errno one of no room: on the disk, in a quota, under a limit of sizes? */
bool mfd_file_no_room(int error);

/* Create a directory of that mode, and its parents (mode 0755); an existing one is fine, and stays
 * as it is. */
int mfd_mkdirs(const char *path, mode_t mode, struct mfd_error *err) MFD_MUST_CHECK;
