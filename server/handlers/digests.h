/* The digests of every contig of every registered genome: computed when first asked for (about 300
 * Mb a second), and kept in the store. */
#pragma once

#include "core/genome/genome.h"
#include "server/app.h"

/* A contig by one of its digests. */
struct mfd_digested {
    struct mfd_genome *genome; /* a reference */
    size_t contig;
    struct mfd_contig_digest digest;
};

/* Find the contig of that refget identifier: md5, trunc512, SQ.x, ga4gh:SQ.x. May take the time
 * that it takes to read all genomes; a worker for heavy work. MFD_ENOTFOUND where there is none;
 * MFD_EBUSY while another call is reading what has not been read yet; or what reading a genome
 * failed with. */
int mfd_digests_find(struct mfd_app *app, const char *id, struct mfd_digested *out,
                     struct mfd_error *err) MFD_MUST_CHECK;
