/* The zip that torch.save writes: entries stored without compression, all below one folder. Reading
 * goes through libzip. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

struct mfd_archive; /* one thread at a time */

/* Open a file, or `size` bytes in memory (borrowed until free). Checked at once: it is a zip, it is
 * not absurdly large, and exactly one entry is called FOLDER/data.pkl. MFD_EFORMAT otherwise. */
int mfd_archive_open(struct mfd_archive **out, const char *path,
                     struct mfd_error *err) MFD_MUST_CHECK;
int mfd_archive_parse(struct mfd_archive **out, const void *bytes, size_t size,
                      struct mfd_error *err) MFD_MUST_CHECK;
void mfd_archive_free(struct mfd_archive *archive);

/* Size of FOLDER/name in bytes. MFD_ENOTFOUND where there is none; MFD_EUNSUPPORTED where it is
 * compressed or encrypted; MFD_EFORMAT where it claims more bytes than the archive has. */
int mfd_archive_size(struct mfd_archive *archive, const char *name, size_t *size,
                     struct mfd_error *err) MFD_MUST_CHECK;

/* Read FOLDER/name into a new 64-byte aligned block (free()), checking its CRC. All reads together
 * may not give more bytes than the archive has: entries that overlap are refused. */
int mfd_archive_read(struct mfd_archive *archive, const char *name, void **bytes, size_t *size,
                     struct mfd_error *err) MFD_MUST_CHECK;

/* Bytes of the whole archive. */
size_t mfd_archive_total(const struct mfd_archive *archive);
