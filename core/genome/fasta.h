/* The bytes of a FASTA, plain or bgzip, at any place of the uncompressed file: the only user of
 * htslib's bgzf for reading. Not locked: one thread at a time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct mfd_fasta;

/* Open a FASTA; `gzi` is the path of its bgzip index, looked at only where it is bgzip. Plain gzip,
 * other formats and broken or missing .gzi are told apart. `path` must be absolute. */
int mfd_fasta_open(struct mfd_fasta **out, const char *path, const char *gzi,
                   struct mfd_error *err) MFD_MUST_CHECK;
void mfd_fasta_free(struct mfd_fasta *reader);

/* Read up to n bytes from byte `at` of the uncompressed file; *got is less than n only at its end.
 */
int mfd_fasta_read(struct mfd_fasta *reader, int64_t at, char *bytes, size_t n, size_t *got,
                   struct mfd_error *err) MFD_MUST_CHECK;

/* Whether the open file has been written to since it was opened, by its size and time of change;
 * once seen, for good. False behind a read means that all reads so far are of one content. Another
 * file in its place is no change: this one is read on. */
bool mfd_fasta_changed(struct mfd_fasta *reader);

/* Write the .fai (and .gzi) of a FASTA, each whole or not at all. */
int mfd_fasta_build_index(const char *path, const char *fai, const char *gzi,
                          struct mfd_error *err) MFD_MUST_CHECK;
