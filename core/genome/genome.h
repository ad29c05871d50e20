/* A reference assembly: an indexed FASTA, plain or bgzip. Positions are 0-based, intervals
 * half-open, in bases.
 *
 * The index files are those of `samtools faidx` (https://www.htslib.org/doc/faidx.html); blocks of
 * a bgzip file are read through htslib. The .fai itself is read here, because htslib's faidx hides
 * the offsets by which an index that belongs to another FASTA is found out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"

#define MFD_NO_CONTIG ((size_t)-1)

struct mfd_genome;

struct mfd_genome_options {
    bool build_index;      /* write the index files that are missing; else that is an error */
    const char *fai, *gzi; /* where they are, NULL = the FASTA's path with .fai and .gzi behind */
    const char *assembly;  /* GRCh37 (hg19, b37) or GRCh38 (hg38): which accessions the contigs
                            * answer to where their lengths do not tell; NULL = by length only */
};
#define MFD_GENOME_OPTIONS_INIT                                                                    \
    {                                                                                              \
        0                                                                                          \
    }

/* Open a FASTA with its .fai (and .gzi). A missing index is MFD_ENOTFOUND and names the command
 * that makes it; an index that is broken or belongs to another file is MFD_EFORMAT, found here for
 * the first and the last contig and at the first fetch for the others. Nothing is written unless
 * `build_index` asks. Safe to use from several threads (reads of the file are serialised inside).
 */
int mfd_genome_open(struct mfd_genome **out, const char *path,
                    struct mfd_error *err) MFD_MUST_CHECK;
int mfd_genome_open_with(struct mfd_genome **out, const char *path,
                         const struct mfd_genome_options *options,
                         struct mfd_error *err) MFD_MUST_CHECK;
struct mfd_genome *mfd_genome_ref(struct mfd_genome *genome);
void mfd_genome_unref(struct mfd_genome *genome);

const char *mfd_genome_path(const struct mfd_genome *genome); /* as given to open, borrowed */
/* The index's path, and the state of both files when they were opened: another one, and they have
 * been changed or replaced since. */
const char *mfd_genome_index(const struct mfd_genome *genome);
struct mfd_genome_stamp {
    char text[96]; /* sizes and times of change */
};
struct mfd_genome_stamp mfd_genome_stamp(const struct mfd_genome *genome);
/* As the files are now; "" where one is gone. */
struct mfd_genome_stamp mfd_genome_stamp_now(const struct mfd_genome *genome);
/* "GRCh37" or "GRCh38" where the contigs' lengths or the options tell, else NULL. */
const char *mfd_genome_assembly(const struct mfd_genome *genome);

size_t mfd_genome_contigs(const struct mfd_genome *genome);
const char *mfd_genome_contig_name(const struct mfd_genome *genome, size_t contig);
int64_t mfd_genome_contig_length(const struct mfd_genome *genome, size_t contig);

/* The contig that a name (n bytes) means, tried in this order:
 *   1. its name in the FASTA;
 *   2. a RefSeq or GenBank accession with version of a human chromosome (NC_000020.10, CM000682.2):
 *      only where the contig is of that very assembly, told by its length, else by the genome's;
 *   3. its name without regard to case and to a leading "chr"; M, MT, chrM and chrMT are one.
 * MFD_ENOTFOUND ("contig-unknown") lists the closest names, or says of which assembly the accession
 * is. */
int mfd_genome_resolve(const struct mfd_genome *genome, const char *name, size_t n, size_t *contig,
                       struct mfd_error *err) MFD_MUST_CHECK;
/* The same without a message; MFD_NO_CONTIG where it fails. */
size_t mfd_genome_find_contig(const struct mfd_genome *genome, const char *name, size_t n);
/* Append the RefSeq accession with version (NC_000020.10) where the contig's assembly is known,
 * else its name. */
void mfd_genome_contig_accession(const struct mfd_genome *genome, size_t contig,
                                 struct mfd_buffer *out);

/* Read [start, end) into `bases` (end - start bytes, no NUL), upper case, otherwise as in the file,
 * so IUPAC letters stay. What lies outside the contig is N and, where `outside` is not NULL,
 * counted there. MFD_EIO or MFD_EFORMAT where the file cannot be read, MFD_EIO with the slug
 * "genome-changed" where it has been written to since it was opened; `bases` is then undefined. */
int mfd_genome_fetch(struct mfd_genome *genome, size_t contig, int64_t start, int64_t end,
                     char *bases, int64_t *outside, struct mfd_error *err) MFD_MUST_CHECK;

/* Digests by which GA4GH refget 2.0 names a sequence, of the upper-cased bases. */
struct mfd_contig_digest {
    char md5[33];      /* lower-case hex */
    char trunc512[49]; /* first 24 bytes of SHA-512, lower-case hex (refget 1) */
    char ga4gh[36];    /* "SQ." and the same bytes in base64url: sha512t24u */
};
/* Reads the whole contig (about 100 Mb a second) and remembers nothing: keep the answer. `cancel`
 * (may be NULL) is polled; MFD_ECANCELLED where it turned non-zero. */
int mfd_genome_contig_digest(struct mfd_genome *genome, size_t contig,
                             struct mfd_contig_digest *out, const volatile int *cancel,
                             struct mfd_error *err) MFD_MUST_CHECK;

/* An interval of a genome, not empty and inside its contig. */
struct mfd_interval {
    size_t contig;
    int64_t start, end;
};
/* From text, as people write it, 1-based and closed, commas allowed: "chr20:100-200", "chr20:100"
 * (one base), "chr20:100-" (to the end), "chr20" (all of it). A contig whose name holds a colon is
 * tried as a whole first. Errors: "bad-interval", "contig-unknown", "window-off-contig". */
int mfd_interval_parse(struct mfd_interval *out, const struct mfd_genome *genome, const char *text,
                       size_t n, struct mfd_error *err) MFD_MUST_CHECK;
/* From parts, 0-based half-open. */
int mfd_interval_set(struct mfd_interval *out, const struct mfd_genome *genome, const char *chrom,
                     size_t n, int64_t start, int64_t end, struct mfd_error *err) MFD_MUST_CHECK;
/* Append as "chr20:100-200" (1-based, closed). */
void mfd_interval_format(const struct mfd_interval *interval, const struct mfd_genome *genome,
                         struct mfd_buffer *out);
