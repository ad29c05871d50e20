/* The state of variants/score, shared by the files that read variants and the one that scores them.
 */
#pragma once

#include "core/genome/variant.h"
#include "core/genome/vcf.h"
#include "server/handlers/scoring.h"

struct mfd_scored_variants {
    struct mfd_scoring base;
    struct mfd_variant *variants; /* (body.n_items); one that is not scored has a problem there */
    const char **tracks;          /* identifiers that a query string named */
    struct mfd_variants_vcf *vcf; /* where the answer is a VCF, owned: what it is written with */
    size_t *first;                /* then: (records + 1) first item of each record; else NULL */
    size_t records, most;         /* alleles of one record, at most */
    bool effects;                 /* in VCF: told of every track, not summed up alone */
};

/* Read options of a request whose body is no JSON, or that has none, from its query string. */
int mfd_variants_options(struct mfd_scored_variants *v, const struct mfd_operation_input *input,
                         struct mfd_problem *problem) MFD_MUST_CHECK;
/* Make room for n items without text. */
int mfd_variants_reserve(struct mfd_scored_variants *v, size_t n,
                         struct mfd_problem *problem) MFD_MUST_CHECK;
/* Fill variant i from item i, and its problem where it cannot be scored. */
int mfd_variants_read(struct mfd_scored_variants *v, size_t i,
                      struct mfd_problem *problem) MFD_MUST_CHECK;
/* Judge variant i, whose status is known: why it is not scored, or that its window leaves the
 * contig. `reason` has slug and message where the status is not OK. */
int mfd_variants_judge(struct mfd_scored_variants *v, size_t i, const struct mfd_error *reason,
                       const char *pointer, struct mfd_problem *problem) MFD_MUST_CHECK;
/* Bases of the variant's window that lie outside its contig. */
int64_t mfd_variants_outside(const struct mfd_scored_variants *v,
                             const struct mfd_variant *variant);
/* The next record of a VCF in memory, pushing as much of it as that takes. */
int mfd_variants_next(struct mfd_vcf_reader *reader, const char *body, size_t size, size_t *pushed,
                      const struct mfd_vcf_record **record, struct mfd_error *err) MFD_MUST_CHECK;
/* An answer in VCF: ask for what its summaries are made of, before the answer is laid out; then,
 * once every variant is judged, make what it is written with. `body` is the input, or NULL where
 * that is no VCF: a record an item is made up. */
void mfd_variants_vcf_ask(struct mfd_scored_variants *v);
int mfd_variants_vcf_open(struct mfd_scored_variants *v, const char *body, size_t size,
                          struct mfd_problem *problem) MFD_MUST_CHECK;
/* Write records [first, first + n), whose numbers are those of the items from v->first[first]. */
int mfd_variants_vcf_write(struct mfd_scored_variants *v, size_t first, size_t n,
                           const struct mfd_result *results, struct mfd_numbers *numbers,
                           struct mfd_buffer *out, struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_variants_vcf_free(struct mfd_variants_vcf *vcf);
/* Read a VCF body; the items are the alternative alleles of its records, in order. */
int mfd_variants_read_vcf(struct mfd_scored_variants *v, const struct mfd_operation_input *input,
                          struct mfd_problem *problem) MFD_MUST_CHECK;
