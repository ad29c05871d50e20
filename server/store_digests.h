/* Digests of the contigs of genomes, kept from one start to the next: those of a whole assembly
 * take ten seconds. Any thread but the loop's. */
#pragma once

#include "core/base/sha256.h"
#include "core/genome/genome.h"
#include "server/store.h"

/* The digests of contigs 0 to *n - 1 (at most `most`) of the genome at that path, as far as they
 * were computed of a file with the same stamp (size and time of change). */
int mfd_store_digests(struct mfd_store *store, const char *path, const char *stamp,
                      struct mfd_contig_digest *digests, size_t most, size_t *n,
                      struct mfd_error *err) MFD_MUST_CHECK;
/* Keep one more; those of an earlier file at that path go. */
int mfd_store_digest_put(struct mfd_store *store, const char *path, const char *stamp,
                         size_t contig, const struct mfd_contig_digest *digest,
                         struct mfd_error *err) MFD_MUST_CHECK;

/* The digest of a genome's files (server/genome_digest.h) as it was computed when they had that
 * stamp; "" where it was not. */
int mfd_store_genome_digest(struct mfd_store *store, const char *path, const char *stamp,
                            char hex[MFD_SHA256_HEX], struct mfd_error *err) MFD_MUST_CHECK;
int mfd_store_genome_digest_put(struct mfd_store *store, const char *path, const char *stamp,
                                const char *hex, struct mfd_error *err) MFD_MUST_CHECK;
