/* The digests of every contig of every registered genome: computed when first asked for (about 100
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

/* The digests of a contig, where they are known; false where they are not, yet. Quick. */
bool mfd_digests_known(struct mfd_app *app, struct mfd_genome *genome, size_t contig,
                       struct mfd_contig_digest *out);
/* Have what is not known computed, a contig at a time, behind everything that somebody waits for;
 * returns at once. A stopping daemon goes no further than the contig it reads. */
void mfd_digests_fill(struct mfd_app *app);
