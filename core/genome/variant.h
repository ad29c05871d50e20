/* Variants: parsing, checks against the reference, normal form. Positions in memory are 0-based. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/genome/genome.h"

#define MFD_MAX_ALLELE                                                                             \
    32 /* bases, as in the published protocol; longer alleles are told, not scored */
/* Bases that a SPDI or HGVS text may delete without writing them; MFD_ELIMIT beyond. */
#define MFD_MAX_IMPLIED 10000

/* Each has a stable slug (mfd_variant_status_slug): ok, flipped, ref-mismatch, contig-unknown, ...
 * Where several hold, the first from below in this order: contig unknown, missing, star, symbolic,
 * bad allele, off contig, mismatch, no change, too long, flipped. */
enum mfd_variant_status {
    MFD_VARIANT_OK,
    MFD_VARIANT_FLIPPED,      /* REF is not the reference base(s) but ALT is: scored, flagged */
    MFD_VARIANT_REF_MISMATCH, /* neither allele is the reference's */
    MFD_VARIANT_CONTIG_UNKNOWN,
    MFD_VARIANT_OFF_CONTIG, /* the position or the window leaves the contig */
    MFD_VARIANT_ALLELE_TOO_LONG,
    MFD_VARIANT_SYMBOLIC,     /* <DEL>, breakends */
    MFD_VARIANT_STAR,         /* the * allele */
    MFD_VARIANT_MISSING,      /* ALT is '.' or absent */
    MFD_VARIANT_BAD_ALLELE,   /* letters other than ACGTN */
    MFD_VARIANT_UNKNOWN_BASE, /* all that goes or comes is N; told by scoring, as the next */
    MFD_VARIANT_N_WINDOW,     /* too many N in the window to mean anything */
    MFD_VARIANT_MALFORMED,    /* the text could not be read as a variant */
    MFD_VARIANT_NO_CHANGE,    /* ALT is REF */
    MFD_VARIANT_STATUSES,     /* how many there are */
};

/* One alternative allele of one record. Strings are owned; release with mfd_variant_deinit. */
struct mfd_variant {
    char *chrom;     /* as the input spelled it */
    size_t contig;   /* in the genome, MFD_NO_CONTIG before resolution or where unknown */
    int64_t pos;     /* 0-based first base of ref */
    char *ref, *alt; /* upper case */
    char *id;        /* may be NULL */
    enum mfd_variant_status status;
};

#define MFD_VARIANT_INIT                                                                           \
    {                                                                                              \
        .contig = MFD_NO_CONTIG                                                                    \
    }

void mfd_variant_deinit(struct mfd_variant *v);
const char *mfd_variant_status_slug(enum mfd_variant_status status);
/* True where the status is one that is scored (OK, FLIPPED). */
bool mfd_variant_scored(enum mfd_variant_status status);

/* True where all bases that the variant takes, or all that it puts in, are N: the model reads N as
 * nothing at all, so there is nothing to compare. One N among known bases is read as in any window.
 */
bool mfd_variant_unknown(const struct mfd_variant *v);

/* Read a variant from text (n bytes), told apart by its shape:
 *
 *   chr20-42984200-C-T            1-based, alleles as in VCF, any allele of VCF
 *   NC_000020.10:42984199:C:T     SPDI, 0-based between bases; the deleted sequence may be its
 * length; either allele may be empty (Holmes et al. 2020) NC_000020.10:g.42984200C>T    HGVS g. or
 * m. (hgvs-nomenclature.org): C>T, del, ins, dup, inv, delins, ranges; the bases behind del, dup
 * and inv may be written or not
 *
 * The contig is anything mfd_genome_resolve takes. Insertions and deletions come out anchored on
 * the base before them (behind, at a contig's start), as in VCF, not yet shifted.
 *
 * MFD_EINVAL where the text cannot be read ("malformed-variant", "window-off-contig"; the message
 * tells the character), MFD_EUNSUPPORTED for HGVS that has no single sequence, MFD_EMISMATCH
 * ("ref-mismatch") where deleted or duplicated bases are written and are not the reference's (an
 * SPDI that counts from 1 is told so), MFD_ELIMIT
 * ("allele-too-long"). Otherwise the variant is checked as by mfd_variant_check and MFD_OK returned
 * whatever its status; on an unknown contig the alleles may be empty. */
int mfd_variant_parse(struct mfd_variant *out, struct mfd_genome *genome, const char *text,
                      size_t n, struct mfd_error *err) MFD_MUST_CHECK;

/* Fill a variant from parts (copied; pos is 0-based; id may be NULL) and check it. */
int mfd_variant_set(struct mfd_variant *out, struct mfd_genome *genome, const char *chrom,
                    int64_t pos, const char *ref, const char *alt, const char *id,
                    struct mfd_error *err) MFD_MUST_CHECK;

/* Resolve the contig, check alleles and compare REF with the reference without regard to case
 * (where the reference has an IUPAC letter it counts as N, as for `bcftools norm`); sets `contig`
 * and `status` and fills `reason` (may be NULL) with slug and message where the status is not OK.
 * Returns MFD_OK or a failure to read the genome. */
int mfd_variant_check(struct mfd_variant *v, struct mfd_genome *genome, struct mfd_error *reason,
                      struct mfd_error *err) MFD_MUST_CHECK;

/* Whether the genome's contig has the `length` (bases; 0: not known) of the contig that the variant
 * was called on. If not, that was of another assembly, and REF would agree by chance only: then the
 * status is MFD_VARIANT_CONTIG_UNKNOWN and `reason` (may be NULL) says so. */
void mfd_variant_check_length(struct mfd_variant *v, const struct mfd_genome *genome,
                              int64_t length, struct mfd_error *reason);

/* Left-align and trim to the parsimonious form (as `bcftools norm`; Tan et al. 2015). Only where
 * the status is OK, FLIPPED or ALLELE_TOO_LONG (which it may lose), else nothing happens. *changed
 * may be NULL. */
int mfd_variant_normalize(struct mfd_variant *v, struct mfd_genome *genome, bool *changed,
                          struct mfd_error *err) MFD_MUST_CHECK;

enum mfd_variant_form {
    MFD_FORM_DASH, /* chr20-42984200-C-T, as the variant is, the genome's name of the contig */
    MFD_FORM_SPDI, /* contextual: an insertion or deletion is written over the whole stretch in
                    * which it could stand, so equal variants have equal texts (NCBI's canonical
                    * SPDI) */
    MFD_FORM_SPDI_MINIMAL, /* what changes and nothing else, insertions and deletions leftmost */
    MFD_FORM_HGVS, /* g. (m. on the mitochondrion), shifted rightmost (the 3' rule); dup before
                    * ins, inv before delins */
};

/* Append a text that mfd_variant_parse reads back. SPDI and HGVS name the RefSeq accession where
 * the assembly is known. They need status OK, UNKNOWN_BASE, N_WINDOW, NO_CHANGE or ALLELE_TOO_LONG
 * with REF the reference's, and are MFD_EINVAL otherwise; MFD_ELIMIT where a contextual SPDI would
 * be longer than MFD_MAX_IMPLIED. */
int mfd_variant_format(const struct mfd_variant *v, struct mfd_genome *genome,
                       enum mfd_variant_form form, struct mfd_buffer *out,
                       struct mfd_error *err) MFD_MUST_CHECK;

/* How many variants had which status. */
struct mfd_variant_summary {
    uint64_t variants;
    uint64_t by_status[MFD_VARIANT_STATUSES];
};
static inline void mfd_variant_summary_add(struct mfd_variant_summary *summary,
                                           enum mfd_variant_status status)
{
    summary->variants++;
    summary->by_status[status]++;
}
