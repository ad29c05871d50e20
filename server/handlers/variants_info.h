/* The INFO fields of an answer in VCF (proto/vcf_info.h): which they are, and what they say of an
 * allele. */
#pragma once

#include "proto/vcf_info.h"
#include "server/handlers/variants.h"

struct mfd_variants_info {
    struct mfd_vcf_field *fields;   /* (n) owned */
    struct mfd_info_source *source; /* (n) owned: what stands behind each */
    size_t n;
    float *values[3]; /* (width) effects by component; NULL where not asked for */
    size_t *best;     /* (top) */
};

/* Choose the fields once the answer is laid out. 0, or -1 with the problem; deinit either way. */
int mfd_variants_info_init(struct mfd_variants_info *info, const struct mfd_scored_variants *v,
                           struct mfd_problem *problem) MFD_MUST_CHECK;
void mfd_variants_info_deinit(struct mfd_variants_info *info);
/* The fields of one allele into texts[0], texts[stride] ... (info->n), empty where it has none. */
void mfd_variants_info_tell(struct mfd_variants_info *info, const struct mfd_scored_variants *v,
                            const struct mfd_result *result, struct mfd_numbers *numbers,
                            struct mfd_buffer *texts, size_t stride);
