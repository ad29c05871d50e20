/* The digests of every contig of every registered genome, computed when first asked for (about 300
 * Mb a second) and kept as long as the process lives. */
#pragma once

#include "core/genome/genome.h"
#include "server/registry.h"

/* A contig by one of its digests. */
struct mfd_digested {
    struct mfd_genome *genome; /* a reference */
    size_t contig;
    struct mfd_contig_digest digest;
};

/* Find the contig of that refget identifier: md5, trunc512, SQ.x, ga4gh:SQ.x. Blocks; any worker
 * thread. MFD_ENOTFOUND where there is none, or what reading a genome failed with. */
int mfd_digests_find(struct mfd_registry *registry, const char *id, struct mfd_digested *out,
                     struct mfd_error *err) MFD_MUST_CHECK;
