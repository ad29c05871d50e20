/* The state of variants/score, shared by the files that read variants and the one that scores them.
 */
#pragma once

#include "core/genome/variant.h"
#include "server/handlers/scoring.h"

struct mfd_scored_variants {
    struct mfd_scoring base;
    struct mfd_variant *variants; /* (body.n_items); one that is not scored has a problem there */
    const char **tracks;          /* identifiers that a query string named */
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
/* Read a VCF body; the items are the alternative alleles of its records, in order. */
int mfd_variants_read_vcf(struct mfd_scored_variants *v, const struct mfd_operation_input *input,
                          struct mfd_problem *problem) MFD_MUST_CHECK;
