/* A reference assembly: an indexed FASTA (plain or bgzip), read through htslib's faidx. This is the
 * only room that includes it. Positions are 0-based, intervals half-open, in bases. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct mfd_genome;

/* Open a FASTA with its .fai (and .gzi); a missing index is an error that names the command that
 * makes it. Safe to use from several threads (fetches are serialised inside). */
int mfd_genome_open(struct mfd_genome **out, const char *path,
                    struct mfd_error *err) MFD_MUST_CHECK;
struct mfd_genome *mfd_genome_ref(struct mfd_genome *genome);
void mfd_genome_unref(struct mfd_genome *genome);

size_t mfd_genome_contigs(const struct mfd_genome *genome);
const char *mfd_genome_contig_name(const struct mfd_genome *genome, size_t contig);
int64_t mfd_genome_contig_length(const struct mfd_genome *genome, size_t contig);
/* Index of a contig by its name or an alias (20, chr20, CHR20, NC_000020.10/.11 by length; M, MT,
 * chrM), n bytes; (size_t)-1 where unknown. */
size_t mfd_genome_find_contig(const struct mfd_genome *genome, const char *name, size_t n);

/* Read [start, end) into `bases` (end - start bytes, upper case, no NUL). What lies outside the
 * contig is N and, where `outside` is not NULL, counted there. MFD_EIO where the file cannot be
 * read. */
int mfd_genome_fetch(struct mfd_genome *genome, size_t contig, int64_t start, int64_t end,
                     char *bases, int64_t *outside, struct mfd_error *err) MFD_MUST_CHECK;

/* An interval of a genome: {"chrom","start","end"} 0-based half-open, or text "chr20:100-200",
 * 1-based and closed as people write it (commas allowed), or a whole contig "chr20". */
struct mfd_interval {
    size_t contig;
    int64_t start, end;
};
int mfd_interval_parse(struct mfd_interval *out, const struct mfd_genome *genome, const char *text,
                       size_t n, struct mfd_error *err) MFD_MUST_CHECK;
