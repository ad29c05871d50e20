/* What names a genome's sequences for good: SHA-256 of its FASTA and its index, one behind the
 * other. Three billion bases take some seconds, once: the store keeps it with sizes and times of
 * the files. */
#pragma once

#include <stdatomic.h>

#include "core/base/sha256.h"
#include "core/genome/genome.h"
#include "server/store.h"

/* Of the files that are open. MFD_EMISMATCH where others lie in their place by now; MFD_ECANCELLED
 * where `stopping` turned non-zero. Worker. */
int mfd_genome_digest(struct mfd_store *store, const struct mfd_genome *genome,
                      char hex[MFD_SHA256_HEX], atomic_int *stopping,
                      struct mfd_error *err) MFD_MUST_CHECK;
