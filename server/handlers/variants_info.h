/* The INFO fields of an answer in VCF: which they are, and what they say of an allele. */
#pragma once

#include "server/handlers/variants.h"

#define MFD_INFO_SUMMARIES 8
#define MFD_INFO_MOST (MFD_INFO_SUMMARIES + MFD_MAX_PARTS)

struct mfd_variants_info {
    struct mfd_vcf_field fields[MFD_INFO_MOST];
    size_t n;
    /* Behind the fields: a summary of the effects, or a part of the answer from MFD_INFO_SUMMARIES
     * on, and where the texts of the latter are kept. */
    size_t kind[MFD_INFO_MOST];
    char id[MFD_INFO_MOST][32];
    struct mfd_buffer description[MFD_INFO_MOST];
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
