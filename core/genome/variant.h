/* Variants: parsing, checks against the reference, normal form. Positions in memory are 0-based. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/genome/genome.h"

#define MFD_MAX_ALLELE                                                                             \
    32 /* bases, as in the published protocol; longer alleles are told, not scored */

/* Each has a stable slug (mfd_variant_status_slug): ok, flipped, ref-mismatch, contig-unknown, ...
 */
enum mfd_variant_status {
    MFD_VARIANT_OK,
    MFD_VARIANT_FLIPPED,      /* REF is not the reference base(s) but ALT is: scored, flagged */
    MFD_VARIANT_REF_MISMATCH, /* neither allele is the reference's */
    MFD_VARIANT_CONTIG_UNKNOWN,
    MFD_VARIANT_OFF_CONTIG, /* the position or the window leaves the contig */
    MFD_VARIANT_ALLELE_TOO_LONG,
    MFD_VARIANT_SYMBOLIC,   /* <DEL>, breakends */
    MFD_VARIANT_STAR,       /* the * allele */
    MFD_VARIANT_MISSING,    /* ALT is '.' or absent */
    MFD_VARIANT_BAD_ALLELE, /* letters other than ACGTN */
    MFD_VARIANT_N_WINDOW,   /* too many N in the window to mean anything */
    MFD_VARIANT_MALFORMED,  /* the text could not be read as a variant */
};

/* One alternative allele of one record. Strings are owned; release with mfd_variant_deinit. */
struct mfd_variant {
    char *chrom;     /* as the input spelled it */
    size_t contig;   /* in the genome, (size_t)-1 before resolution or where unknown */
    int64_t pos;     /* 0-based first base of ref */
    char *ref, *alt; /* upper case */
    char *id;        /* may be NULL */
    enum mfd_variant_status status;
};

void mfd_variant_deinit(struct mfd_variant *v);
const char *mfd_variant_status_slug(enum mfd_variant_status status);
/* True where the status is one that is scored (OK, FLIPPED). */
bool mfd_variant_scored(enum mfd_variant_status status);

/* Read one of chr20-42984200-C-T (1-based), 20:42984199:C:T (SPDI, 0-based; a deleted length in
 * place of the sequence is looked up), NC_000020.10:g.42984200C>T (HGVS g.: substitution, del, ins,
 * dup, delins, 1-based). `genome` resolves the contig and supplies bases that the text leaves out.
 * A text that cannot be read is MFD_EINVAL with a message; otherwise the variant is checked as by
 * mfd_variant_check and MFD_OK returned whatever its status. */
int mfd_variant_parse(struct mfd_variant *out, struct mfd_genome *genome, const char *text,
                      size_t n, struct mfd_error *err) MFD_MUST_CHECK;

/* Fill a variant from parts (copied; pos is 0-based) and check it. */
int mfd_variant_set(struct mfd_variant *out, struct mfd_genome *genome, const char *chrom,
                    int64_t pos, const char *ref, const char *alt, const char *id,
                    struct mfd_error *err) MFD_MUST_CHECK;

/* Resolve the contig, check alleles and compare REF with the reference without regard to case; sets
 * `contig` and `status` and fills `err` (may be NULL) with the reason where the status is not OK.
 * Returns MFD_OK or a failure to read the genome. */
int mfd_variant_check(struct mfd_variant *v, struct mfd_genome *genome, struct mfd_error *reason,
                      struct mfd_error *err) MFD_MUST_CHECK;

/* Left-align and trim to the parsimonious form (as `bcftools norm`; Tan et al. 2015). Only where
 * the status is OK or FLIPPED. *changed may be NULL. */
int mfd_variant_normalize(struct mfd_variant *v, struct mfd_genome *genome, bool *changed,
                          struct mfd_error *err) MFD_MUST_CHECK;
